"""The loan as the rules see it: terms, schedule, payments, events. Plain immutable data.

All money is integer fen (1 yuan = 100 fen); rates are `Decimal` fractions (0.18 = 18 % a year, 0.0005 = 0.05 % a day);
dates are calendar days in Asia/Shanghai; moments are timezone-aware datetimes. Nothing in this package reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

Fen = int


class Component(str, Enum):
    """The parts of an amount that is owed."""

    FEES = "fees"
    PENALTY = "penalty"
    INTEREST = "interest"
    PRINCIPAL = "principal"


@dataclass(frozen=True)
class Amounts:
    """An amount by component, in fen."""

    principal: Fen = 0
    interest: Fen = 0
    penalty: Fen = 0
    fees: Fen = 0

    @property
    def total(self) -> Fen:
        return self.principal + self.interest + self.penalty + self.fees

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.principal + other.principal,
            self.interest + other.interest,
            self.penalty + other.penalty,
            self.fees + other.fees,
        )

    def __sub__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.principal - other.principal,
            self.interest - other.interest,
            self.penalty - other.penalty,
            self.fees - other.fees,
        )


class Method(str, Enum):
    """How a schedule repays principal."""

    EQUAL_PRINCIPAL = "equal_principal"  # 等额本金
    EQUAL_INSTALMENT = "equal_instalment"  # 等额本息


class DayBasis(str, Enum):
    """How days become a fraction of a year."""

    ACT_360 = "act/360"
    ACT_365 = "act/365"
    ACT_ACT = "act/act"
    ACT_ACT_LAST_DAY = "act/act-last-day"  # at a turn of the year the last day of a period is counted, not the first
    THIRTY_360 = "30/360"

    @property
    def year_days(self) -> int:
        """What a yearly rate is divided by for the rate of a day (act/act has no fixed year; 360 there)."""
        return 365 if self is DayBasis.ACT_365 else 360


class Rounding(str, Enum):
    """How a fraction of a fen is rounded; a term of the product."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


class Allocation(str, Enum):
    """In which direction a payment fills the rows of a schedule."""

    BY_INSTALMENT = "by_instalment"  # oldest row first, all its components ("vertical")
    BY_COMPONENT = "by_component"  # first component over all due rows first ("horizontal")


@dataclass(frozen=True)
class Terms:
    """The contract terms of a loan (copied from its product when it was lent)."""

    annual_rate: Decimal
    method: Method = Method.EQUAL_PRINCIPAL
    day_basis: DayBasis = DayBasis.ACT_360
    rounding: Rounding = Rounding.HALF_UP
    penalty_uplift: Decimal = Decimal("0.5")
    grace_days: int = 0
    holidays_grace: bool = False  # a term that ends on no working day of China runs to the next one (节假日顺延)
    repayment_order: tuple[Component, ...] = (
        Component.FEES,
        Component.PENALTY,
        Component.INTEREST,
        Component.PRINCIPAL,
    )
    allocation: Allocation = Allocation.BY_INSTALMENT
    settlement_fee_rate: Decimal = Decimal(0)

    @property
    def daily_rate(self) -> Decimal:
        """The contract rate of one day on the product's basis (360 or 365 days)."""
        return self.annual_rate / self.day_basis.year_days


@dataclass(frozen=True)
class Instalment:
    """One row of a schedule as agreed; what was paid on it is derived by replaying payments."""

    number: int
    due_date: date
    principal: Fen
    interest: Fen
    fees: Fen = 0


class PaymentStatus(str, Enum):
    POSTED = "posted"
    PENDING = "pending"  # received, not yet posted by the loan system
    FAILED = "failed"


@dataclass(frozen=True)
class Payment:
    """Money that arrived (or tried to)."""

    id: str
    amount: Fen
    paid_at: datetime
    status: PaymentStatus = PaymentStatus.POSTED
    method: str = ""
    failure: str = ""


class ReliefKind(str, Enum):
    """The kinds of help. 缓缴 (deferred) and 减免 (waived) are different things and never share a kind."""

    PROMISE_TO_PAY = "promise_to_pay"  # 约定还款
    EXTENSION = "extension"  # 延期（缓缴）
    RE_INSTALMENT = "re_instalment"  # 重新分期
    REDUCED_INTERIM = "reduced_interim"  # 阶段性少还
    DUE_DATE_CHANGE = "due_date_change"  # 更改还款日
    PENALTY_WAIVER = "penalty_waiver"  # 罚息减免
    PARTIAL_PAYMENT = "partial_payment"  # 部分还款
    EARLY_SETTLEMENT = "early_settlement"  # 提前结清


class ArrangementState(str, Enum):
    REQUESTED = "requested"  # a person decides
    ACTIVE = "active"
    KEPT = "kept"
    BROKEN = "broken"
    REPLACED = "replaced"  # a later one took its place before its day
    REFUSED = "refused"
    UNDONE = "undone"


@dataclass(frozen=True)
class LoanEvent:
    """One append-only fact about a loan after it was lent.

    `kind` and what `data` holds: "committed" {"quote": the stored quote, "consent": the words of the borrower},
    "decided" {"approved": bool, "by": str, "reason": str}, "undone" {"reason": str}, "kept" and "broken" {"on": day}.
    """

    id: str
    loan_id: str
    kind: str
    at: datetime
    arrangement_id: str
    policy_version: str
    quote_hash: str
    data: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Loan:
    """A loan as it stands in the loan book: contract, payments, events; `version` guards concurrent commits."""

    id: str
    borrower_id: str
    product: str
    principal: Fen
    disbursed_on: date
    terms: Terms
    instalments: tuple[Instalment, ...]
    payments: tuple[Payment, ...] = ()
    events: tuple[LoanEvent, ...] = ()
    autopay: bool = False
    card_tail: str = ""
    version: int = 0


@dataclass(frozen=True)
class Borrower:
    """Who borrowed. `name` and `phone` are personal data: never logged."""

    id: str
    name: str
    phone: str = ""
    demo: bool = False

"""What is offered: requests for relief, quotes, refusals. A quote never writes to a schedule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from kuanxin.servicing.model import Amounts, ArrangementState, Fen, Method, ReliefKind


@dataclass(frozen=True)
class PromiseToPay:
    """约定还款: the borrower pays what is due on a day; the schedule stays as it is."""

    on: date
    amount: Fen | None = None  # None: all that is due on that day


@dataclass(frozen=True)
class Extension:
    """延期: what is due now (or next) moves to a later day."""

    to: date


@dataclass(frozen=True)
class ReInstalment:
    """重新分期: the arrears ("arrears") or the whole balance ("balance") over new rows."""

    rows: int
    scope: str = "balance"
    method: Method | None = None  # None: the method of the loan
    first_due: date | None = None  # None: the next due date of the loan


@dataclass(frozen=True)
class ReducedInterim:
    """阶段性少还: a smaller amount for some months, the rest after it."""

    monthly: Fen
    months: int


@dataclass(frozen=True)
class DueDateChange:
    """更改还款日: another day of the month from the next open instalment on."""

    day: int


@dataclass(frozen=True)
class PenaltyWaiver:
    """罚息减免: asks to waive penalty interest, under the condition of the policy."""

    amount: Fen | None = None


@dataclass(frozen=True)
class PartialPayment:
    """部分还款: what an amount paid on a day would cover."""

    amount: Fen
    on: date


@dataclass(frozen=True)
class EarlySettlement:
    """提前结清: everything on one day."""

    on: date


ReliefRequest = Union[
    PromiseToPay,
    Extension,
    ReInstalment,
    ReducedInterim,
    DueDateChange,
    PenaltyWaiver,
    PartialPayment,
    EarlySettlement,
]


@dataclass(frozen=True)
class Row:
    """One payment of an offer."""

    number: int
    due_date: date
    amounts: Amounts


@dataclass(frozen=True)
class Quote:
    """An offer, exact and bound to a moment. Consent names `hash`; after `expires_at` it is refused as stale."""

    hash: str
    borrower_id: str
    loan_id: str
    loan_version: int
    kind: ReliefKind
    request: ReliefRequest
    as_of: datetime
    expires_at: datetime
    policy_version: str
    needs_person: bool  # a person decides; consent makes it a request
    rows: tuple[Row, ...]  # what will be paid and when, if this is agreed (all open rows of the loan)
    owed_now: Amounts  # what paying everything due today would take
    total: Amounts  # sum of rows
    total_if_paid_now: Fen  # all future payments when the arrears are paid today and the contract runs on
    total_if_nothing: Fen  # the same horizon when nothing is done until `nothing_until`
    nothing_until: date
    apr: Decimal | None  # total yearly cost as a fraction; None where nothing is spread
    facts: dict[str, object] = field(default_factory=dict)  # of the kind, plain JSON: e.g. {"from": "2026-11-20", "to": …}

    @property
    def monthly(self) -> Fen:
        """The largest single payment of the offer."""
        return max((row.amounts.total for row in self.rows), default=0)


@dataclass(frozen=True)
class Refusal:
    """Why something is not offered: `rule` names the rule in the policy, `reason` says it in plain Chinese."""

    kind: ReliefKind
    rule: str
    reason: str
    limits: dict[str, object] = field(default_factory=dict)  # what would be possible: {"latest": date, "max_rows": int, …}


@dataclass(frozen=True)
class Arrangement:
    """A relief that a borrower agreed to, derived from the events of the loan."""

    id: str
    loan_id: str
    kind: ReliefKind
    state: ArrangementState
    agreed_at: datetime
    quote: Quote

"""A borrower and a loan as plain JSON and back: how the loan book stores them and how a bank's own system sends them.

Amounts are integer fen, rates decimal strings, days ISO dates, moments RFC 3339 (`docs/integration/loan-book.md`);
moments are read into Asia/Shanghai, where the calendar day of a payment is decided. Reading is strict: anything
missing or of the wrong type is a ValueError that names the field, because a guessed figure would be told to a borrower.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from kuanxin.servicing.model import (
    Allocation,
    Borrower,
    Component,
    DayBasis,
    Fen,
    Instalment,
    Loan,
    LoanEvent,
    Method,
    Payment,
    PaymentStatus,
    Rounding,
    Terms,
)

Json = dict[str, Any]
E = TypeVar("E", bound=Enum)
SHANGHAI = ZoneInfo("Asia/Shanghai")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def borrower_to_json(borrower: Borrower) -> Json:
    return {"id": borrower.id, "name": borrower.name, "phone": borrower.phone, "demo": borrower.demo}


def borrower_from_json(data: object) -> Borrower:
    fields = _Fields(data, "borrower")
    return Borrower(fields.text("id"), fields.text("name"), fields.text("phone", ""), fields.flag("demo", False))


def terms_to_json(terms: Terms) -> Json:
    # :f because str() writes a small rate as 5E-7, which few systems read
    return {
        "annual_rate": f"{terms.annual_rate:f}",
        "method": terms.method.value,
        "day_basis": terms.day_basis.value,
        "rounding": terms.rounding.value,
        "penalty_uplift": f"{terms.penalty_uplift:f}",
        "grace_days": terms.grace_days,
        "holidays_grace": terms.holidays_grace,
        "repayment_order": [component.value for component in terms.repayment_order],
        "allocation": terms.allocation.value,
        "settlement_fee_rate": f"{terms.settlement_fee_rate:f}",
    }


def terms_from_json(data: object) -> Terms:
    fields = _Fields(data, "terms")
    order = tuple(_one_of(Component, item, "terms.repayment_order") for item in fields.items("repayment_order"))
    if set(order) != set(Component) or len(order) != len(Component):
        raise ValueError("terms.repayment_order: names each component exactly once")
    return Terms(
        annual_rate=fields.rate("annual_rate"),
        method=fields.one_of(Method, "method"),
        day_basis=fields.one_of(DayBasis, "day_basis"),
        rounding=fields.one_of(Rounding, "rounding"),
        penalty_uplift=fields.rate("penalty_uplift"),
        grace_days=fields.whole("grace_days"),
        holidays_grace=fields.flag("holidays_grace", False),
        repayment_order=order,
        allocation=fields.one_of(Allocation, "allocation"),
        settlement_fee_rate=fields.rate("settlement_fee_rate"),
    )


def event_to_json(event: LoanEvent) -> Json:
    """An event as it stands inside its loan, which is not named again."""
    return {
        "id": event.id,
        "kind": event.kind,
        "at": moment_to_json(event.at),
        "arrangement_id": event.arrangement_id,
        "policy_version": event.policy_version,
        "quote_hash": event.quote_hash,
        "data": event.data,
    }


def event_from_json(data: object, loan_id: str) -> LoanEvent:
    fields = _Fields(data, "event")
    return LoanEvent(
        fields.text("id"),
        loan_id,
        fields.text("kind"),
        fields.moment("at"),
        fields.text("arrangement_id"),
        fields.text("policy_version"),
        fields.text("quote_hash"),
        fields.object("data"),
    )


def loan_to_json(loan: Loan) -> Json:
    return {
        "id": loan.id,
        "borrower_id": loan.borrower_id,
        "product": loan.product,
        "principal": loan.principal,
        "disbursed_on": loan.disbursed_on.isoformat(),
        "terms": terms_to_json(loan.terms),
        "instalments": [
            {
                "number": row.number,
                "due_date": row.due_date.isoformat(),
                "principal": row.principal,
                "interest": row.interest,
                "fees": row.fees,
            }
            for row in loan.instalments
        ],
        "payments": [
            {
                "id": payment.id,
                "amount": payment.amount,
                "paid_at": moment_to_json(payment.paid_at),
                "status": payment.status.value,
                "method": payment.method,
                "failure": payment.failure,
            }
            for payment in loan.payments
        ],
        "events": [event_to_json(event) for event in loan.events],
        "autopay": loan.autopay,
        "card_tail": loan.card_tail,
        "version": loan.version,
    }


def loan_from_json(data: object) -> Loan:
    fields = _Fields(data, "loan")
    loan_id = fields.text("id")
    return Loan(
        id=loan_id,
        borrower_id=fields.text("borrower_id"),
        product=fields.text("product"),
        principal=fields.whole("principal"),
        disbursed_on=fields.day("disbursed_on"),
        terms=terms_from_json(fields.object("terms")),
        instalments=tuple(_instalment(_Fields(item, "instalment")) for item in fields.items("instalments")),
        payments=tuple(_payment(_Fields(item, "payment")) for item in fields.items("payments")),
        events=tuple(event_from_json(item, loan_id) for item in fields.items("events")),
        autopay=fields.flag("autopay", False),
        card_tail=fields.text("card_tail", ""),
        version=fields.whole("version"),
    )


def _instalment(fields: _Fields) -> Instalment:
    return Instalment(
        fields.whole("number"),
        fields.day("due_date"),
        fields.whole("principal"),
        fields.whole("interest"),
        fields.whole("fees", 0),
    )


def _payment(fields: _Fields) -> Payment:
    return Payment(
        fields.text("id"),
        fields.whole("amount"),
        fields.moment("paid_at"),
        fields.one_of(PaymentStatus, "status"),
        fields.text("method", ""),
        fields.text("failure", ""),
    )


def moment_to_json(moment: datetime) -> str:
    """RFC 3339 in the offset of China today: Shanghai's own before 1901 has seconds, which the form does not know."""
    return moment.astimezone(timezone(timedelta(hours=8))).isoformat()


def moment_from_json(text: str) -> datetime:
    """An RFC 3339 moment, in Asia/Shanghai. Raises ValueError."""
    found = _MOMENT.fullmatch(text)
    if not found:
        raise ValueError("not a moment with its time zone")
    clock, fraction, zone = found.groups()
    # Python 3.10 reads exactly six digits of a second and no Z; systems in Java send up to nine and Z
    zone = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{clock}.{(fraction or '0')[:6]:0<6}{zone}").astimezone(SHANGHAI)
    except OverflowError:  # the first day of year 1, seen from another zone
        raise ValueError("not a moment of a calendar") from None


class _Fields:
    """Reads typed fields of one JSON object and names the field that is wrong."""

    def __init__(self, data: object, what: str) -> None:
        if not isinstance(data, dict):
            raise ValueError(f"{what}: must be an object")
        self._data: Json = data
        self._what = what

    def _get(self, name: str, default: object, kind: type) -> Any:
        value = self._data.get(name, default)
        # bool is an int in Python, and `true` fen would become one fen
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ValueError(f"{self._what}.{name}: {'missing' if name not in self._data else 'of the wrong type'}")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        return str(self._get(name, default, str))

    def flag(self, name: str, default: bool | None = None) -> bool:
        return bool(self._get(name, default, bool))

    def whole(self, name: str, default: int | None = None) -> Fen:
        value = int(self._get(name, default, int))
        if value < 0:
            raise ValueError(f"{self._what}.{name}: must not be negative")
        return value

    def rate(self, name: str) -> Decimal:
        try:
            value = Decimal(self.text(name))
        except InvalidOperation:
            raise ValueError(f"{self._what}.{name}: must be a decimal number as a string") from None
        if not value.is_finite() or value < 0:
            raise ValueError(f"{self._what}.{name}: must be zero or more")
        return value

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise ValueError(f"{self._what}.{name}: must be a day, YYYY-MM-DD") from None

    def moment(self, name: str) -> datetime:
        try:
            return moment_from_json(self.text(name))
        except ValueError:
            raise ValueError(f"{self._what}.{name}: must be a moment with its time zone (RFC 3339)") from None

    def items(self, name: str) -> list[object]:
        return list(self._get(name, None, list))

    def object(self, name: str) -> Json:
        return dict(self._get(name, None, dict))

    def one_of(self, kind: type[E], name: str) -> E:
        return _one_of(kind, self._data.get(name), f"{self._what}.{name}")


def _one_of(kind: type[E], value: object, where: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{where}: must be one of {', '.join(str(item.value) for item in kind)}") from None

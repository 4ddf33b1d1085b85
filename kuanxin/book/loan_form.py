"""One loan of the import form: contract terms, schedule (given or generated), payments."""

from __future__ import annotations

import re
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from kuanxin.book.fields import REQUIRED
from kuanxin.servicing.calendar import add_months
from kuanxin.servicing.model import (
    Allocation,
    Component,
    DayBasis,
    Instalment,
    Loan,
    LoanEvent,
    Method,
    Payment,
    PaymentStatus,
    Rounding,
    Terms,
)
from kuanxin.servicing.money import yuan
from kuanxin.servicing.schedule import generate_on
from kuanxin.servicing.state import state_of
from kuanxin.servicing.wire import event_from_json
from kuanxin.store.base import SHANGHAI

if TYPE_CHECKING:
    from datetime import date

    from kuanxin.book.fields import Section

TERMS = (
    "annual_rate",
    "daily_rate",
    "method",
    "day_basis",
    "rounding",
    "penalty_uplift",
    "grace_days",
    "holidays_grace",
    "repayment_order",
    "allocation",
    "settlement_fee_rate",
)
LOAN = (
    "id",
    "product",
    "principal",
    "disbursed",
    *TERMS,
    "instalments",
    "first_due",
    "next_due",
    "paid_rows",
    "autopay",
    "card_tail",
    "payments",
    "arrangements",
    "events",
    "version",
)
ROW = ("number", "due_date", "principal", "interest", "fees")
PAYMENT = ("id", "amount", "pays_row", "at", "status", "method", "failure")
_MOST_ROWS = 360
_DEMO_RATE = Decimal("0.18")  # 0.05 % a day on 360 days, what the demo product charges


class LoanForm:
    """Reads one loan of a real, demo or test book as it stands at `now`."""

    def __init__(self, section: Section, borrower_id: str, kind: str, now: datetime) -> None:
        self._in = section
        self._borrower_id = borrower_id
        self._real = kind == "real"
        self._now = now

    def loan(self) -> Loan | None:
        """None where anything is wrong; the problems are noted."""
        fields = self._in
        loan_id = fields.ident("id")
        product = fields.text("product", "微粒贷" if not self._real else REQUIRED)
        principal = fields.yuan("principal")
        terms = self._terms()
        rows, disbursed = self._schedule(principal, terms)
        payments = self._payments(loan_id or "", rows, disbursed)
        autopay = fields.flag("autopay", False)
        card_tail = fields.text("card_tail", "")
        if card_tail and not re.fullmatch(r"\d{4}", card_tail, re.ASCII):
            fields.wrong("card_tail", f"is {card_tail!r}", "Write only the last four digits, in quotes.")
        version = fields.whole("version", 0, most=10**9)
        events = self._events(loan_id)
        if not fields.sound:
            return None
        loan = Loan(
            id=loan_id,
            borrower_id=self._borrower_id,
            product=product,
            principal=principal,
            disbursed_on=disbursed,
            terms=terms,
            instalments=rows,
            payments=payments,
            events=events,
            autopay=autopay,
            card_tail=card_tail,
            version=version,
        )
        self._not_paid_too_much(loan)
        return loan if fields.sound else None

    def _not_paid_too_much(self, loan: Loan) -> None:
        contract = sum(row.principal + row.interest + row.fees for row in loan.instalments)
        if sum(payment.amount for payment in loan.payments if payment.status is PaymentStatus.POSTED) <= contract:
            return  # most loans: the replay is only needed where penalty interest may explain the rest
        position = state_of(loan, self._now).position
        surplus = position.credit - position.owed(position.rows, position.day).total
        if surplus > 0:
            remedy = "Correct the amounts, or leave out what was paid back."
            self._in.wrong("payments", f"are {yuan(surplus)} more than all that was ever owed", remedy)

    def _terms(self) -> Terms | None:
        fields = self._in
        basis = fields.choice("day_basis", DayBasis, DayBasis.ACT_360)
        rate = self._annual_rate(basis)
        usual = Terms(Decimal(0))
        values = {
            "method": fields.choice("method", Method, usual.method),
            "day_basis": basis,
            "rounding": fields.choice("rounding", Rounding, usual.rounding),
            "penalty_uplift": fields.rate("penalty_uplift", usual.penalty_uplift),
            "grace_days": fields.whole("grace_days", usual.grace_days, most=60),
            "holidays_grace": fields.flag("holidays_grace", usual.holidays_grace),
            "repayment_order": self._repayment_order(usual.repayment_order),
            "allocation": fields.choice("allocation", Allocation, usual.allocation),
            "settlement_fee_rate": fields.rate("settlement_fee_rate", usual.settlement_fee_rate),
        }
        return None if rate is None or None in values.values() else Terms(rate, **values)

    def _annual_rate(self, basis: DayBasis | None) -> Decimal | None:
        fields = self._in
        if not fields.has("daily_rate"):
            return fields.rate("annual_rate", REQUIRED if self._real else _DEMO_RATE)
        daily = fields.rate("daily_rate")
        if fields.has("annual_rate"):
            fields.wrong("daily_rate", "stands beside annual_rate", "Keep the one that the contract names.")
        if basis in (DayBasis.ACT_ACT, DayBasis.ACT_ACT_LAST_DAY):
            fields.wrong("daily_rate", "has no fixed year on act/act", "Write annual_rate instead.")
        if daily is None or basis is None:
            return None
        return daily * (365 if basis is DayBasis.ACT_365 else 360)

    def _repayment_order(self, usual: tuple[Component, ...]) -> tuple[Component, ...] | None:
        value = self._in.raw("repayment_order")
        if value is None:
            return usual
        names = re.split(r"[\s,>]+", value.strip()) if isinstance(value, str) else value
        try:
            order = tuple(Component(name) for name in names)
        except (TypeError, ValueError):
            order = ()
        if sorted(order) != sorted(Component):
            remedy = "Name each once: fees, penalty, interest, principal."
            self._in.wrong("repayment_order", f"is not an order of all components ({value!r})", remedy)
            return None
        return order

    # --- schedule

    def _schedule(self, principal: int | None, terms: Terms | None) -> tuple[tuple[Instalment, ...], date | None]:
        if self._in.is_list("instalments"):
            return self._given_rows(principal)
        return self._generated_rows(principal, terms)

    def _given_rows(self, principal: int | None) -> tuple[tuple[Instalment, ...], date | None]:
        fields = self._in
        disbursed = fields.day("disbursed")
        for name in ("first_due", "next_due"):
            if fields.has(name):
                fields.wrong(name, "stands beside rows that have their own days", "Remove it.")
        rows = []
        for index, row in enumerate(fields.sections("instalments", ROW), start=1):
            number = row.whole("number", index)
            due = row.day("due_date")
            amounts = [row.yuan(name, 0 if name == "fees" else REQUIRED, positive=False) for name in ROW[2:]]
            if number is not None and number != index:
                row.wrong(
                    "number", f"is {number}, the row before makes it {index}", "Number the rows 1, 2, 3 in order."
                )
            before = rows[-1].due_date if rows else disbursed
            if due and before and due <= before:
                row.wrong("due_date", f"is {due}, not after {before}", "Due days rise, and lie after the pay-out.")
            if row.sound:
                rows.append(Instalment(index, due, *amounts))
            else:
                fields.sound = False
        if fields.sound and principal is not None:
            self._adds_up(rows, principal)
        return tuple(rows), disbursed

    def _adds_up(self, rows: list[Instalment], principal: int) -> None:
        total = sum(row.principal for row in rows)
        if not rows:
            self._in.wrong("instalments", "has no rows", "Write the rows, or how many there are.")
        elif total != principal:
            message = f"repay {yuan(total)} of principal, {yuan(principal)} were lent"
            self._in.wrong("instalments", message, "Correct the rows or the principal.")

    def _generated_rows(self, principal: int | None, terms: Terms | None) -> tuple[tuple[Instalment, ...], date | None]:
        fields = self._in
        count = fields.whole("instalments", least=1, most=_MOST_ROWS)
        paid = fields.whole("paid_rows", 0, most=count or _MOST_ROWS)
        first = fields.day("first_due", None)
        following = fields.day("next_due", None)
        if fields.has("first_due") == fields.has("next_due"):
            remedy = "Write first_due (row 1), or next_due (the row after paid_rows)."
            fields.wrong("first_due", "needs exactly one of first_due and next_due", remedy)
        anchor = first or following
        if anchor is None or count is None or paid is None:
            fields.day("disbursed", None)
            return (), None
        before = 0 if first else paid  # how many rows lie before the anchor
        if following and paid == count:
            fields.wrong("next_due", "has no row: all are paid", "Write first_due.")
        dates = [add_months(anchor, number - before) for number in range(count)]
        disbursed = fields.day("disbursed", REQUIRED if self._real else add_months(dates[0], -1, anchor.day))
        if disbursed and disbursed >= dates[0]:
            fields.wrong("disbursed", f"is {disbursed}, the first row is due on {dates[0]}", "Write the pay-out day.")
        if disbursed and disbursed > self._now.date():
            fields.wrong("disbursed", f"is {disbursed}, in the future", "Write the pay-out day.")
        if not fields.sound or principal is None or terms is None or disbursed is None:
            return (), disbursed
        return generate_on(principal, terms, disbursed, dates, anchor_day=anchor.day), disbursed

    # --- payments and events

    def _payments(self, loan_id: str, rows: tuple[Instalment, ...], disbursed: date | None) -> tuple[Payment, ...]:
        automatic = self._paid_rows(loan_id, rows)
        written = [self._payment(section, rows, disbursed) for section in self._in.sections("payments", PAYMENT)]
        if None in written:
            self._in.sound = False
        everything = [*automatic, *(payment for payment in written if payment)]
        return tuple(sorted(everything, key=lambda payment: (payment.paid_at, payment.id)))

    def _paid_rows(self, loan_id: str, rows: tuple[Instalment, ...]) -> list[Payment]:
        """The first rows were each paid in full on their due day: spares demo and test books a line for each."""
        count = self._in.whole("paid_rows", 0) if self._in.has("paid_rows") else 0
        if not count:
            return []
        if self._real:
            self._in.wrong("paid_rows", "makes payments up, which real data cannot", "Write the payments themselves.")
            return []
        if count <= len(rows) and rows[count - 1].due_date > self._now.date():
            due = rows[count - 1].due_date
            self._in.wrong("paid_rows", f"row {count} is due on {due}, in the future", "Write fewer.")
        return [
            Payment(
                f"{loan_id}-A{row.number}",
                row.principal + row.interest + row.fees,
                min(datetime.combine(row.due_date, time(9), SHANGHAI), self._now),
                method="自动扣款",
            )
            for row in rows[:count]
        ]

    def _payment(self, fields: Section, rows: tuple[Instalment, ...], disbursed: date | None) -> Payment | None:
        payment = read_payment(fields, self._now, rows, real=self._real)
        if payment and disbursed and payment.paid_at.date() < disbursed:
            message = f"is {payment.paid_at:%Y-%m-%d}, before the loan was paid out ({disbursed})"
            fields.wrong("at", message, "Correct one of the two.")
            return None
        return payment

    def _events(self, loan_id: str | None) -> tuple[LoanEvent, ...]:
        """Events as `export` wrote them, kept as they are; by hand one writes `arrangements`."""
        value = self._in.raw("events") or []
        events = []
        try:
            for item in value:
                event = event_from_json(item, loan_id or "")
                events.append(event)
        except (TypeError, ValueError) as fault:
            remedy = "Leave events as `export` wrote them; by hand write arrangements."
            self._in.wrong("events", f"cannot be read: {fault}", remedy)
        return tuple(events)


def read_payment(
    fields: Section, now: datetime, rows: tuple[Instalment, ...] = (), *, real: bool = True
) -> Payment | None:
    """One payment; `pays_row: 4` stands for the amount of that row in a demo or test book."""
    payment_id = fields.ident("id")
    if fields.has("pays_row") and not real:
        amount = _amount_of_row(fields, rows)
    else:
        amount = fields.yuan("amount")
        if fields.has("pays_row"):
            fields.wrong("pays_row", "is for loans of a demo or test book", "Write the amount.")
    at = fields.moment("at")
    if at and at > now:
        fields.wrong("at", f"is {at:%Y-%m-%d %H:%M}, in the future", "Write when the money arrived.")
    status = fields.choice("status", PaymentStatus, PaymentStatus.POSTED)
    method = fields.text("method", "")
    failure = fields.text("failure", "", longest=200)
    if failure and status is not PaymentStatus.FAILED:
        fields.wrong("failure", "belongs to a payment that failed", "Write status: failed, or remove it.")
    return Payment(payment_id, amount, at, status, method, failure) if fields.sound else None


def _amount_of_row(fields: Section, rows: tuple[Instalment, ...]) -> int | None:
    number = fields.whole("pays_row", least=1, most=_MOST_ROWS)
    if fields.has("amount"):
        fields.wrong("pays_row", "stands beside amount", "Keep one of them.")
    if number is None or not rows:
        return None
    if number > len(rows):
        fields.wrong("pays_row", f"is {number}, the loan has {len(rows)} rows", "Write one of its rows.")
        return None
    row = rows[number - 1]
    return row.principal + row.interest + row.fees

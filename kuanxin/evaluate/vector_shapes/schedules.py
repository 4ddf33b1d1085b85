"""Schedules as agreed and as changed: dates moved, rows added, interest paused, followed through arrears, re-aged."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kuanxin.evaluate.vector_shapes import NotOfThisEngine, Shape
from kuanxin.evaluate.vector_shapes.contract import (
    ANY_DAY,
    FIRST_DAY,
    UNROUNDED,
    Inputs,
    amounts,
    contract_of,
    day,
    interval,
    money,
    month_dates,
    multiple_of,
    payments_of,
    terms_of,
)
from kuanxin.servicing.allocation import allocate
from kuanxin.servicing.changes import change_rows, keep_paid, pause_interest, spread
from kuanxin.servicing.interest import interest
from kuanxin.servicing.model import Allocation, Amounts, Component, Instalment
from kuanxin.servicing.money import round_fen, yuan
from kuanxin.servicing.recalculation import recalculate
from kuanxin.servicing.schedule import due_dates, generate_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from kuanxin.evaluate.vector_shapes import Figures
    from kuanxin.evaluate.vector_shapes.contract import Contract
    from kuanxin.servicing.calendar import Every
    from kuanxin.servicing.model import Fen, Rounding
    from kuanxin.servicing.quotes import Row
    from kuanxin.servicing.recalculation import Recalculated


def figures(rows: Sequence[Instalment], shown: Callable[[int], str] = yuan) -> Figures:
    """A schedule in the words of the vectors."""
    owed = [Amounts(row.principal, row.interest, 0, row.fees) for row in rows]
    return _figures([row.due_date.isoformat() for row in rows], owed, shown)


def _figures(dates: Sequence[str], owed: Sequence[Amounts], shown: Callable[[int], str] = yuan) -> Figures:
    total = sum(owed, Amounts())
    after = [total.principal - sum(part.principal for part in owed[: n + 1]) for n in range(len(owed))]
    rows = [
        {
            "n": number,
            "due_date": due,
            "principal": shown(part.principal),
            "interest": shown(part.interest),
            "fees": shown(part.fees),
            "penalty": shown(part.penalty),
            "due": shown(part.total),
            "balance": shown(left),
        }
        for number, (due, part, left) in enumerate(zip(dates, owed, after, strict=True), 1)
    ]
    names = ("principal", "interest", "fees", "penalty", "due", "balance")
    columns = {key: [row[key] for row in rows] for key in names}
    return {
        **columns,
        "due_dates": list(dates),
        "balances": columns["balance"],
        "fee": columns["fees"],
        "rows": rows,
        "schedule": rows,
        "first": rows[0],
        "last": rows[-1],
        "instalment": rows[0]["due"],
        "first_instalment": rows[0]["due"],
        "last_instalment": rows[-1]["due"],
        "principal_each": rows[0]["principal"],
        "balance_after_first": rows[0]["balance"],
        "total_principal": shown(total.principal),
        "total_interest": shown(total.interest),
        "total_fees": shown(total.fees),
        "total_penalty": shown(total.penalty),
        "total_due": shown(total.total),
    }


def _as_agreed(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    if UNROUNDED not in inputs.conventions:
        return figures(contract_of(inputs).rows)
    return figures(contract_of(inputs, _FINE).rows, lambda parts: _whole(parts, inputs.rounding))


_FINE = 10**9  # spreadsheets and textbooks carry fractions of a fen along and round what they print


def _whole(parts: int, rounding: Rounding) -> str:
    return yuan(round_fen(Decimal(parts) / _FINE, rounding))


# --- changes of dates and rows


def _changed(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    contract = contract_of(inputs)
    rows = contract.rows
    changes = [inputs["reschedule"]] if "reschedule" in inputs else inputs["reschedules"]
    for change in changes:
        unknown = {key for key in change if key not in _CHANGE_KEYS and not re.search("submit|approv|note|reason", key)}
        if unknown:
            raise NotOfThisEngine(f"a reschedule with {', '.join(sorted(unknown))}")
        rows = change_rows(
            rows,
            contract.terms,
            contract.disbursed_on,
            day(change["from_date"]),
            move_to=day(change["adjusted_due_date"]) if change.get("adjusted_due_date") else None,
            extra_rows=int(change.get("extra_terms") or 0),
            interest_only=int(change.get("grace_on_principal") or 0),
            every=contract.every,
        )
    return figures(rows)


_CHANGE_KEYS = {
    "from_date",
    "business_date",
    "adjusted_due_date",
    "extra_terms",
    "grace_on_principal",
}


def _paused(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """Both end days of a pause are free. Where the last day counts, a day bears the interest of the night before it."""
    contract = contract_of(inputs)
    pauses = [inputs["pause"]] if "pause" in inputs else inputs["pauses"]
    before, after = (0, 1) if FIRST_DAY in inputs.conventions else (1, 0)
    free = [
        (day(first) - timedelta(days=before), day(last) + timedelta(days=after)) for first, last in map(_ends, pauses)
    ]
    anchor = contract.anchor_day
    return figures(pause_interest(contract.rows, contract.terms, contract.disbursed_on, free, anchor_day=anchor))


def _ends(pause: Any) -> tuple[Any, Any]:
    if isinstance(pause, dict):
        return pause.get("from", pause.get("start")), pause.get("to", pause.get("end"))
    first, last = pause
    return first, last


def _followed(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    contract = contract_of(inputs)
    state = recalculate(
        contract.rows,
        contract.terms,
        contract.disbursed_on,
        payments_of(inputs),
        day(inputs["business_date"]),
        anchor_day=contract.anchor_day,
    )
    return {
        **figures(state.rows),
        "outstanding_principal": yuan(state.principal_open),
        "payable_interest": yuan(state.interest_payable),
    }


# --- re-ageing: what is owed, over new rows


def _new_rows(rows: Sequence[Row]) -> Figures:
    return _figures([row.due_date.isoformat() for row in rows], [row.amounts for row in rows])


def _new_dates(reage: Mapping[str, Any], every: Every | None = None) -> list[Any]:
    start, count = day(reage.get("start") or reage["start_date"]), int(reage["instalments"])
    return list(due_dates(start, count, every=every or interval(reage)))


def _previewed(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    stored = [Instalment(1, day(case["start"]), money(case["amount"]), 0) for case in inputs["cases"]]
    before = deepcopy(stored)
    rows, dates = [], []
    for case, row in zip(inputs["cases"], stored, strict=True):
        multiple = money(case["multiple_of"]) if case.get("multiple_of") else multiple_of(inputs)
        found = spread(Amounts(row.principal), _new_dates(case), inputs.rounding, multiple=multiple)
        rows.append([yuan(new.amounts.total) for new in found])
        dates.append([new.due_date.isoformat() for new in found])
    after = "unchanged" if stored == before else "changed"
    return {"rows": rows, "due_dates": dates, "stored_schedule_after_preview": after}


def _re_aged_rows(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """Old rows keep what was paid on them; what is open on all of them is spread."""
    owed, kept = Amounts(), []
    for number, given in enumerate(inputs["rows_before"], 1):
        agreed = amounts(given)
        row = Instalment(number, day(given["due"]), agreed.principal, agreed.interest, agreed.fees)
        was_paid = given.get("paid") or {}
        paid = amounts(was_paid) if isinstance(was_paid, dict) else Amounts(principal=money(was_paid))
        old, still_open = keep_paid(row, paid)
        owed += still_open
        if paid.total:
            as_kept = {"due": old.due_date.isoformat(), "principal": yuan(old.principal), "paid": yuan(paid.total)}
            kept.append(as_kept)
    rows = spread(owed, _new_dates(inputs["reage"]), inputs.rounding, multiple=multiple_of(inputs))
    return {**_new_rows(rows), "old_row_kept": kept[0] if kept else None, "old_rows_kept": kept}


def _re_aged_loan(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """The whole balance of a loan with its interest, as the vector wants it handled, over new rows."""
    reage = inputs["reage"]
    stands, rows = _spread_anew(contract_of(inputs), inputs["state"], reage, _new_dates(reage), multiple_of(inputs))
    return {**figures(rows), "outstanding_principal": yuan(stands.principal_open)}


def _spread_anew(
    contract: Contract, state: Mapping[str, Any], wanted: Mapping[str, Any], dates: Sequence[date], multiple: Fen
) -> tuple[Recalculated, Sequence[Instalment]]:
    """Where a loan stands on the day, and what is left of it over rows on these dates."""
    today = day(state["business_date"])
    stands = recalculate(
        contract.rows,
        contract.terms,
        contract.disbursed_on,
        payments_of(state),
        today,
        anchor_day=contract.anchor_day,
    )
    handling = str(wanted.get("interest") or wanted.get("interest_handling") or "").upper()
    if handling in ("", "DEFAULT"):
        # interest runs on; what was earned so far is due with the first new row
        return stands, generate_on(
            stands.principal_open,
            contract.terms,
            today,
            dates,
            anchor_day=dates[0].day,
            multiple=multiple,
            carried=stands.interest_payable,
        )
    if "PAYABLE" in handling:
        owed = Amounts(stands.principal_open, stands.interest_payable)
    elif "FULL" in handling:
        owed = Amounts(stands.principal_open, stands.interest_to_come)
    else:
        raise NotOfThisEngine(f"interest handled as {handling}")
    rows = spread(owed, dates, contract.terms.rounding, multiple=multiple)
    return stands, [Instalment(row.number, row.due_date, row.amounts.principal, row.amounts.interest) for row in rows]


def _re_aged_amount(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """An outstanding amount by itself over new rows."""
    reage = inputs["reage"]
    given = inputs.one_of("outstanding_principal", "outstanding", "amount", "principal")
    owed = amounts(given) if isinstance(given, dict) else Amounts(principal=money(given))
    return _new_rows(spread(owed, _new_dates(reage), inputs.rounding, multiple=multiple_of(inputs)))


def _re_amortised(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """What is overdue goes into the rows to come, on their own days; rows that fell due keep what was paid on them."""
    contract, state = contract_of(inputs), inputs.get("state") or inputs
    today = day(state["business_date"])
    due = [row for row in contract.rows if row.due_date <= today]
    dates = [row.due_date for row in contract.rows if row.due_date > today]
    stands, ahead = _spread_anew(contract, state, inputs["reamortise"], dates, multiple_of(inputs))
    received = sum(fen for on, fen in payments_of(state) if on <= today)
    order = (Component.INTEREST, Component.PRINCIPAL)
    owed = [Amounts(row.principal, row.interest) for row in due]
    paid, _ = allocate(received, owed, order, Allocation.BY_INSTALMENT)
    kept = [replace(row, principal=part.principal, interest=part.interest) for row, part in zip(due, paid, strict=True)]
    return {**figures([*kept, *ahead]), "outstanding_principal": yuan(stands.principal_open)}


# --- daily rate


def _by_day(inputs: Inputs, expected: Mapping[str, Any]) -> Figures:
    if isinstance(expected.get("total_interest"), dict):
        return {"total_interest": {count: _months_of(inputs, count) for count in expected["total_interest"]}}
    contract = contract_of(inputs)
    rows, terms = contract.rows, contract.terms
    start = contract.disbursed_on
    balance = sum(row.principal for row in rows)

    def for_a_day(principal: int) -> str:
        return yuan(round_fen(interest(principal, terms, start, start + timedelta(days=1)), terms.rounding))

    found = figures(rows)
    return {
        **found,
        "per_day_before": for_a_day(balance),
        "per_day_after": for_a_day(balance - rows[0].principal),
        "correct": found["interest"],
        "published": found["interest"],
    }


def _months_of(inputs: Inputs, count: Any) -> str:
    """The total interest over so many months of equal length."""
    dates = month_dates(ANY_DAY, int(inputs["month_days"]), int(count))
    rows = generate_on(money(inputs["principal"]), terms_of(inputs), ANY_DAY, dates)
    return str(figures(rows)["total_interest"])


def _has(*keys: str) -> Any:
    return lambda inputs, expected: all(key in inputs for key in keys)


def _has_any(keys: Iterable[str]) -> Any:
    return lambda inputs, expected: any(key in inputs for key in keys)


SHAPES = (
    Shape(
        "re-ageing: previews",
        lambda inputs, expected: "cases" in inputs and all("instalments" in case for case in inputs["cases"]),
        _previewed,
    ),
    Shape("re-ageing: rows keep what was paid", _has("reage", "rows_before"), _re_aged_rows),
    Shape("re-ageing: a loan in arrears", _has("reage", "state"), _re_aged_loan),
    Shape("arrears into the rows to come", _has("reamortise"), _re_amortised),
    Shape("re-ageing: an amount", _has("reage"), _re_aged_amount),
    Shape("change of dates or rows", _has_any(("reschedule", "reschedules")), _changed),
    Shape("interest pause", _has_any(("pause", "pauses")), _paused),
    Shape("interest follows arrears", _has("business_date"), _followed),
    Shape("schedule at a daily rate", _has("daily_rate_pct", "principal"), _by_day),
    Shape("schedule as agreed", _has("principal"), _as_agreed),
)

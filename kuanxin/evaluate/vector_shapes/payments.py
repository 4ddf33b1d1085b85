"""Where payments go, and what repays a loan in full."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kuanxin.evaluate.vector_shapes import NotOfThisEngine, Shape
from kuanxin.evaluate.vector_shapes.contract import (
    ANY_DAY,
    Inputs,
    amounts,
    component,
    contract_of,
    day,
    money,
    payments_of,
    terms_of,
)
from kuanxin.servicing.allocation import allocate, allocate_named
from kuanxin.servicing.model import Allocation, Amounts, Component, Instalment
from kuanxin.servicing.money import yuan
from kuanxin.servicing.recalculation import SettlementInterest, settlement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kuanxin.evaluate.vector_shapes import Figures

_CONTRACT_ORDER = (Component.FEES, Component.PENALTY, Component.INTEREST, Component.PRINCIPAL)


def _named(paid: Amounts) -> Figures:
    parts = {part.value: yuan(getattr(paid, part.value)) for part in Component}
    return {**parts, "fee": parts["fees"], "commission": parts["fees"], "total": yuan(paid.total)}


def _allocated(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """One payment over one row or several, in a stated order."""
    order = tuple(component(name) for name in inputs["order"])
    given = inputs.one_of("due", "rows")
    rows = [amounts(row) for row in (given if isinstance(given, list) else [given])]
    paid, left = allocate(money(inputs["payment"]), rows, order, _direction(inputs))
    open_rows = [row - part for row, part in zip(rows, paid, strict=True)]
    several = isinstance(given, list)
    return {
        "allocated": [_named(part) for part in paid] if several else _named(paid[0]),
        "rows": [_named(part) for part in paid],
        "outstanding_rows": [yuan(row.total) for row in open_rows],
        "outstanding_row": yuan(open_rows[0].total),
        "outstanding": yuan(sum(open_rows, Amounts()).total),
        "left_over": yuan(left),
        "overpaid": yuan(left),
    }


def _direction(inputs: Inputs) -> Allocation:
    stated = str(inputs.one_of("direction", "allocation", "mode") or " ".join(inputs.covers)).lower()
    return Allocation.BY_COMPONENT if re.search("horizontal|by_component", stated) else Allocation.BY_INSTALMENT


def _in_steps(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """Payments one after the other: in the order of the contract (AUTO), or as the payer names the parts (CUSTOM)."""
    schedule = contract_of(inputs).rows
    paid_before = _rows_paid(inputs)
    unpaid = [row for row in schedule if row.number not in paid_before]
    still_open = {row.number: Amounts(row.principal, row.interest, 0, row.fees) for row in unpaid}
    return {"steps": [_step(step, still_open) for step in inputs["steps"]]}


def _rows_paid(inputs: Inputs) -> set[int]:
    """Told as `rows_1_2: paid` (the first to the last of these), or as how many."""
    for key in inputs:
        found = re.fullmatch(r"rows?_(\d+)(?:_(\d+))?", str(key))
        if found and inputs[key] == "paid":
            first, last = int(found[1]), int(found[2] or found[1])
            return set(range(first, last + 1))
    return set(range(1, int(inputs.one_of("paid_rows", "rows_paid") or 0) + 1))


def _step(step: Mapping[str, Any], still_open: dict[int, Amounts]) -> Figures:
    """Pays into `still_open` and says what went where."""
    ahead = amounts({"penalty": step.get("penalties_accrued") or 0, "commission": step.get("commission_due") or 0})
    mode = str(step.get("mode") or "AUTO").upper()
    numbers = list(still_open)
    if mode == "AUTO":
        rows = [ahead, *still_open.values()]
        paid, left = allocate(money(step["pay"]), rows, _CONTRACT_ORDER, Allocation.BY_INSTALMENT)
    elif mode == "CUSTOM":
        wanted = amounts({key: value for key, value in step.items() if key not in ("pay", "penalties_accrued")})
        # a commission is due because the payer names it
        rows = [Amounts(penalty=ahead.penalty, fees=wanted.fees), *still_open.values()]
        paid, unused = allocate_named(wanted, rows)
        left = unused.total
    else:
        raise NotOfThisEngine(f"a payment in mode {mode}")
    for number, part in zip(numbers, paid[1:], strict=True):
        still_open[number] -= part
    return {
        **_named(paid[0]),
        "rows": [{"n": n, **_named(part)} for n, part in zip(numbers, paid[1:], strict=True) if part.total],
        "left_over": yuan(left),
    }


# --- early settlement


def _settled(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    contract = contract_of(inputs)
    owed = settlement(
        contract.rows,
        contract.terms,
        contract.disbursed_on,
        payments_of(inputs),
        day(inputs["settle_on"]),
        _rule(inputs),
        anchor_day=contract.anchor_day,
    )
    return _payoff(owed)


def _rule(inputs: Inputs) -> SettlementInterest:
    stated = str(inputs.one_of("rule") or "SETTLEMENT_DAY").upper()
    if re.search("SETTLE|PRE_?CLOS|TO_?DAY|TO_THE_DAY", stated):
        return SettlementInterest.TO_THE_DAY
    if re.search("DUE|PERIOD|REST|INSTALMENT", stated):
        return SettlementInterest.TO_THE_DUE_DATE
    raise NotOfThisEngine(f"settlement by the rule {stated}")


def _settled_after_days(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """A loan in one row, repaid after so many days."""
    days, principal = int(inputs["days"]), money(inputs["principal"])
    on = ANY_DAY + timedelta(days=days)
    row = Instalment(1, on + timedelta(days=1), principal, 0)
    return _payoff(settlement([row], terms_of(inputs), ANY_DAY, [], on))


def _payoff(owed: Amounts) -> Figures:
    return {
        "principal_component": yuan(owed.principal),
        "interest_component": yuan(owed.interest),
        "fee": yuan(owed.fees),
        "fee_component": yuan(owed.fees),
        "payoff": yuan(owed.total),
    }


def _single_payoff(inputs: Inputs, expected: Mapping[str, Any]) -> bool:
    return "payoff" in expected and "principal" in inputs and isinstance(inputs.one_of("days"), int)


def _steps(inputs: Inputs, expected: Mapping[str, Any]) -> bool:
    steps: Sequence[Any] = inputs.get("steps", ())
    return bool(steps) and all("pay" in step for step in steps)


SHAPES = (
    Shape("allocation in steps", _steps, _in_steps),
    Shape("allocation by order", lambda inputs, expected: "order" in inputs and "payment" in inputs, _allocated),
    Shape("early settlement", lambda inputs, expected: "settle_on" in inputs, _settled),
    Shape("early settlement after days", _single_payoff, _settled_after_days),
)

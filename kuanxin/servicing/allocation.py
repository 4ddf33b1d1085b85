"""Where a payment goes: which component of which row it pays first (民法典 561: 费用、利息、主债务)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.servicing.model import Allocation, Amounts, Component, Fen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def allocate(
    payment: Fen, rows: Sequence[Amounts], order: Sequence[Component], direction: Allocation
) -> tuple[tuple[Amounts, ...], Fen]:
    """What of `payment` goes to each row (open amounts, oldest first), and what is left over.

    Components that `order` does not name are not paid. Raises ValueError for a negative payment or open amount.
    """
    if payment < 0 or any(min(r.principal, r.interest, r.penalty, r.fees) < 0 for r in rows):
        raise ValueError("a payment and what is open must not be negative")
    owed = sum(row.total for row in rows)
    if payment >= owed and len(set(order)) == len(Component):
        return tuple(rows), payment - owed  # enough for everything: no order to follow
    paid: list[dict[str, Fen]] = [{} for _ in rows]
    left = payment
    for index, component in _cells(len(rows), order, direction):
        if not left:
            break
        name = component.value
        part = min(left, getattr(rows[index], name) - paid[index].get(name, 0))
        if part:
            paid[index][name] = part + paid[index].get(name, 0)
            left -= part
    return tuple(Amounts(**parts) for parts in paid), left


def allocate_named(named: Amounts, rows: Sequence[Amounts]) -> tuple[tuple[Amounts, ...], Amounts]:
    """A payment whose payer says how much of it is for each component: each fills its own, oldest row first.

    Returns what goes to each row, and what of each component found nothing open. Raises as `allocate`.
    """
    paid = tuple(Amounts() for _ in rows)
    for component in Component:
        parts, _ = allocate(getattr(named, component.value), rows, (component,), Allocation.BY_INSTALMENT)
        paid = tuple(a + b for a, b in zip(paid, parts, strict=True))
    return paid, named - sum(paid, Amounts())


def _cells(rows: int, order: Sequence[Component], direction: Allocation) -> Iterable[tuple[int, Component]]:
    if direction is Allocation.BY_INSTALMENT:
        return ((index, component) for index in range(rows) for component in order)
    return ((index, component) for component in order for index in range(rows))

"""Every kind of relief by its name: what it binds to, how it is offered, how it changes a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.relief import (
    due_date_change,
    extension,
    partial,
    promise,
    re_instalment,
    reduced_interim,
    settlement,
    waiver,
)
from kuanxin.servicing.relief.base import Binding

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Kind:
    """`draft(case, request, rules)` offers or refuses; `change(position, request, params, prefix)` is its effect."""

    binding: Binding
    draft: Callable[..., Any]
    change: Callable[..., Any]


KINDS: dict[ReliefKind, Kind] = {
    ReliefKind.PROMISE_TO_PAY: Kind(Binding.PROMISE, promise.draft, promise.change),
    ReliefKind.EXTENSION: Kind(Binding.CONDITION, extension.draft, extension.change),
    ReliefKind.RE_INSTALMENT: Kind(Binding.PLAN, re_instalment.draft, re_instalment.change),
    ReliefKind.REDUCED_INTERIM: Kind(Binding.PLAN, reduced_interim.draft, reduced_interim.change),
    ReliefKind.DUE_DATE_CHANGE: Kind(Binding.PLAN, due_date_change.draft, due_date_change.change),
    ReliefKind.PENALTY_WAIVER: Kind(Binding.CONDITION, waiver.draft, waiver.change),
    ReliefKind.PARTIAL_PAYMENT: Kind(Binding.PROMISE, partial.draft, partial.change),
    ReliefKind.EARLY_SETTLEMENT: Kind(Binding.CONDITION, settlement.draft, settlement.change),
}

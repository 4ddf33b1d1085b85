"""What somebody can pay: never more than stated, never more than income leaves after essentials and other debts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kuanxin.servicing.model import Fen

_LAST_EARLY_PAYDAY = 26


@dataclass(frozen=True)
class Budget:
    """A month of a borrower, in fen; None where it was not said. `payday` is a day of the month."""

    comfortable: Fen | None = None
    income: Fen | None = None
    essentials: Fen = 0
    other_debts: Fen = 0
    payday: int | None = None

    @property
    def limit(self) -> Fen | None:
        """The lower of what was stated and what income leaves; never negative. None where neither is known."""
        known = [] if self.comfortable is None else [self.comfortable]
        if self.income is not None:
            known.append(self.income - self.essentials - self.other_debts)
        return max(min(known), 0) if known else None


def due_day_after(payday: int) -> int:
    """The day of the month for a due date at least two days after payday, in every month.

    A payday late in the month gives the 1st or 2nd: the 29th does not exist in every month, and a due date that
    month ends pull back would fall on the payday itself. Raises ValueError for a day that no month has.
    """
    if not 1 <= payday <= 31:
        raise ValueError(f"no day {payday} in any month")
    if payday <= _LAST_EARLY_PAYDAY:
        return payday + 2
    return 1 if payday == _LAST_EARLY_PAYDAY + 1 else 2

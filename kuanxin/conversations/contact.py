"""When and by which way a borrower wants to be written to, as a conversation speaks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import time


class NoSuchHours(Exception):
    """No time of a day is left between them, or it is one at which nobody may be written to."""


class NoSuchWay(Exception):
    """A way that is not set up here."""


@dataclass(frozen=True)
class Wishes:
    """`own`: the borrower said something about hours; else they are the bank's. `reached`: `way` finds the borrower."""

    opens: time
    closes: time
    own: bool
    way: str
    reached: bool

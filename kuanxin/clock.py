"""What time it is for Kuanxin: the real time, or a fixed one for a demo or test set-up. Always aware, Asia/Shanghai."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from kuanxin.store.base import SHANGHAI
from kuanxin.store.settings import book_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Engine

VARIABLE = "KUANXIN_NOW"
FORM = "2026-11-23T10:00:00+08:00"


class ClockError(Exception):
    """The clock is set in a way that is not allowed; the text says what to do."""


class Clock:
    """`now()` for the channel guard, notices and desk; nobody else asks for the time.

    KUANXIN_NOW wins over the book's own `now`. Both are for demo and test books: over a book of real data a fixed clock
    would state wrong arrears, so it is refused. The book is asked again at each call (one indexed row), because an
    import may replace it while the assistant runs. Without an engine (the bank's own system) the book is real.
    """

    def __init__(self, engine: Engine | None, environ: Mapping[str, str] = os.environ) -> None:
        self._engine = engine
        self._fixed = fixed_now(environ)

    def now(self) -> datetime:
        """Raises ClockError where a fixed clock meets a book of real data."""
        book = book_settings(self._engine) if self._engine is not None else None
        if self._fixed is not None:
            if self._engine is None or (book is not None and book.kind == "real"):
                raise ClockError(f"{VARIABLE} fixes the clock, but the loan book holds real data. Remove {VARIABLE}.")
            return self._fixed
        if book is not None and book.now is not None:
            return book.now
        return datetime.now(SHANGHAI)


def fixed_now(environ: Mapping[str, str] = os.environ) -> datetime | None:
    """KUANXIN_NOW as a moment, None when it is not set. Raises ClockError when it cannot be read."""
    value = environ.get(VARIABLE, "").strip()
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ClockError(f"{VARIABLE}={value!r} is not a moment with its time zone. Write it like {VARIABLE}={FORM}")
    return moment.astimezone(SHANGHAI)

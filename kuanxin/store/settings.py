"""What kind of book stands in the database: real, demo or test, and the fixed clock of a demo or test book."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from kuanxin.store.engine import reading
from kuanxin.store.tables_book import book_settings as table

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Engine


class BookSettings(NamedTuple):
    """One book in a database. `now` is None unless a demo or test book fixes the clock."""

    kind: str
    now: datetime | None
    imported_at: datetime


def book_settings(engine: Engine) -> BookSettings | None:
    """None while no book was imported."""
    with reading(engine) as connection:
        row = connection.execute(select(table.c.kind, table.c.now, table.c.imported_at)).first()
    return BookSettings(*row) if row else None

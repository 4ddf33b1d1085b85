"""For how long something is one worker's. Seconds since 1970, real time.

Workers on several machines go by one clock, that of the PostgreSQL server; with SQLite there is one machine. A clock
that was set back does not keep a lease alive: one that reaches farther ahead than any is given for has run out.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import Float, cast, extract, func, literal, or_

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

LONGEST_SECONDS = 180.0  # twice what any lease is given for


def clock(engine: Engine) -> Any:
    """What time it is, as an expression of SQL."""
    if engine.dialect.name == "postgresql":
        return cast(
            extract("epoch", func.statement_timestamp()), Float
        )  # unlike clock_timestamp(), it may use an index
    return literal(time.time())


def free(until: Any, now: Any) -> Any:
    """Whether nobody holds it, as an expression of SQL."""
    return or_(until < now, until > now + LONGEST_SECONDS)

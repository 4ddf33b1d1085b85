"""Opens the database and brings its tables up to date. SQLite by default, PostgreSQL by its URL; the same code on both.

Every transaction on SQLite takes the write lock when it begins (BEGIN IMMEDIATE), so that two writers wait for one
another instead of failing half-way; `reading` opens one that never waits for a writer. Both are one `with`:

    with engine.begin() as connection: ...   # writes, commits at the end
    with reading(engine) as connection: ...  # reads only
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine.url import make_url
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Connection, Engine

MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_MILLISECONDS = 5000
engines: WeakSet[Engine] = WeakSet()  # of this process: how full their pools are is shown to Prometheus
_MIGRATION_LOCK = 0x6B75616E  # any constant: two processes that migrate the same PostgreSQL take turns


def database_url(environ: Mapping[str, str] = os.environ) -> str:
    """KUANXIN_DATABASE_URL, otherwise a SQLite file in KUANXIN_VAR (default ./var)."""
    if url := environ.get("KUANXIN_DATABASE_URL"):
        return url
    return f"sqlite:///{Path(environ.get('KUANXIN_VAR') or 'var').resolve() / 'kuanxin.db'}"


def make_engine(url: str | None = None) -> Engine:
    """An engine (SQLAlchemy 2 style) for a URL; without one, for `database_url()`. Opens no connection yet."""
    engine = _engine(make_url(url or database_url()))
    engines.add(engine)
    return engine


def _engine(parsed: Any) -> Engine:
    if parsed.drivername == "postgres":
        parsed = parsed.set(drivername="postgresql")
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return create_engine(
        parsed,
        future=True,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
        pool_timeout=5,
        pool_recycle=1800,
        connect_args={"connect_timeout": 5, "application_name": "kuanxin"},
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads: one consistent picture over all its queries, never behind a writer's lock."""
    options: dict[str, Any] = (
        {"sqlite_begin": "DEFERRED"}
        if engine.dialect.name == "sqlite"
        else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    with engine.connect() as connection:
        yield connection.execution_options(**options)


def migrate(engine: Engine) -> bool:
    """Brings the tables to the newest version; True where something changed.

    Safe when several processes start together: one migrates, the others wait and find nothing left to do.
    """
    from alembic.command import upgrade  # heavy, and needed at start-up only
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    heads = set(_migrations().get_heads())

    with reading(engine) as connection:
        if _version(connection) == heads:
            return False
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if _version(connection) == heads:
            return False
        config.attributes["connection"] = connection
        upgrade(config, "heads")
    return True


def behind(engine: Engine) -> bool:
    """True where the tables are older than this program. Newer ones are not: it goes on beside the release after it."""
    migrations = _migrations()
    with reading(engine) as connection:
        version = _version(connection)
    return version != set(migrations.get_heads()) and version <= {one.revision for one in migrations.walk_revisions()}


def _migrations() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS))


def _version(connection: Connection) -> set[str]:
    from alembic.runtime.migration import MigrationContext

    return set(MigrationContext.configure(connection).get_current_heads())


def _sqlite(url: Any) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("Kuanxin needs a SQLite file that its processes share, e.g. sqlite:///var/kuanxin.db")
    file = Path(url.database)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.touch(0o600)  # names, phones and debts: for its owner only; SQLite's side files follow it
    engine = create_engine(
        url,
        future=True,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=20,
        pool_timeout=5,
        connect_args={"check_same_thread": False, "timeout": BUSY_MILLISECONDS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says, DDL included
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Write-ahead log: readers and a writer do not wait for one another.

    SQLite answers "locked" at once, without the busy timeout, while another process makes the same switch.
    """
    deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)

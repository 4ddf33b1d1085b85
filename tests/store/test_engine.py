"""The database opens and migrates on SQLite and PostgreSQL, also when two processes start together."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, text

from kuanxin.store.base import metadata
from kuanxin.store.engine import behind, make_engine, migrate, reading
from kuanxin.store.engine import database_url as default_url


def test_migrations_make_exactly_the_tables_that_the_code_describes(database_url):
    engine = make_engine(database_url)
    assert migrate(engine) is True
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_second_migration_only_looks(database_url):
    engine = make_engine(database_url)
    migrate(engine)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert migrate(engine) is False
    assert not [s for s in statements if not s.upper().startswith(("SELECT", "BEGIN", "PRAGMA"))]


def test_tables_of_an_earlier_release_are_behind_and_those_of_a_later_one_are_not(database_url):
    engine = make_engine(database_url)
    assert behind(engine)
    migrate(engine)
    assert not behind(engine)
    for version, expected in (("0007_models", True), ("9999_of_a_later_release", False)):
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
        assert behind(engine) is expected


def test_processes_that_start_together_migrate_once(database_url):
    program = (
        "import sys; from kuanxin.store.engine import make_engine, migrate; print(migrate(make_engine(sys.argv[1])))"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = sorted(start.communicate(timeout=60)[0].strip() for start in starts)
    assert answers == ["False", "False", "True"]
    assert all(start.returncode == 0 for start in starts)
    assert "loans" in inspect(make_engine(database_url)).get_table_names()


def test_sqlite_is_opened_for_several_processes(sqlite_url):
    with reading(make_engine(sqlite_url)) as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "busy_timeout": 5000, "foreign_keys": 1, "synchronous": 1}


def test_only_its_owner_reads_the_sqlite_file(sqlite_url):
    engine = make_engine(sqlite_url)
    migrate(engine)
    files = list(Path(engine.url.database).parent.glob("kuanxin.db*"))
    assert len(files) == 3
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_writers_that_read_first_wait_for_one_another(database_url):
    """Read, think, write: the pattern that fails at once with "database is locked" under SQLite's default BEGIN."""
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counter (n INTEGER)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))

    def add_one() -> None:
        for _ in range(10):
            with engine.begin() as connection:
                connection.execute(text("UPDATE counter SET n = n"))  # PostgreSQL: takes the row
                n = connection.execute(text("SELECT n FROM counter")).scalar()
                connection.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT n FROM counter")).scalar() == 40


def test_a_reader_does_not_wait_for_a_writer(database_url):
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counter (n INTEGER)"))
    with engine.begin() as writer:
        writer.execute(text("INSERT INTO counter VALUES (1)"))
        started = time.perf_counter()
        with reading(engine) as reader:
            assert reader.execute(text("SELECT count(*) FROM counter")).scalar() == 0
        assert time.perf_counter() - started < 1


def test_where_the_database_is(tmp_path):
    assert default_url({"KUANXIN_DATABASE_URL": "postgresql://h/d", "KUANXIN_VAR": "/x"}) == "postgresql://h/d"
    assert default_url({"KUANXIN_VAR": str(tmp_path)}) == f"sqlite:///{tmp_path}/kuanxin.db"
    assert make_engine("postgres://u@h/d").dialect.name == "postgresql"
    with pytest.raises(ValueError, match="SQLite file"):
        make_engine("sqlite://")

"""A copy of the whole database in one file, taken while the servers run, and put back into an empty one.

SQLite by its own online backup, PostgreSQL by `pg_dump` and `pg_restore` (custom format), which see one moment of it.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from kuanxin.store.engine import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine


class BackupFailed(Exception):
    """Nothing was changed; the text says why and what to do."""


def back_up(engine: Engine, file: Path) -> None:
    """Writes a new file, readable by its owner only. Raises BackupFailed where there is one, or the copy fails."""
    try:
        with file.open("xb") as made:
            os.fchmod(made.fileno(), 0o600)
    except OSError as fault:
        raise BackupFailed(
            f"{file}: {fault.strerror}. Name a file that is not there yet, in a folder that is."
        ) from None
    try:
        if engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(engine.url.database))) as source, closing(sqlite3.connect(file)) as target:
                source.backup(target)
        else:
            _run(engine, "pg_dump", "--format=custom", "--no-owner", f"--file={file}")
    except (sqlite3.Error, BackupFailed) as fault:
        file.unlink()
        raise BackupFailed(f"The copy failed, nothing was kept: {fault}") from None


def restore(engine: Engine, file: Path) -> None:
    """Fills an empty database and brings it to the version of this program. Raises BackupFailed."""
    if not file.is_file():
        raise BackupFailed(f"{file}: there is no such file.")
    if inspect(engine).get_table_names():
        raise BackupFailed(
            "The database is not empty. Name a new one (KUANXIN_DATABASE_URL) and switch to it afterwards."
        )
    if engine.dialect.name == "sqlite":
        engine.dispose()
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(str(engine.url.database))) as target:
            try:
                source.backup(target)
            except sqlite3.Error as fault:
                raise BackupFailed(f"{file}: {fault}. Is it a copy of a SQLite database?") from None
    else:
        _run(engine, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(file))
    migrate(engine)


def _run(engine: Engine, program: str, *options: str) -> None:
    """One of PostgreSQL's programs for this database; the password goes through the environment, seen by nobody."""
    url = engine.url
    environment = os.environ | {"PGPASSWORD": url.password or ""}
    command = [program, "--host", url.host or "localhost", "--port", str(url.port or 5432)]
    command += ["--username", url.username or "", "--no-password", f"--dbname={url.database}", *options]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BackupFailed(f"{program} is not installed. It comes with PostgreSQL's client programs.") from None
    if done.returncode:
        raise BackupFailed(f"{program}: {done.stderr.strip()}")

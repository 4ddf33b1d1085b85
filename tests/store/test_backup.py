"""A database is copied while it is written to, lost, and put back: the same book, the same conversations."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.exporter import export_book
from kuanxin.book.importer import import_book
from kuanxin.store.backup import BackupFailed, back_up, restore
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")


@pytest.fixture(autouse=True)
def programs_of_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin")):
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    migrate(engine)
    import_book(engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), NOW)
    yield engine
    engine.dispose()


@pytest.fixture
def empty(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A second database of the same kind, without tables."""
    kind = engine.dialect.name
    url = f"sqlite:///{tmp_path / 'new.db'}"
    found = make_engine(url if kind == "sqlite" else request.getfixturevalue("postgres_server").fresh_database())
    yield found
    found.dispose()


def book(engine: Engine) -> str:
    out = io.StringIO()
    export_book(engine, out)
    return out.getvalue()


def test_what_was_lost_comes_back_as_it_was(engine: Engine, empty: Engine, tmp_path: Path) -> None:
    said, ended = SqlConversations(engine), threading.Event()
    said.open("c-0", "web", "B001", NOW)

    def go_on_talking() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            said.claim("c-0", f"m{number}", f"第{number}句", NOW, True, 40.0)

    talking = threading.Thread(target=go_on_talking)
    talking.start()
    try:
        back_up(engine, tmp_path / "copy")
    finally:
        ended.set()
        talking.join()
    restore(empty, tmp_path / "copy")
    assert book(empty) == book(engine)
    kept = SqlConversations(empty).latest("c-0", 10_000)
    assert kept == said.latest("c-0", 10_000)[: len(kept)]
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten(engine: Engine, tmp_path: Path) -> None:
    back_up(engine, tmp_path / "copy")
    before = (tmp_path / "copy").read_bytes()
    with pytest.raises(BackupFailed, match="not there yet"):
        back_up(engine, tmp_path / "copy")
    with pytest.raises(BackupFailed, match="not empty"):
        restore(engine, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == before


def test_a_file_that_is_no_copy_is_said_to_be_none(empty: Engine, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("名册")
    for file in (tmp_path / "other", tmp_path / "missing"):
        with pytest.raises(BackupFailed):
            restore(empty, file)
    assert not (tmp_path / "copy").exists()


def test_by_command(engine: Engine, database_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kuanxin.store", "backup", str(tmp_path / "copy")]
    environment = {**os.environ, "KUANXIN_DATABASE_URL": database_url, "KUANXIN_VAR": str(tmp_path)}
    done = [subprocess.run(command, env=environment, capture_output=True, text=True, check=False) for _ in range(2)]
    assert [d.returncode for d in done] == [0, 1], done
    assert "not there yet" in done[1].stderr
    assert "Traceback" not in done[1].stderr

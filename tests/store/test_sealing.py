"""Personal data in the database: unreadable without the keys, replaced key by key, searched nowhere."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
import yaml
from cryptography.fernet import Fernet
from sqlalchemy import column, insert, select, table

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.settings import SettingsError, read_settings
from kuanxin.store.base import metadata
from kuanxin.store.engine import make_engine, migrate, reading
from kuanxin.store.sealing import MARK, VARIABLE, CannotOpen, Sealed, opened, reseal, seal
from kuanxin.store.sql_book import SqlLoanBook
from kuanxin.store.tables_conversations import conversations, notes, trackers

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def engine(database_url: str) -> Engine:
    """A demo book and a note, written before there was a key."""
    engine = make_engine(database_url)
    migrate(engine)
    import_book(engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), NOW)
    with engine.begin() as connection:
        connection.execute(insert(conversations), {"id": "b-B001", "channel": "web", "opened_at": NOW})
        row = {"conversation_id": "b-B001", "at": NOW, "staff": "x", "text": "家里老人住院"}
        connection.execute(insert(notes), [row] * 3)
        connection.execute(insert(trackers), {"conversation_id": "b-B001", "version": 1, "events": "[]"})
    return engine


def raw(engine: Engine) -> dict[str, list[str]]:
    """What really stands in the sealed columns."""
    found = {}
    with reading(engine) as connection:
        for of in metadata.sorted_tables:
            for one in of.columns:
                if isinstance(one.type, Sealed):
                    values = connection.execute(select(column(one.name)).select_from(table(of.name))).scalars()
                    found[f"{of.name}.{one.name}"] = [value for value in values if value]
    return found


def test_without_a_key_values_stand_as_they_are(engine: Engine) -> None:
    assert "演示·王芳" in raw(engine)["borrowers.name"]
    assert SqlLoanBook(engine).borrower("B001").phone == "13800000001"


def test_sealed_in_place_and_read_as_before(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = SqlLoanBook(engine).borrowers(), SqlLoanBook(engine).loans_of("B006")
    monkeypatch.setenv(VARIABLE, NEW)
    assert (SqlLoanBook(engine).borrowers(), SqlLoanBook(engine).loans_of("B006")) == before  # half-way is no state
    done = reseal(engine)
    assert (done["borrowers"], done["loans"], done["conversation_notes"], done["trackers"]) == (14, 15, 3, 1)
    standing = raw(engine)
    assert all(value.startswith(MARK) for values in standing.values() for value in values)
    assert not any("王芳" in value or "138000" in value for values in standing.values() for value in values)
    assert (SqlLoanBook(engine).borrowers(), SqlLoanBook(engine).loans_of("B006")) == before
    assert set(reseal(engine).values()) == {0}


def test_equal_values_do_not_look_equal(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, NEW)
    reseal(engine)
    assert len(set(raw(engine)["conversation_notes.text"])) == 3


def test_a_key_is_replaced_without_a_stop(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, OLD)
    reseal(engine)
    monkeypatch.setenv(VARIABLE, f"{NEW},{OLD}")
    assert SqlLoanBook(engine).borrower("B001").name == "演示·王芳"
    assert reseal(engine)["borrowers"] == 14
    monkeypatch.setenv(VARIABLE, NEW)
    assert SqlLoanBook(engine).borrower("B001").name == "演示·王芳"
    monkeypatch.setenv(VARIABLE, OLD)
    with pytest.raises(CannotOpen, match=VARIABLE):
        SqlLoanBook(engine).borrower("B001")


def test_many_rows_are_done_in_lots_and_an_interruption_is_no_loss(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, NEW)
    monkeypatch.setattr("kuanxin.store.sealing.LOT", 4)
    times = iter(range(100))
    whole = seal

    def breaks(value: str) -> str:
        if next(times) == 9:
            raise KeyboardInterrupt
        return whole(value)

    monkeypatch.setattr("kuanxin.store.sealing.seal", breaks)
    with pytest.raises(KeyboardInterrupt):
        reseal(engine)
    monkeypatch.setattr("kuanxin.store.sealing.seal", whole)
    assert 0 < sum(value.startswith(MARK) for values in raw(engine).values() for value in values) < 20
    reseal(engine)
    assert all(value.startswith(MARK) for values in raw(engine).values() for value in values)
    assert len(SqlLoanBook(engine).borrowers()) == 14


def test_what_pretends_to_be_sealed_is_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert opened(seal(f"{MARK}gAAAA")) == "gAAAA"
    monkeypatch.setenv(VARIABLE, NEW)
    assert opened(seal(f"{MARK}{MARK}gAAAA")) == "gAAAA"
    assert seal("") == ""


def test_a_changed_value_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, NEW)
    sealed = seal("13800000001")
    with pytest.raises(CannotOpen):
        opened(sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:])


def test_a_key_that_is_none_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"{NEW},my-secret")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert str(raised.value).startswith("KUANXIN_DATA_KEYS: not usable, expected keys of 32 bytes")
    assert "my-secret" not in str(raised.value)


def test_from_the_command_line_with_keys_in_a_file(sqlite_url: str, tmp_path: Path) -> None:
    engine = make_engine(sqlite_url)
    migrate(engine)
    import_book(engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), NOW)

    def run(command: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "", "KUANXIN_DATABASE_URL": sqlite_url, "KUANXIN_VAR": str(tmp_path), **more}
        return subprocess.run(
            [sys.executable, "-m", "kuanxin.store", command], env=environment, capture_output=True, text=True
        )

    refused = run("seal")
    assert refused.returncode == 1
    assert "KUANXIN_DATA_KEYS is not set" in refused.stderr
    file = tmp_path / "keys"
    file.write_text(run("new-key").stdout, "ascii")
    assert "borrowers: 14\n" in run("seal", KUANXIN_DATA_KEYS=f"file:{file}").stdout
    assert all(value.startswith(MARK) for value in raw(engine)["borrowers.phone"])

"""What time it is: real, or fixed for demo and test books, never for real data."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from kuanxin.clock import Clock, ClockError, fixed_now
from kuanxin.store import book_writer
from kuanxin.store.base import SHANGHAI
from kuanxin.store.engine import make_engine, migrate

FIXED = {"KUANXIN_NOW": "2026-11-23T02:00:00+00:00"}
TEN = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture
def engine(sqlite_url):
    engine = make_engine(sqlite_url)
    migrate(engine)
    return engine


def a_book(engine, kind: str, now: datetime | None = None) -> None:
    with engine.begin() as connection:
        book_writer.settle_kind(connection, kind, now, TEN)


def is_real_time(moment: datetime) -> bool:
    return abs(moment - datetime.now(timezone.utc)) < timedelta(seconds=5) and moment.tzinfo is SHANGHAI


@pytest.mark.parametrize("kind", [None, "demo", "test", "real"])
def test_the_real_time_is_the_default(engine, kind):
    if kind:
        a_book(engine, kind)
    assert is_real_time(Clock(engine, {}).now())


@pytest.mark.parametrize("kind", [None, "demo", "test"])
def test_a_demo_or_test_set_up_may_be_fixed(engine, kind):
    if kind:
        a_book(engine, kind, TEN + timedelta(days=9))
    now = Clock(engine, FIXED).now()
    assert (now, now.tzinfo) == (TEN, SHANGHAI)


def test_a_book_may_carry_its_own_time(engine):
    a_book(engine, "test", TEN)
    assert Clock(engine, {}).now() == TEN


def test_an_import_while_it_runs_is_noticed(engine):
    clock = Clock(engine, FIXED)
    assert clock.now() == TEN
    a_book(engine, "real")
    with pytest.raises(ClockError, match="Remove KUANXIN_NOW"):
        clock.now()


def test_the_banks_own_system_is_real(engine):
    assert is_real_time(Clock(None, {}).now())
    with pytest.raises(ClockError, match="real data"):
        Clock(None, FIXED).now()


@pytest.mark.parametrize("value", ["tomorrow", "2026-11-23T10:00:00", "2026-11-23", "10:00"])
def test_what_cannot_be_read_names_the_form(value):
    with pytest.raises(ClockError, match="KUANXIN_NOW=2026-11-23T10:00:00\\+08:00"):
        fixed_now({"KUANXIN_NOW": value})


def test_empty_is_not_set():
    assert fixed_now({"KUANXIN_NOW": " "}) is None

"""The borrower's own hours and way: kept within what is allowed at all, respected when something is planned."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from kuanxin.book.importer import import_book
from kuanxin.bootstrap import compose
from kuanxin.conversations.contact import NoSuchHours, NoSuchWay
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate
from tests.notices.world import MONDAY, a_borrower


@pytest.fixture
def parts(tmp_path):
    parts = compose(Settings(var=tmp_path, token_key="", now=MONDAY.isoformat()))
    migrate(parts.engine)
    import_book(parts.engine, {"kind": "test", "borrowers": [a_borrower()]}, MONDAY)
    yield parts
    parts.engine.dispose()


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ([(None, time(20))], (time(9), time(20))),
        ([(time(8), time(12))], (time(8), time(12))),
        ([(time(20), None)], (time(20), time(22))),  # the bank's own end would leave nothing
        ([(None, time(9))], (time(8), time(9))),
        ([(None, time(18)), (time(10), None)], (time(10), time(18))),  # each side stays until it is said anew
        ([(None, time(12)), (time(18), None)], (time(18), time(22))),
        ([(time(19), time(23))], (time(19), time(22))),
    ],
)
def test_hours_as_they_hold_after_what_was_said(parts, said, holds) -> None:
    for opens, closes in said:
        parts.contact.set_hours("B1", opens, closes, MONDAY)
    now = parts.contact.of("B1", MONDAY)
    assert (now.opens, now.closes, now.own) == (*holds, True)


@pytest.mark.parametrize(("opens", "closes"), [(time(22), None), (None, time(8)), (time(23), time(23, 30))])
def test_hours_of_the_night_are_refused_and_change_nothing(parts, opens, closes) -> None:
    parts.contact.set_hours("B1", time(10), time(11), MONDAY)
    with pytest.raises(NoSuchHours):
        parts.contact.set_hours("B1", opens, closes, MONDAY)
    assert parts.contact.of("B1", MONDAY).closes == time(11)


def test_a_notice_waits_for_the_borrowers_own_hours(parts) -> None:
    parts.contact.set_hours("B1", time(18), None, MONDAY)
    parts.planner.plan(parts.portfolio()[1], MONDAY)
    parts.sender.send_due(MONDAY)
    assert [entry.state for entry in parts.outbox.of("B1")] == ["waiting"]
    parts.sender.send_due(MONDAY + timedelta(hours=8))
    assert [entry.state for entry in parts.outbox.of("B1")] == ["sent"]


def test_a_way_that_is_not_set_up_is_refused_and_undoing_gives_the_banks_hours(parts) -> None:
    with pytest.raises(NoSuchWay):
        parts.contact.set_way("B1", "wechat", MONDAY)
    parts.contact.set_hours("B1", time(18), None, MONDAY)
    parts.contact.forget("B1")
    now = parts.contact.of("B1", MONDAY)
    assert (now.opens, now.closes, now.own, now.way, now.reached) == (time(9), time(20), False, "sms", True)

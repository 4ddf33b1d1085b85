"""The machine's clock jumps under a running conversation: libfaketime gives both servers a clock that a test sets."""

from __future__ import annotations

import re
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from kuanxin.identity import signing
from tests.faults.stage import AMOUNT, NOW, OWED, THOROUGHLY, Borrower, Faulty, documented, faulty
from tests.services import find_or_install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = re.compile(r"第一期(\d+)月(\d+)日")
JUMP = "clock set forwards or back"


class Clock:
    """Of the servers, in a file that libfaketime reads: how far it is from the machine's own."""

    def __init__(self, file: Path, patch: pytest.MonkeyPatch) -> None:
        self._file, self._patch = file, patch
        self.set(NOW)

    def set(self, to: datetime) -> None:
        """Also the bank's clock, which signs tokens, is right: it says the same."""
        self._offset = int(to.timestamp() - time.time())
        new = self._file.with_suffix(".new")
        new.write_text(f"{self._offset:+d}\n")
        new.replace(self._file)
        self._patch.setattr(signing, "time", self)

    def time(self) -> float:
        return time.time() + self._offset

    def jump(self, by: timedelta) -> None:
        self.set(datetime.fromtimestamp(self.time(), NOW.tzinfo) + by)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Faulty, Clock]]:
    program = find_or_install("faketime", "faketime", "/usr/bin")
    (library,) = sorted(program.parents[1].glob("lib/*/faketime/libfaketimeMT.so.1"))
    folder = tmp_path_factory.mktemp("clock")
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(folder / "clock", patch)
        patch.setenv("LD_PRELOAD", str(library))
        patch.setenv("FAKETIME_TIMESTAMP_FILE", str(folder / "clock"))
        patch.setenv("FAKETIME_NO_CACHE", "1")
        patch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")  # as a clock that somebody sets: seconds go on
        with faulty(folder / "var") as stage:
            stage.stage.later(None)  # the book has no clock of its own
            yield stage, clock


@pytest.fixture
def stage(running: tuple[Faulty, Clock]) -> Faulty:
    return running[0]


@pytest.fixture
def clock(running: tuple[Faulty, Clock]) -> Clock:
    running[1].set(NOW)
    return running[1]


def signed_in_again(stage: Faulty, borrower: Borrower) -> Borrower:
    return Borrower(stage, borrower.id)


@pytest.mark.parametrize("by", [A_DAY, -A_DAY])
def test_sign_ins_are_judged_by_the_new_time(stage: Faulty, clock: Clock, by: timedelta) -> None:
    borrower = stage.borrower()
    assert AMOUNT.search(borrower.say(OWED))
    clock.jump(by)
    told = documented(JUMP, 1) if by > timedelta() else "登录信息无效"
    assert told in borrower.say(OWED)
    assert AMOUNT.search(signed_in_again(stage, borrower).say(OWED))


def test_a_message_that_is_sent_again_after_a_jump_is_one_message(stage: Faulty, clock: Clock) -> None:
    borrower, message_id = stage.borrower(), uuid.uuid4().hex
    borrower.say(OWED)
    stage.signal("actions", signal.SIGSTOP)  # the turn waits
    with ThreadPoolExecutor() as pool:
        first = pool.submit(borrower.send, OWED, message_id)
        time.sleep(1)
        clock.jump(AN_HOUR)
        again = pool.submit(signed_in_again(stage, borrower).send, OWED, message_id)
        time.sleep(2)
        stage.signal("actions", signal.SIGCONT)
        assert AMOUNT.search(first.result(60))
        assert again.result(60) == first.result()
    entries = signed_in_again(stage, borrower).heard()
    assert [entry["from"] for entry in entries].count("borrower") == 2
    assert sum(bool(AMOUNT.search(entry["text"])) for entry in entries) == 2


@THOROUGHLY
def test_what_a_crash_left_is_given_out_again_though_the_clock_went_back(stage: Faulty, clock: Clock) -> None:
    borrower, message_id = stage.borrower(), uuid.uuid4().hex
    borrower.say(OWED)
    stage.signal("actions", signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        lost = pool.submit(borrower.send, OWED, message_id)
        time.sleep(1)
        stage.kill("rasa")
        with pytest.raises(requests.RequestException):
            lost.result(60)
    stage.signal("actions", signal.SIGCONT)
    clock.jump(-A_DAY)
    stage.start("rasa")
    assert AMOUNT.search(signed_in_again(stage, borrower).send(OWED, message_id))


@pytest.mark.parametrize("days", [10, -10])
def test_an_offer_of_another_day_is_not_agreed_to(stage: Faulty, clock: Clock, days: int) -> None:
    borrower = stage.borrower()
    assert "一共" in borrower.say("分6期")
    clock.jump(timedelta(days=days))
    borrower = signed_in_again(stage, borrower)
    assert documented(JUMP) in (said := borrower.say("确认")), said
    assert borrower.events() == []
    said = borrower.say("确认")
    assert "生效" in said
    month, day = map(int, FIRST.search(said).groups())
    today = NOW + timedelta(days=days)
    first = today.replace(month=month, day=day, year=today.year + (month < today.month))
    assert today <= first <= today + timedelta(days=62)
    assert borrower.events() == ["committed"]


def test_after_it_went_back_nothing_is_agreed_a_second_time(stage: Faulty, clock: Clock) -> None:
    borrower = stage.borrower()
    borrower.say("分6期")
    assert "生效" in borrower.say("确认")
    clock.jump(-A_DAY)
    borrower = signed_in_again(stage, borrower)
    borrower.say("分6期")
    assert documented(JUMP, 2) in (said := borrower.say("确认")), said
    assert borrower.events() == ["committed"]

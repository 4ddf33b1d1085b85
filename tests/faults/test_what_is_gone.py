"""Real servers go away under a conversation and come back: what the borrower is told, and that nothing is lost.

The words in “…” of the table in docs/operation.md are what these tests heard.
"""

from __future__ import annotations

import resource
import signal
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from kuanxin.gateways.events import QUEUE
from kuanxin.operate.assistant import free_port
from kuanxin.operate.model import ROOT
from tests.faults.stage import AMOUNT, OWED, START_SECONDS, THOROUGHLY, Borrower, Faulty, documented, faulty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import PostgreSQL, RabbitMQ, Redis


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: PostgreSQL,
    redis_server: Redis,
    rabbitmq_server: RabbitMQ,
) -> Iterator[Faulty]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUANXIN_REDIS_URL", redis_server.url)
        patch.setenv("KUANXIN_EVENTS_URL", rabbitmq_server.url)
        with faulty(tmp_path_factory.mktemp("gone"), postgres_server.fresh_database()) as found:
            yield found


@pytest.fixture
def borrower(stage: Faulty) -> Borrower:
    """Somebody who has been told what is owed."""
    found = stage.borrower()
    assert AMOUNT.search(found.say(OWED))
    return found


def sent_again_until_answered(borrower: Borrower, text: str, message_id: str, unlike: str) -> str:
    """As the widget does, under one number."""
    until = time.monotonic() + 60
    while unlike in (said := borrower.send(text, message_id)):
        assert time.monotonic() < until, said
        time.sleep(0.5)
    return said


def test_the_database_is_gone(stage: Faulty, borrower: Borrower, postgres_server: PostgreSQL) -> None:
    told, message_id = documented("database"), uuid.uuid4().hex
    postgres_server.end()
    try:
        assert told in (said := borrower.send(OWED, message_id)), said
        assert not AMOUNT.search(said)
    finally:
        postgres_server.start_again()
    assert AMOUNT.search(sent_again_until_answered(borrower, OWED, message_id, told))
    before = borrower.heard()
    assert AMOUNT.search(borrower.send(OWED, message_id)), "the same answer once more"
    assert borrower.heard() == before


def test_the_database_is_gone_between_offer_and_consent(stage: Faulty, postgres_server: PostgreSQL) -> None:
    borrower, message_id = stage.borrower(), uuid.uuid4().hex
    assert "一共" in borrower.say("分6期")
    postgres_server.end()
    try:
        said = borrower.send("确认", message_id)
        assert "生效" not in said
    finally:
        postgres_server.start_again()
    assert "生效" in sent_again_until_answered(borrower, "确认", message_id, documented("database"))
    assert borrower.agreed() == ["active"]
    assert borrower.events() == ["committed"]


def test_redis_is_gone(borrower: Borrower, redis_server: Redis) -> None:
    redis_server.end()
    try:
        assert documented("Redis (several workers)") in (said := borrower.say(OWED)), said
    finally:
        redis_server.start_again()
    assert AMOUNT.search(borrower.say(OWED))


def test_rabbitmq_is_gone(stage: Faulty, rabbitmq_server: RabbitMQ) -> None:
    """Borrowers notice nothing, and a server starts without it; its events come when it is back.

    An event whose confirmation was cut off comes twice, under one id.
    """
    borrower = stage.borrower()
    conversation = stage.pseudonym_of(borrower)
    rabbitmq_server.end()
    try:
        stage.kill("rasa")
        stage.start("rasa")
        assert AMOUNT.search(borrower.say(OWED))
    finally:
        rabbitmq_server.start_again()
    assert AMOUNT.search(borrower.say(OWED))
    turn = ["message ask_loan_status", "action action_ask_loan_status"]
    rabbitmq_server.end()  # at once, with the last events under way
    rabbitmq_server.start_again()
    until, taken = time.monotonic() + 60, {}
    while len(taken) < 2 * len(turn) and time.monotonic() < until:
        time.sleep(1)
        of_us = [event for event in rabbitmq_server.take(QUEUE) if event["conversation"] == conversation]
        taken |= {event["id"]: event for event in of_us}
    told = sorted(taken.values(), key=lambda event: event["time"])
    assert [f"{event['event']} {event.get('intent') or event['action']}" for event in told] == 2 * turn


def test_the_action_server_is_gone(stage: Faulty, borrower: Borrower) -> None:
    stage.kill("actions")
    try:
        assert documented("action server") in (said := borrower.say(OWED)), said
    finally:
        stage.start("actions")
    assert AMOUNT.search(borrower.say(OWED))


def test_the_action_server_is_slow(stage: Faulty, borrower: Borrower) -> None:
    stage.signal("actions", signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(borrower.say, OWED)
        time.sleep(3)
        assert not answer.done()
        stage.signal("actions", signal.SIGCONT)
        assert AMOUNT.search(answer.result(60))


@THOROUGHLY
def test_the_action_server_is_slower_than_a_turn_may_be(stage: Faulty) -> None:
    borrower = stage.borrower()
    assert "一共" in borrower.say("分6期")
    stage.signal("actions", signal.SIGSTOP)
    try:
        said = borrower.say("确认")
        assert documented("action server slower than 30 s") in said
        assert "生效" not in said
    finally:
        stage.signal("actions", signal.SIGCONT)
    assert borrower.events() in ([], ["committed"])  # it may do now what nobody waits for any more
    assert "生效" in borrower.say("确认")
    assert borrower.agreed() == ["active"]
    assert borrower.events() == ["committed"]


def test_a_server_that_is_told_to_stop_finishes_its_turn(stage: Faulty, borrower: Borrower) -> None:
    message_id = uuid.uuid4().hex
    stage.signal("actions", signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(borrower.send, OWED, message_id)
        time.sleep(2)  # the turn waits for its action
        stage.signal("rasa", signal.SIGTERM)
        time.sleep(1)
        assert not answer.done()
        stage.signal("actions", signal.SIGCONT)
        said = answer.result(60)
    assert stage.assistant.processes["rasa"].wait(30) == 0
    stage.start("rasa")
    assert AMOUNT.search(said)
    assert borrower.send(OWED, message_id) == said


def test_one_message_many_times_at_once_is_one_message(borrower: Borrower) -> None:
    message_id, before = uuid.uuid4().hex, len(borrower.heard())
    with ThreadPoolExecutor(4) as pool:
        said = set(pool.map(lambda _: borrower.send(OWED, message_id), range(4)))
    assert len(said) == 1
    assert AMOUNT.search(said.pop())
    first = [entry["from"] for entry in borrower.heard()[before:]]
    assert first.count("borrower") == 1


def test_a_consent_that_overtakes_its_question_agrees_to_nothing(stage: Faulty) -> None:
    """Messages are taken in the order in which they arrive; of two at once each is answered, one after the other."""
    borrower = stage.borrower()
    borrower.say("确认")
    assert "一共" in borrower.say("分6期")
    assert borrower.events() == []
    at_once = stage.borrower()
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(at_once.say, ("分6期", "确认")))
    assert all(said)
    assert [entry["from"] for entry in at_once.heard()].count("borrower") == 2
    agreed = any("生效" in text for text in said)
    assert at_once.events() == (["committed"] if agreed else [])


@pytest.fixture(scope="module")
def second_worker(stage: Faulty) -> Iterator[str]:
    """The address of another Rasa server over the same database."""
    first, port = stage.assistant.processes["rasa"], free_port()
    command = [*first.args[:-1], str(port)]
    url = f"http://127.0.0.1:{port}"
    with (stage.assistant.var / "second.log").open("wb") as log:
        second = subprocess.Popen(command, cwd=ROOT, env=stage.assistant.environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + START_SECONDS
        while not _ready(url):
            assert second.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
        yield url
    finally:
        second.terminate()
        assert second.wait(30) == 0


def test_two_workers_on_one_conversation(borrower: Borrower, second_worker: str) -> None:
    """Both are told the same consent, and other things at the same time: one agreement, every message answered once."""
    assert "一共" in borrower.say("分6期")
    elsewhere, consent = borrower.at(second_worker), uuid.uuid4().hex
    with ThreadPoolExecutor(4) as pool:
        said = [
            turn.result(60)
            for turn in (
                pool.submit(borrower.send, "确认", consent),
                pool.submit(elsewhere.send, "确认", consent),
                pool.submit(elsewhere.say, "几号还款"),
                pool.submit(borrower.say, "谢谢"),
            )
        ]
    assert all(said), said
    if "生效" not in said[0]:  # the other question came first and the offer was shown again
        assert "生效" in elsewhere.say("确认")
    assert borrower.agreed() == ["active"]
    assert borrower.events() == ["committed"]
    entries = borrower.heard()
    assert entries == elsewhere.heard()
    assert len({entry["id"] for entry in entries}) == len(entries)


def test_the_clock_of_the_database_leaps_in_the_midst_of_a_turn(
    stage: Faulty, borrower: Borrower, second_worker: str
) -> None:
    """The message seems lost, and a second worker takes it, too: one agreement, one answer, the same over both."""
    assert "一共" in borrower.say("分6期")
    consent, before = uuid.uuid4().hex, borrower.heard()
    stage.signal("actions", signal.SIGSTOP)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(borrower.send, "确认", consent)
        time.sleep(1)
        stage.leases_run_out()
        second = pool.submit(borrower.at(second_worker).send, "确认", consent)
        time.sleep(1)
        stage.signal("actions", signal.SIGCONT)
        assert "生效" in (said := first.result(60)), said
        assert second.result(60) == said
    assert [entry["from"] for entry in borrower.heard()[len(before) :]] == ["borrower", "assistant"]
    assert borrower.events() == ["committed"]


def test_the_disk_is_full(tmp_path: Path) -> None:
    """No file of the servers may grow, SQLite's neither: EFBIG where a full disk says ENOSPC."""
    with faulty(tmp_path) as stage:
        borrower, message_id = stage.borrower(), uuid.uuid4().hex
        assert "一共" in borrower.say("分6期")
        told = documented("disk full")
        _let_files_grow(stage, 1)
        said = borrower.send("确认", message_id)
        assert told in said
        assert "生效" not in said
        assert borrower.events() == []
        _let_files_grow(stage, resource.RLIM_INFINITY)
        said = sent_again_until_answered(borrower, "确认", message_id, told)
        assert "生效" in said
        assert borrower.agreed() == ["active"]
        assert borrower.events() == ["committed"]


def _let_files_grow(stage: Faulty, most: int) -> None:
    for process in stage.assistant.processes.values():
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/webhooks/chat/health", timeout=5).ok
    except requests.RequestException:
        return False

"""Sent once: whatever a carrier answers, wherever a process dies, however many workers there are."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event

from kuanxin.notices.ports import Accepted, Refused, Unknown, Way
from kuanxin.notices.sender import AGAIN_AFTER_MINUTES, ASK_AFTER_SECONDS
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.servicing.quotes import PromiseToPay
from kuanxin.store.outbox import CLAIM_SECONDS
from tests.notices.world import MONDAY, TODAY, Carrier, World, a_borrower, on


@pytest.fixture
def world(database_url):
    this = World(database_url, [a_borrower()])
    yield this
    this.engine.dispose()


class Died(BaseException):
    """The process is gone: nothing catches it."""


# -- what a carrier answers ---------------------------------------------------------------------------------------


def test_an_accepted_notice_is_recorded_as_it_went_out(world: World) -> None:
    world.plan()
    world.send()
    (entry,) = world.outbox.of("B1")
    (message,) = world.carrier.taken
    assert (entry.state, entry.text, entry.receipt) == ("sent", message.text, f"R-{message.id[:8]}")
    world.send(on(0, "11:00"))
    assert len(world.carrier.taken) == 1


def test_a_refusal_for_good_ends_it(world: World) -> None:
    world.carrier.answers = [Refused("template unknown")]
    world.plan()
    world.send()
    (entry,) = world.outbox.of("B1")
    assert (entry.state, entry.why) == ("failed", "template unknown")
    world.send(on(0, "19:00"))
    assert world.kinds == []


def test_a_refusal_that_may_pass_is_tried_again_later_within_the_hours(world: World) -> None:
    world.plan()
    world.carrier.answers = [Refused("busy", again=True)]
    world.send(on(0, "19:59"))
    world.send(on(0, "20:00"))  # the minute of waiting ends after the hours: tomorrow
    assert world.kinds == []
    world.send(on(1, "09:00"))
    assert world.kinds == ["overdue"]


def test_a_carrier_that_is_always_busy_is_tried_less_and_less_until_it_is_too_late(world: World) -> None:
    world.plan()
    world.carrier.answers = [Refused("busy", again=True)] * 1000
    for minutes in range(0, 3 * 24 * 60, 5):
        world.send(MONDAY + timedelta(minutes=minutes))
    (entry,) = world.outbox.of("B1")
    assert entry.state == "withdrawn"
    hours = 10 + 11  # of contact, on the two days that this notice has
    assert len(AGAIN_AFTER_MINUTES) < entry.attempts <= len(AGAIN_AFTER_MINUTES) + hours


def test_an_unknown_result_is_asked_for_before_it_is_sent_again(world: World) -> None:
    world.carrier.answers = [Unknown("timeout")]
    world.plan()
    world.send()
    world.send(on(0, "10:30"))
    assert not world.carrier.asked  # the carrier needs some (real) time before it can tell
    world.later(ASK_AFTER_SECONDS + 1)
    world.send(on(0, "10:30"))  # it never came there: now it goes out
    assert [len(world.carrier.asked), len(world.carrier.taken)] == [1, 1]
    assert world.states() == {"overdue": "sent"}


def test_an_unknown_result_that_was_a_yes_is_not_sent_again(world: World) -> None:
    take = world.carrier.send

    def lose_the_answer(message):
        take(message)
        return Unknown("connection reset")

    world.carrier.send = lose_the_answer
    world.plan()
    world.send()
    world.later(ASK_AFTER_SECONDS + 1)
    world.send(on(0, "10:30"))
    assert len(world.carrier.taken) == 1
    assert world.states() == {"overdue": "sent"}


def test_where_nobody_can_tell_it_is_never_sent_again_and_said_so(world: World) -> None:
    world.carrier.answers = [Unknown("timeout")]
    world.carrier.replies = [Unknown("no such question")] * 100
    world.plan()
    for hours in range(0, 30):
        world.send(MONDAY + timedelta(hours=hours))
        world.later(3601)
    assert world.kinds == []
    (entry,) = world.outbox.of("B1")
    assert entry.state == "unclear"
    assert 3 < len(world.carrier.asked) < 40


def test_an_unknown_result_counts_as_written(world: World) -> None:
    """It may have arrived: a second notice on the same day would be one too many."""
    world.carrier.answers = [Unknown("timeout")]
    world.carrier.replies = [Unknown("timeout")] * 9
    world.plan()
    world.send()
    assert world.outbox.people(["B1"], on(0, "12:00"))["B1"].written_on == (TODAY,)


def test_a_busy_book_leaves_the_notice_for_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.plan()
    with monkeypatch.context() as patch:

        def gone(*_args: object) -> None:
            raise BookUnavailable("down")

        patch.setattr(world.book, "loan", gone)
        world.send()
    assert world.kinds == []
    world.send()
    assert world.kinds == []  # not at once again
    world.later(61)
    world.send()
    assert world.kinds == ["overdue"]


# -- ways ---------------------------------------------------------------------------------------------------------


def test_the_borrowers_own_way_and_sms_where_it_does_not_take_it(world: World) -> None:
    chat = Carrier(wording="neutral")
    world.ways["wechat"] = Way("wechat", chat, lambda borrower: f"openid-{borrower.id}")
    world.outbox.wish("B1", "wechat", None, None)
    chat.answers = [Refused("45015")]
    world.plan()
    world.send()
    world.send()
    assert chat.taken == []
    assert world.kinds == ["overdue"]
    assert world.carrier.taken[0].address == "13800000001"


def test_by_the_own_way_the_text_has_no_signature_and_its_own_wording(world: World) -> None:
    chat = Carrier(wording="neutral")
    world.ways["wechat"] = Way("wechat", chat, lambda borrower: f"openid-{borrower.id}")
    world.outbox.wish("B1", "wechat", None, None)
    world.plan()
    world.send()
    (message,) = chat.taken
    assert message.address == "openid-B1"
    assert message.text.startswith("您好，有一件事等您看一下")
    assert world.kinds == []


# -- receipts -----------------------------------------------------------------------------------------------------


def test_a_receipt_by_either_number_and_twice(world: World) -> None:
    world.plan()
    world.send()
    (message,) = world.carrier.taken
    assert world.outbox.receive(True, "", MONDAY, receipt=f"R-{message.id[:8]}")
    assert world.states() == {"overdue": "delivered"}
    assert world.outbox.receive(False, "late", MONDAY, id=message.id)  # the first word counts
    assert world.states() == {"overdue": "delivered"}
    assert not world.outbox.receive(True, "", MONDAY, receipt="of somebody else")
    assert not world.outbox.receive(True, "", MONDAY, receipt="")


def test_a_receipt_that_is_faster_than_the_answer_is_kept(world: World) -> None:
    take = world.carrier.send

    def receipt_first(message):
        world.outbox.receive(True, "", MONDAY, id=message.id)
        return take(message)

    world.carrier.send = receipt_first
    world.plan()
    world.send()
    assert world.states() == {"overdue": "delivered"}


# -- several workers ----------------------------------------------------------------------------------------------


def test_many_workers_send_each_notice_once(database_url) -> None:
    borrowers = [a_borrower(f"B{n}", phone=f"138{n:08}") for n in range(60)]
    this = World(database_url, borrowers)
    this.plan()
    workers = [threading.Thread(target=this.send) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    counted = Counter(message.borrower_id for message in this.carrier.taken)
    assert counted == {f"B{n}": 1 for n in range(60)}
    this.engine.dispose()


def test_two_notices_for_one_borrower_at_the_same_moment_find_room_for_one(database_url) -> None:
    borrowers = []
    for n in range(20):
        one = a_borrower(f"B{n}", phone=f"138{n:08}")
        one["loans"].append(
            {"id": f"M-{n}", "principal": "3000", "instalments": 5, "paid_rows": 1, "next_due": "today"}
        )
        borrowers.append(one)
    this = World(database_url, borrowers)
    this.plan()  # one each …
    with this.engine.begin() as connection:  # … and the other one all the same
        from kuanxin.notices.causes import of_loan
        from kuanxin.store.outbox import enqueue

        for n in range(20):
            for status in this.servicing.statuses(f"B{n}", MONDAY):
                enqueue(connection, list(of_loan(status, this.catalogue.timing)), MONDAY)
    workers = [threading.Thread(target=this.send) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    counted = Counter(message.borrower_id for message in this.carrier.taken)
    assert counted == {f"B{n}": 1 for n in range(20)}
    this.engine.dispose()


def test_a_worker_that_lost_its_claim_sends_nothing(world: World) -> None:
    world.plan()
    (slow,) = world.outbox.claim(MONDAY, 10)
    world.later(CLAIM_SECONDS + 1)
    world.send()
    assert world.kinds == ["overdue"]
    assert not world.outbox.prepare(slow, MONDAY, lambda person: {"state": "sending"})
    world.outbox.settle(slow, state="failed", why="too slow")
    assert world.states() == {"overdue": "sent"}


# -- crashes ------------------------------------------------------------------------------------------------------


def steps_of(engine, do) -> int:
    """How many statements and commits doing it takes."""
    count = 0

    def seen(*_args: object) -> None:
        nonlocal count
        count += 1

    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, seen)
    try:
        do()
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(engine, name, seen)
    return count


def dying_at(engine, step: int, do) -> bool:
    """Does it and dies at the given statement or commit; True where it died."""
    count = 0

    def seen(*_args: object) -> None:
        nonlocal count
        count += 1
        if count == step:
            raise Died

    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, seen)
    try:
        do()
    except Died:
        engine.dispose()  # what a dead process leaves behind is rolled back by the database
        return True
    finally:
        for name in ("before_cursor_execute", "commit"):
            event.remove(engine, name, seen)
    return False


def recover(world: World) -> None:
    """The machine starts again and time passes."""
    world.engine.dispose()
    world.compose()
    for minutes in (0, 5, 10):
        world.later(CLAIM_SECONDS + 1)
        world.plan(MONDAY + timedelta(minutes=minutes))
        world.send(MONDAY + timedelta(minutes=minutes))


def test_a_crash_at_any_step_of_planning_and_sending_neither_loses_nor_doubles(database_url) -> None:
    def fresh(n: int) -> World:
        return World(database_url, [a_borrower(f"B{n}", phone=f"138{n:08}")])

    first = fresh(0)
    steps = steps_of(first.engine, lambda: (first.plan(), first.send()))
    assert first.kinds == ["overdue"]
    first.engine.dispose()
    assert steps > 20
    for step in range(1, steps + 1):
        this = fresh(step)  # the test book makes way for the next; the outbox stays
        died = dying_at(this.engine, step, lambda this=this: (this.plan(), this.send()))
        recover(this)
        assert this.kinds == ["overdue"], f"died at step {step}: {died}"
        assert this.states(f"B{step}") == {"overdue": "sent"}, f"died at step {step}"
        this.engine.dispose()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_around_the_carrier_neither_loses_nor_doubles(world: World, moment: str) -> None:
    take = world.carrier.send

    def die(message):
        if moment == "after":
            take(message)
        raise Died

    world.carrier.send = die
    world.plan()
    with pytest.raises(Died):
        world.send()
    world.carrier.send = take
    recover(world)
    assert world.kinds == ["overdue"]
    assert world.states() == {"overdue": "sent"}
    assert len(world.carrier.asked) == 1


def test_a_notice_stands_if_and_only_if_its_cause_does(world: World) -> None:
    """Dies at every step of agreeing to a promise: the confirmation is there exactly where the promise is."""
    quote = world.servicing.quote("B1", "L-B1", PromiseToPay(TODAY + timedelta(days=3)), MONDAY)
    seen = set()
    for step in range(1, 200):
        died = dying_at(world.engine, step, lambda: world.servicing.commit("B1", quote.hash, MONDAY, "确认"))
        agreed = bool(world.book.loan("B1", "L-B1").events)
        assert agreed == ("promise_confirmed" in world.states()), f"at step {step}"
        seen.add(agreed)
        if not died:
            break
    assert seen == {False, True}
    assert not died
    world.send()
    assert world.kinds == ["promise_confirmed"]


def test_the_answer_of_a_colleague_and_its_notice_stand_together(world: World) -> None:
    conversation = world.talk("B1")
    for step in range(1, 50):
        died = dying_at(
            world.engine,
            step,
            lambda: world.conversations.record_replies(conversation, [{"text": "您好"}], MONDAY, author="staff"),
        )
        answered = bool(world.conversations.transcript(conversation))
        assert answered == ("staff_replied" in world.states())
        if not died:
            return
    pytest.fail("never came to its end")


def test_accepted_is_what_a_carrier_may_say_without_a_number(world: World) -> None:
    world.carrier.answers = [Accepted()]
    world.plan()
    world.send()
    assert world.states() == {"overdue": "sent"}
    assert not world.outbox.receive(True, "", MONDAY)

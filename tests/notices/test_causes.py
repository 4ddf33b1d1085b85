"""What is sent to whom, when, in which words: from a loan book to the text, over real databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select

from kuanxin.servicing.model import PaymentStatus
from kuanxin.servicing.quotes import PromiseToPay, Quote, ReInstalment
from kuanxin.store.tables_book import payments
from kuanxin.store.tables_notices import notices
from tests.notices.world import MONDAY, TODAY, World, a_borrower, on


@pytest.fixture
def world(sqlite_url):
    made: list[World] = []

    def make(*borrowers: dict, wording: str = "full") -> World:
        made.append(World(sqlite_url, list(borrowers) or [a_borrower()], wording))
        return made[-1]

    yield make
    for one in made:
        one.engine.dispose()


def pay(world: World, amount: int, at=MONDAY, loan: str = "L-B1", id: str = "X1", status=PaymentStatus.POSTED) -> None:
    with world.engine.begin() as connection:
        row = {"id": id, "loan_id": loan, "amount": amount, "paid_at": at, "status": status.value}
        connection.execute(insert(payments), row)


def day_by_day(world: World, days: int, clock: str = "10:00") -> dict[int, list[str]]:
    sent: dict[int, list[str]] = {}
    for ahead in range(days):
        before = len(world.carrier.taken)
        world.plan(on(ahead, "06:00"))
        world.send(on(ahead, clock))
        if new := world.kinds[before:]:
            sent[ahead] = new
    return sent


def test_before_and_on_the_due_day_and_in_steps_after_it(world) -> None:
    sent = day_by_day(world(a_borrower(due="today+5")), 40)
    # due on day 5: three days before, on the day, then 1, 4, 8, 15 and 30 days past due
    assert sent == {
        2: ["due_soon"],
        5: ["due_today"],
        6: ["overdue"],
        9: ["overdue"],
        13: ["overdue"],
        20: ["overdue"],
        35: ["overdue"],
    }


def test_the_overdue_text_has_the_four_contents_as_of_the_sending(world) -> None:
    this = world(a_borrower(due="today-4"))
    this.plan(on(0, "06:00"))
    this.send(on(1, "15:30"))  # planned on the fourth day, sent on the fifth: the amounts are those of the fifth
    status = this.servicing.status("B1", "L-B1", on(1, "15:30"))
    text = this.carrier.taken[0].text
    assert text.startswith("【演示银行】您好，")
    assert "从11月19日起逾期5天" in text
    assert f"截至11月24日15:30应还{status.due.total // 100 // 1000 or ''}" in text
    amounts = status.due
    for fen in (amounts.total, amounts.principal, amounts.interest, amounts.penalty):
        assert f"{fen // 100:,}.{fen % 100:02}元" in text
    then = this.servicing.status("B1", "L-B1", on(4)).due.total
    assert f"请在11月27日前还，届时是{then // 100:,}.{then % 100:02}元" in text
    assert "还款：微信" in text
    assert text.endswith("退订回T")


def test_the_neutral_wording_names_no_debt(world) -> None:
    this = world(wording="neutral")
    this.plan()
    this.send()
    (message,) = this.carrier.taken
    assert message.kind == "overdue"
    assert not message.values
    assert not any(word in message.text for word in ("贷", "款", "元", "逾期", "欠"))


def test_who_has_paid_hears_nothing_more_of_it(world) -> None:
    this = world()
    this.plan(on(0, "06:00"))
    pay(this, this.servicing.status("B1", "L-B1", MONDAY).due.total, on(0, "08:00"))
    this.send(on(0, "10:00"))
    assert this.kinds == []
    assert this.states() == {"overdue": "withdrawn"}
    assert day_by_day(this, 2) == {1: ["paid"]}
    assert "谢谢" in this.carrier.taken[0].text


def test_who_has_paid_what_is_not_yet_posted_is_not_asked_again(world) -> None:
    this = world()
    pay(this, 1000_00, on(0, "08:00"), status=PaymentStatus.PENDING)
    assert day_by_day(this, 3) == {}


def test_a_promise_is_confirmed_at_once_and_then_leaves_peace_until_its_day(world) -> None:
    this = world(a_borrower(due="today-3"))
    quote = this.servicing.quote("B1", "L-B1", PromiseToPay(TODAY + timedelta(days=5)), on(0, "23:30"))
    assert isinstance(quote, Quote)
    this.servicing.commit("B1", quote.hash, on(0, "23:30"), "确认")
    this.send(on(0, "23:30"))  # an answer to what the borrower just said: the night does not matter
    assert this.kinds == ["promise_confirmed"]
    assert "11月28日还" in this.carrier.taken[0].text
    assert day_by_day(this, 6) == {}


def test_a_broken_promise_gets_one_check_in_and_a_quiet_week(world) -> None:
    this = world(a_borrower(due="today-3"))
    quote = this.servicing.quote("B1", "L-B1", PromiseToPay(TODAY + timedelta(days=5)), MONDAY)
    this.servicing.commit("B1", quote.hash, MONDAY, "确认")
    sent = day_by_day(this, 40)
    # promised for day 5; overdue since day -3: its steps of 15 and 30 days fall on days 12 and 27
    assert sent == {0: ["promise_confirmed"], 6: ["broken_promise"], 13: ["overdue"], 27: ["overdue"]}
    text = next(message.text for message in this.carrier.taken if message.kind == "broken_promise")
    assert "没关系，可以再商量" in text


def test_a_kept_promise_is_thanked_for_and_no_more(world) -> None:
    this = world(a_borrower(due="today-3"))
    quote = this.servicing.quote("B1", "L-B1", PromiseToPay(TODAY + timedelta(days=5)), MONDAY)
    this.servicing.commit("B1", quote.hash, MONDAY, "确认")
    pay(this, quote.rows[0].amounts.total, on(4, "21:00"))
    sent = day_by_day(this, 12)
    assert sent == {0: ["promise_confirmed"], 5: ["paid"]}


def test_instalments_of_a_plan_are_announced(world) -> None:
    this = world(a_borrower(due="today-3"))
    quote = this.servicing.quote("B1", "L-B1", ReInstalment(6), MONDAY)
    assert isinstance(quote, Quote)
    arrangement = this.servicing.commit("B1", quote.hash, MONDAY, "确认")
    first = (quote.rows[0].due_date - TODAY).days
    sent = day_by_day(this, first + 1)
    assert sent == {0: ["arrangement_confirmed"], first - 2: ["instalment_due"]}
    confirmed, due = (message.text for message in this.carrier.taken)
    assert arrangement.id in confirmed
    assert "重新分期" in confirmed
    assert "约定的第1次" in due


def test_a_decision_of_a_person_is_told_in_contact_hours(world) -> None:
    this = world(a_borrower(due="today-95", paid_rows=0))
    quote = this.servicing.quote("B1", "L-B1", ReInstalment(6), MONDAY)
    assert quote.needs_person
    arrangement = this.servicing.commit("B1", quote.hash, MONDAY, "确认")
    this.send(MONDAY)
    assert this.kinds == []  # nothing is agreed yet, and nothing presses while a person looks at it
    assert day_by_day(this, 2) == {}
    this.servicing.decide("B1", "L-B1", arrangement.id, True, "S1", "可以", on(1, "19:59"))
    this.send(on(1, "20:30"))
    assert this.kinds == []
    this.send(on(2, "09:00"))
    assert this.kinds == ["decision_made"]
    assert "已经同意" in this.carrier.taken[0].text


def test_a_reminder_from_the_chat_comes_on_its_day_and_names_no_amount(world) -> None:
    this = world(a_borrower(due="today+9"))
    conversation = this.talk("B1")
    due = TODAY + timedelta(days=9)
    about = f"{due.year}年{due.month}月{due.day}日还款"
    this.conversations.set_reminder(conversation, "B1", due - timedelta(days=5), 5, about, MONDAY)
    this.conversations.set_reminder(conversation, "B1", due - timedelta(days=6), 6, about, MONDAY)  # changed
    sent = day_by_day(this, 8)
    assert sent == {3: ["reminder"], 6: ["due_soon"]}
    assert "12月2日有一件事要办" in this.carrier.taken[0].text
    assert "元" not in this.carrier.taken[0].text


def test_a_reminder_after_a_promise_comes_in_spite_of_its_silence(world) -> None:
    this = world(a_borrower(due="today-3"))
    conversation = this.talk("B1")
    day = TODAY + timedelta(days=6)
    quote = this.servicing.quote("B1", "L-B1", PromiseToPay(day), MONDAY)
    this.servicing.commit("B1", quote.hash, MONDAY, "确认")
    this.conversations.hold_reminders(conversation, "promise", MONDAY, until=day)
    about = f"{day.year}年{day.month}月{day.day}日还款"
    asked = MONDAY + timedelta(minutes=1)
    this.conversations.set_reminder(conversation, "B1", day - timedelta(days=3), 3, about, asked)
    assert day_by_day(this, 6) == {0: ["promise_confirmed"], 3: ["reminder"]}


def test_a_reminder_on_a_holiday_comes_before_it(sqlite_url) -> None:
    from datetime import datetime

    from kuanxin.servicing.wire import SHANGHAI

    now = datetime(2026, 9, 21, 10, tzinfo=SHANGHAI)
    this = World(sqlite_url, [a_borrower(due="2026-10-06")], now=now)
    conversation = this.talk("B1", now)
    this.conversations.set_reminder(conversation, "B1", date(2026, 10, 3), 3, "2026年10月6日还款", now)
    this.send(now.replace(day=29))
    assert this.kinds == []
    this.send(now.replace(day=30))
    assert this.kinds == ["reminder"]
    assert "10月6日有一件事要办" in this.carrier.taken[0].text


def test_a_reminder_about_what_is_paid_does_not_come(world) -> None:
    this = world(a_borrower(due="today+5"))
    conversation = this.talk("B1")
    due = TODAY + timedelta(days=5)
    about = f"{due.year}年{due.month}月{due.day}日还款"
    this.conversations.set_reminder(conversation, "B1", TODAY + timedelta(days=2), 3, about, MONDAY)
    row = this.servicing.status("B1", "L-B1", MONDAY).next_due
    pay(this, row.open.total, on(1))
    this.send(on(2))
    assert this.states() == {"reminder": "withdrawn"}


def test_a_colleagues_answer_is_told_to_who_is_away_and_once(world) -> None:
    this = world()
    conversation = this.talk("B1")
    this.conversations.record_inbound(conversation, "m1", "在吗", MONDAY)
    for text in ("您好", "我看一下"):
        this.conversations.record_replies(conversation, [{"text": text}], MONDAY, author="staff")
    this.send(MONDAY)
    assert this.kinds == []  # two minutes to read it where it stands
    this.send(MONDAY + timedelta(minutes=2))
    assert this.kinds == ["staff_replied"]
    this.conversations.record_inbound(conversation, "m2", "好的", MONDAY + timedelta(minutes=5))
    this.conversations.record_replies(conversation, [{"text": "再见"}], MONDAY + timedelta(minutes=6), author="staff")
    this.conversations.record_inbound(conversation, "m3", "再见", MONDAY + timedelta(minutes=7))
    this.send(MONDAY + timedelta(minutes=9))
    assert this.kinds == ["staff_replied"]


def test_the_assistants_own_answers_and_pushing_channels_need_no_notice(world) -> None:
    this = world()
    this.conversations.record_replies(this.talk("B1"), [{"text": "您好"}], MONDAY)
    this.conversations.open("w-1", "wechat", "B1", MONDAY)
    this.conversations.record_replies("w-1", [{"text": "您好"}], MONDAY, author="staff")
    this.send(on(0, "12:00"))
    assert this.kinds == []


@pytest.mark.parametrize("reason", ["opt_out", "dispute", "hardship", "promise", "self_harm", "human", "third_party"])
def test_a_hold_that_begins_between_planning_and_sending_stops_the_notice(world, reason: str) -> None:
    this = world()
    this.plan(on(0, "06:00"))
    this.conversations.hold_reminders(this.talk("B1"), reason, on(0, "09:30"))
    this.send()
    assert this.kinds == []
    assert this.outbox.of("B1")[0].why == f"held: {reason}"


def test_while_somebody_may_be_in_danger_not_even_a_confirmation_goes_out(world) -> None:
    this = world()
    quote = this.servicing.quote("B1", "L-B1", PromiseToPay(TODAY + timedelta(days=3)), MONDAY)
    this.servicing.commit("B1", quote.hash, MONDAY, "确认")
    this.conversations.start_safety_hold(this.talk("B1"), MONDAY)
    this.send()
    assert this.kinds == []


def test_while_a_colleague_has_the_conversation_nothing_unasked_comes(world) -> None:
    this = world()
    conversation = this.talk("B1")
    this.conversations.hand_over(conversation, "request", "normal", "想聊聊", MONDAY)
    assert day_by_day(this, 1) == {}
    this.conversations.give_back(conversation, on(0, "11:00"))
    assert day_by_day(this, 1) == {0: ["overdue"]}


def test_two_loans_and_still_one_notice_a_day(world) -> None:
    one = a_borrower(due="today-1")
    one["loans"].append({"id": "L-2", "principal": "3000", "instalments": 5, "paid_rows": 1, "next_due": "today"})
    sent = day_by_day(world(one), 8)
    assert sent[0] == ["due_today"]
    assert all(len(kinds) == 1 for kinds in sent.values())
    assert sum(map(len, sent.values())) <= 4  # three in seven days, and the eighth


def test_planning_twice_writes_once(world) -> None:
    this = world()
    assert this.plan(on(0, "06:00")).new == {"overdue": 1}
    assert this.plan(on(0, "06:05")).new == {}
    this.send()
    assert this.plan(on(0, "11:00")).new == {}
    assert this.kinds == ["overdue"]


def test_a_dry_plan_writes_nothing(world) -> None:
    from kuanxin.store.portfolio import portfolio

    this = world()
    dry = this.planner.plan(portfolio(this.engine), on(0, "06:00"), dry=True)
    assert [cause.kind.value for cause in dry.causes] == ["overdue"]
    with this.engine.connect() as connection:
        assert connection.execute(select(notices)).all() == []


def test_who_has_no_number_gets_nothing_and_that_is_recorded(world) -> None:
    this = world(a_borrower(phone=""))
    this.plan()
    this.send()
    assert this.outbox.of("B1")[0].why == "no address"


def test_the_borrowers_own_hours_hold_in_the_outbox_too(world) -> None:
    from datetime import time

    this = world()
    this.outbox.wish("B1", "", time(20, 30), time(21, 30))
    this.plan(on(0, "06:00"))
    this.send(on(0, "19:59"))
    assert this.kinds == []
    this.send(on(0, "20:30"))
    assert this.kinds == ["overdue"]

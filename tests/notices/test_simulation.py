"""Thirty days of a thousand borrowers who pay, promise, fall silent, opt out, are in despair; over the turn of a year.

What goes out is judged by a record that the test keeps itself, not by the code that decided.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import insert

from kuanxin.servicing.model import ArrangementState, PaymentStatus
from kuanxin.servicing.quotes import PromiseToPay, Quote, ReInstalment
from kuanxin.servicing.service import QuoteStale
from kuanxin.servicing.wire import SHANGHAI
from kuanxin.store.tables_book import payments
from tests.notices.world import World, a_borrower

BEGIN = date(2026, 12, 14)
DAYS, BORROWERS = 30, 1000
# what the State Council announces for these weeks: New Year's Day with the weekend after it
PUBLIC_HOLIDAYS = {date(2027, 1, 1), date(2027, 1, 2), date(2027, 1, 3)}
ANSWERS = {"promise_confirmed", "arrangement_confirmed", "staff_replied", "sign_in_link"}
ASKS_FOR_MONEY = {"due_soon", "due_today", "overdue", "instalment_due", "broken_promise"}
HOLDS = ("opt_out", "dispute", "hardship", "self_harm", "human", "third_party")


@dataclass
class Life:
    """What happened to one borrower, as the test did it."""

    hours: tuple[time, time] = (time(9), time(20))
    held: list[tuple[datetime, datetime | None, str]] = field(default_factory=list)
    agreed: int = 0
    promised: dict[str, tuple[datetime, date, datetime | None]] = field(default_factory=dict)  # since, for, until
    reminders: dict[date, datetime] = field(default_factory=dict)
    sent: list[tuple[datetime, str, str]] = field(default_factory=list)


def test_thirty_days_of_a_thousand_borrowers(tmp_path) -> None:
    dice = random.Random(20261214)
    borrowers = [
        a_borrower(
            f"B{n}",
            due=f"today{dice.randint(-70, 20):+d}",
            phone=f"139{n:08}",
            instalments=5,
            paid_rows=dice.randint(0, 3),
            autopay=dice.random() < 0.3,
        )
        for n in range(BORROWERS)
    ]
    world = World(f"sqlite:///{tmp_path}/year.db", borrowers, now=at(BEGIN, "00:30"))
    lives = {f"B{n}": Life() for n in range(BORROWERS)}
    for who, life in lives.items():
        if dice.random() < 0.1:
            opens = dice.randint(6, 20)
            life.hours = (time(opens), time(min(opens + 3, 23), 30))
            world.outbox.wish(who, "", *life.hours)

    owed_at: dict[tuple[str, datetime], int] = {}
    for ahead in range(DAYS):
        day = BEGIN + timedelta(days=ahead)
        world.plan(at(day, "06:00"))
        for clock in ("00:10", "07:30", "08:30", "09:05", "12:00", "19:50", "21:40", "22:30"):
            now = at(day, clock)
            for who in dice.sample(sorted(lives), 6):
                something_happens(world, lives[who], who, now, dice)
            before = len(world.carrier.taken)
            world.send(now)
            world.later(300)
            for message in world.carrier.taken[before:]:
                lives[message.borrower_id].sent.append((now, message.kind, message.text))
                status = world.servicing.status(message.borrower_id, f"L-{message.borrower_id}", now)
                ahead_of_it = status.next_due and status.next_due.due_date <= day + timedelta(days=3)
                owed_at[message.borrower_id, now] = status.due.total or (
                    status.next_due.open.total if ahead_of_it else 0
                )

    total = defaultdict(int)
    for who, life in lives.items():
        judge(life, lambda now, who=who: owed_at[who, now])
        for _, kind, _ in life.sent:
            total[kind] += 1
    # the silence of a broken programme would pass every judgement
    assert set(total) >= {*ASKS_FOR_MONEY, "paid", "promise_confirmed", "arrangement_confirmed", "reminder"}
    assert sum(total.values()) > BORROWERS
    world.engine.dispose()


def something_happens(world: World, life: Life, who: str, now: datetime, dice: random.Random) -> None:
    loan = f"L-{who}"
    what = dice.choice(["pay", "pay", "promise", "promise", "plan", "hold", "reminder", "hand over"])
    if what == "pay":
        status = world.servicing.status(who, loan, now)
        amount = status.due.total or (status.next_due.open.total if status.next_due else 0)
        if amount:
            row = {"id": f"{loan}-{now:%d%H%M}", "loan_id": loan, "amount": amount, "paid_at": now}
            with world.engine.begin() as connection:
                connection.execute(insert(payments), {**row, "status": PaymentStatus.POSTED.value})
    elif what in ("promise", "plan"):
        request = (
            PromiseToPay(now.date() + timedelta(days=dice.randint(1, 5))) if what == "promise" else ReInstalment(6)
        )
        offered = world.servicing.quote(who, loan, request, now)
        if isinstance(offered, Quote):
            try:
                arrangement = world.servicing.commit(who, offered.hash, now, "确认")
            except QuoteStale:
                return
            life.agreed += 1
            if what == "promise":
                life.promised[arrangement.id] = (now, request.on, None)
    elif what == "hold":
        reason = dice.choice(HOLDS)
        days = dice.choice([None, 3, 10])
        until = now + timedelta(days=days) if days else None
        world.conversations.hold_reminders(world.talk(who, now), reason, now, until)
        known = [end for _, end, why in life.held if why == reason]
        longest = None if until is None or None in known else max([until, *known])
        life.held.append((now, longest, reason))
    elif what == "reminder":
        status = world.servicing.status(who, loan, now)
        due = status.next_due.due_date if status.next_due else None
        if due and due > now.date() + timedelta(days=1):
            on = max(due - timedelta(days=2), now.date())
            about = f"{due.year}年{due.month}月{due.day}日还款"
            world.conversations.set_reminder(world.talk(who, now), who, on, 2, about, now)
            life.reminders[on] = now
            life.held = [
                (since, min(end or now, now) if why == "opt_out" else end, why) for since, end, why in life.held
            ]
    else:
        conversation = world.talk(who, now)
        world.conversations.hand_over(conversation, "request", "normal", "想聊聊", now)
        life.held.append((now, None, "human"))
    running = {a.id for a in world.servicing.arrangements(who, now) if a.state is ArrangementState.ACTIVE}
    for one, (since, on, until) in life.promised.items():
        if until is None and one not in running:  # kept early, or another arrangement took its place
            life.promised[one] = (since, on, now)


def judge(life: Life, owed) -> None:
    counted: list[date] = []
    keys = set()
    for now, kind, text in life.sent:
        held = {why for since, end, why in life.held if since <= now and (end is None or now < end)}
        assert not held & {"self_harm", "third_party"}, (kind, held)
        assert (kind, text) not in keys, "the same text twice"
        keys.add((kind, text))
        if kind in ANSWERS:
            continue
        opens, closes = max(life.hours[0], time(8)), min(life.hours[1], time(22))
        assert opens <= now.time() < closes, (kind, now)
        assert now.date() not in PUBLIC_HOLIDAYS
        counted.append(now.date())
        assert not held & {"opt_out", "human"}, (kind, held)
        if kind in ASKS_FOR_MONEY:
            assert not held, (kind, held)
            assert owed(now) > 0, "nothing is owed or soon due"
            open_promises = [
                on
                for since, on, until in life.promised.values()
                if since <= now and now.date() <= on and (until is None or now < until)
            ]
            assert not open_promises, (kind, "a promise is running")
        if kind == "reminder":
            first = min(life.reminders)
            while first in PUBLIC_HOLIDAYS:  # what falls on a holiday comes before it
                first -= timedelta(days=1)
            assert first <= now.date()
    assert len(counted) == len(set(counted)), "two on one day"
    for day in counted:
        assert sum(day - timedelta(days=7) < other <= day for other in counted) <= 3
    broken = [now for now, kind, _ in life.sent if kind == "broken_promise"]
    assert len(broken) <= life.agreed


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), SHANGHAI)

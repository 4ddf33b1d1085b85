"""Who may be written to, and when: every boundary of the one place that decides."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuanxin.conversations.model import HOLD_REASONS, ReminderHold
from kuanxin.notices.policy import Contact, Later, Not, Now, Person, Weight, contact_day, decide, is_holiday
from kuanxin.servicing.wire import SHANGHAI

BANK = Contact()
MONDAY = date(2026, 11, 23)
PROACTIVE = [weight for weight in Weight if weight is not Weight.ANSWER]


def at(clock: str, on: date = MONDAY) -> datetime:
    return datetime.combine(on, time.fromisoformat(clock), SHANGHAI)


def asked(now: datetime, person: Person | None = None, weight: Weight = Weight.REMINDER, **more: object):
    expires = more.pop("expires", now + timedelta(days=20))
    return decide(weight, person or Person("B1"), more.pop("contact", BANK), now, expires, **more)


@pytest.mark.parametrize("weight", PROACTIVE)
@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("00:00", "09:00"),
        ("07:59:59", "09:00"),
        ("08:59:59", "09:00"),
        ("09:00", None),
        ("19:59:59", None),
        ("20:00", "next 09:00"),
        ("21:59:59", "next 09:00"),
        ("23:59:59", "next 09:00"),
    ],
)
def test_the_banks_hours(weight: Weight, clock: str, expected: str | None) -> None:
    decision = asked(at(clock), weight=weight)
    if expected is None:
        assert decision == Now()
    else:
        on = MONDAY + timedelta(days=expected.startswith("next"))
        assert decision == Later(at(expected.removeprefix("next "), on))


@pytest.mark.parametrize("clock", ["00:00", "03:30", "08:59", "20:00", "22:00", "23:59:59"])
def test_an_answer_goes_out_at_any_hour_and_on_a_holiday(clock: str) -> None:
    assert asked(at(clock), weight=Weight.ANSWER) == Now()
    assert asked(at(clock, date(2026, 10, 1)), weight=Weight.ANSWER) == Now()


@pytest.mark.parametrize(
    ("own", "clock", "expected"),
    [
        (("18:00", "21:30"), "12:00", "18:00"),  # later than the bank's
        (("18:00", "21:30"), "21:29:59", None),
        (("18:00", "21:30"), "21:30", "next 18:00"),
        (("08:00", "09:00"), "08:00", None),  # earlier than the bank's
        (("06:00", "23:30"), "07:59:59", "08:00"),  # never before 08:00 …
        (("06:00", "23:30"), "08:00", None),
        (("06:00", "23:30"), "21:59:59", None),
        (("06:00", "23:30"), "22:00", "next 08:00"),  # … and never after 22:00, whoever wishes it
    ],
)
def test_the_borrowers_own_hours_win(own: tuple[str, str], clock: str, expected: str | None) -> None:
    person = Person("B1", opens=time.fromisoformat(own[0]), closes=time.fromisoformat(own[1]))
    decision = asked(at(clock), person)
    if expected is None:
        assert decision == Now()
    else:
        on = MONDAY + timedelta(days=expected.startswith("next"))
        assert decision == Later(at(expected.removeprefix("next "), on))


def test_own_hours_that_lie_wholly_in_the_night_leave_none() -> None:
    night = Person("B1", opens=time(22, 30), closes=time(23))
    assert asked(at("12:00"), night) == Not("no hour is left for it")


def test_hours_are_those_of_shanghai() -> None:
    assert asked(datetime(2026, 11, 23, 0, 59, tzinfo=timezone.utc)) == Later(at("09:00"))  # 08:59 there
    assert asked(datetime(2026, 11, 23, 1, 0, tzinfo=timezone.utc)) == Now()


@pytest.mark.parametrize("weight", PROACTIVE)
def test_nothing_proactive_on_public_holidays(weight: Weight) -> None:
    # 30 September 2026 is a working day; the holiday lasts from 1 to 7 October, Sunday the 4th included
    assert asked(at("12:00", date(2026, 9, 30)), weight=weight) == Now()
    assert asked(at("20:00", date(2026, 9, 30)), weight=weight) == Later(at("09:00", date(2026, 10, 8)))
    assert asked(at("12:00", date(2026, 10, 5)), weight=weight) == Later(at("09:00", date(2026, 10, 8)))


def test_holidays_are_those_of_china() -> None:
    spring = [date(2026, 2, 14) + timedelta(days=n) for n in range(10)]
    assert all(map(is_holiday, spring))
    assert not is_holiday(date(2026, 2, 13))
    assert not is_holiday(date(2026, 2, 24))
    assert is_holiday(date(2026, 5, 3))  # the Sunday within the days of May
    assert not is_holiday(date(2026, 11, 22))  # a Sunday like any other
    assert is_holiday(date(2027, 1, 1))
    assert not is_holiday(date(2026, 12, 25))
    assert contact_day(date(2026, 10, 3)) == date(2026, 9, 30)
    assert contact_day(date(2026, 10, 8)) == date(2026, 10, 8)


def test_one_a_day() -> None:
    assert asked(at("12:00"), Person("B1", written_on=(MONDAY,))) == Later(at("09:00", MONDAY + timedelta(days=1)))
    assert asked(at("12:00"), Person("B1", written_on=(MONDAY - timedelta(days=1),))) == Now()


@pytest.mark.parametrize(
    ("days_ago", "waits_days"),
    [((6, 4, 2), 1), ((7, 4, 2), 0), ((6, 5, 4), 1), ((3, 2, 1), 4), ((5, 3), 0), ((20, 10, 8), 0)],
)
def test_three_in_seven_days(days_ago: tuple[int, ...], waits_days: int) -> None:
    """Any seven days in a row, the day itself among them, hold at most three."""
    written = tuple(MONDAY - timedelta(days=n) for n in days_ago)
    decision = asked(at("12:00"), Person("B1", written_on=written))
    assert decision == (Later(at("09:00", MONDAY + timedelta(days=waits_days))) if waits_days else Now())


def test_what_does_not_count_has_room_on_a_full_day() -> None:
    full = Person("B1", written_on=(MONDAY, MONDAY - timedelta(days=1), MONDAY - timedelta(days=2)))
    assert asked(at("12:00"), full, Weight.RESULT) == Now()
    assert asked(at("12:00"), full, Weight.ANSWER) == Now()
    assert isinstance(asked(at("12:00"), full, Weight.RECEIPT), Later)


HELD_BY = {
    Weight.ANSWER: {"self_harm", "third_party"},
    Weight.RESULT: {"self_harm", "third_party"},
    Weight.RECEIPT: {"self_harm", "third_party", "opt_out", "human"},
    Weight.WISHED: set(HOLD_REASONS),
    Weight.REMINDER: set(HOLD_REASONS),
}


@pytest.mark.parametrize("weight", list(Weight))
@pytest.mark.parametrize("reason", sorted(HOLD_REASONS))
def test_holds(weight: Weight, reason: str) -> None:
    person = Person("B1", (ReminderHold(reason, at("08:00")),))
    expected = Not(f"held: {reason}") if reason in HELD_BY[weight] else Now()
    assert asked(at("12:00"), person, weight) == expected


@pytest.mark.parametrize("reason", sorted(HOLD_REASONS))
def test_a_hold_ends_at_its_end(reason: str) -> None:
    person = Person("B1", (ReminderHold(reason, at("08:00"), until=at("12:00")),))
    assert asked(at("11:59:59"), person) == Not(f"held: {reason}")
    assert asked(at("12:00"), person) == Now()


@pytest.mark.parametrize("reason", sorted(HOLD_REASONS))
def test_a_reminder_wished_for_after_the_hold_began_passes_what_leaves_the_borrower_free(reason: str) -> None:
    person = Person("B1", (ReminderHold(reason, at("08:00")),))
    yields = reason in {"promise", "hardship", "dispute"}
    later = asked(at("12:00"), person, Weight.WISHED, asked_at=at("08:00:01"))
    earlier = asked(at("12:00"), person, Weight.WISHED, asked_at=at("07:59:59"))
    assert later == (Now() if yields else Not(f"held: {reason}"))
    assert earlier == Not(f"held: {reason}")


def test_from_its_end_on_a_notice_is_too_late() -> None:
    assert asked(at("12:00"), expires=at("12:00:01")) == Now()
    assert asked(at("12:00"), expires=at("12:00")) == Not("too late")
    assert asked(at("20:00"), expires=at("09:00", MONDAY + timedelta(days=1))) == Not("no hour is left for it")
    assert asked(at("20:00"), expires=at("09:01", MONDAY + timedelta(days=1))) == Later(
        at("09:00", MONDAY + timedelta(days=1))
    )
    assert asked(at("12:00"), weight=Weight.ANSWER, expires=at("12:00")) == Not("too late")


@given(
    weight=st.sampled_from(PROACTIVE),
    now=st.builds(
        datetime.combine, st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.times(timezones=st.just(SHANGHAI))
    ),
    own=st.none() | st.tuples(st.times(), st.times()),
    days_ago=st.lists(st.integers(0, 8), max_size=4),
)
def test_whatever_is_said_never_allows_what_is_forbidden(weight, now, own, days_ago) -> None:
    written = tuple(now.date() - timedelta(days=n) for n in days_ago)
    person = Person("B1", written_on=written, opens=own and own[0], closes=own and own[1])
    decision = asked(now, person, weight)
    if isinstance(decision, Not):
        return
    moment = decision.at if isinstance(decision, Later) else now
    assert moment >= now
    assert time(8) <= moment.time() < time(22)
    assert not is_holiday(moment.date())
    if weight is not Weight.RESULT:
        assert moment.date() not in written
        assert sum(moment.date() - timedelta(days=7) < on <= moment.date() for on in written) < 3

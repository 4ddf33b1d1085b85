"""Who may be written to, and when: the one place that decides. Pure: no clock, no database, no texts.

Never between 22:00 and 08:00, never on a public holiday of China, at most one notice a day and three in seven days over
all ways together; the borrower's own hours and way win; holds and opt-outs win over everything. A bank may be
stricter (`contact` in notices.yml), never laxer. What each rule rests on: docs/conduct.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Union

import holidays

from kuanxin.servicing.wire import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kuanxin.conversations.model import ReminderHold

EARLIEST, LATEST = time(8), time(22)  # nothing proactive before or after, whoever wishes it
MOST_A_DAY, MOST_IN_SEVEN_DAYS = 1, 3
SEVEN_DAYS = 7


class Weight(Enum):
    """What a notice is to the borrower; decides which rules bind it."""

    ANSWER = "answer"  # to what the borrower did this moment, or wrote: at any hour
    RESULT = "result"  # of what the borrower asked for and people decided: in contact hours
    RECEIPT = "receipt"  # money arrived
    WISHED = "wished"  # a reminder that the borrower set
    REMINDER = "reminder"  # everything else: nobody asked for it


@dataclass(frozen=True)
class Rules:
    any_hour: bool = False
    counts: bool = True  # towards the most a day and in seven days
    held_by: frozenset[str] = frozenset()


_ALWAYS = frozenset({"self_harm", "third_party"})  # no word about money, and not to somebody else's phone
_QUIET = _ALWAYS | {"opt_out", "human"}
_ALL = _QUIET | {"dispute", "hardship", "promise"}
RULES = {
    Weight.ANSWER: Rules(any_hour=True, counts=False, held_by=_ALWAYS),
    Weight.RESULT: Rules(counts=False, held_by=_ALWAYS),
    Weight.RECEIPT: Rules(held_by=_QUIET),
    Weight.WISHED: Rules(held_by=_ALL),
    Weight.REMINDER: Rules(held_by=_ALL),
}
# A reminder that was asked for later than one of these holds began is what the borrower wants in spite of it.
_YIELDS_TO_A_WISH = frozenset({"dispute", "hardship", "promise"})


@dataclass(frozen=True)
class Contact:
    """When proactive notices may go out, of a bank or of one borrower: from `opens` up to, not including, `closes`."""

    opens: time = time(9)
    closes: time = time(20)
    a_day: int = MOST_A_DAY
    in_seven_days: int = MOST_IN_SEVEN_DAYS


@dataclass(frozen=True)
class Person:
    """What is known about a borrower when a notice is about to go out."""

    borrower_id: str
    holds: tuple[ReminderHold, ...] = ()
    written_on: tuple[date, ...] = ()  # the days of notices that count, of the last seven days
    opens: time | None = None  # the borrower's own hours
    closes: time | None = None
    way: str = ""  # the borrower's own way; empty: SMS


@dataclass(frozen=True)
class Now:
    """It may go out at once."""


@dataclass(frozen=True)
class Later:
    at: datetime


@dataclass(frozen=True)
class Not:
    """It is not to go out any more; `why` is a word for the operator."""

    why: str


Decision = Union[Now, Later, Not]


def decide(
    weight: Weight,
    person: Person,
    contact: Contact,
    now: datetime,
    expires: datetime,
    asked_at: datetime | None = None,
) -> Decision:
    """Whether a notice goes out at `now` (aware), later, or not at all. From `expires` on it has no sense any more.

    `asked_at`: when the borrower set the reminder, for a notice that was wished for.
    """
    moment = now.astimezone(SHANGHAI)
    rules = RULES[weight]
    for hold in person.holds:
        if hold.reason in rules.held_by and _lasts(hold, moment) and not _wished_in_spite(hold, asked_at):
            return Not(f"held: {hold.reason}")
    if moment >= expires:
        return Not("too late")
    if rules.any_hour:
        return Now()
    at = next_moment(person, contact, moment, counts=rules.counts)
    if at is None or at >= expires:
        return Not("no hour is left for it")
    return Now() if at <= moment else Later(at)


def next_moment(person: Person, contact: Contact, now: datetime, *, counts: bool = True) -> datetime | None:
    """The first moment from `now` on at which this borrower may be written to; None within the next three weeks.

    The longest public holiday has nine days in a row.
    """
    opens, closes = hours(person, contact)
    if opens >= closes:
        return None
    for ahead in range(3 * SEVEN_DAYS):
        day = now.date() + timedelta(days=ahead)
        if is_holiday(day) or (counts and not _room(person.written_on, day, contact)):
            continue
        first, end = (datetime.combine(day, at, SHANGHAI) for at in (opens, closes))
        if now < end:
            return max(first, now)
    return None


def hours(person: Person, contact: Contact) -> tuple[time, time]:
    """The borrower's own hours or the bank's, within what is allowed at all."""
    opens, closes = person.opens or contact.opens, person.closes or contact.closes
    return max(opens, EARLIEST), min(closes, LATEST)


def contact_day(on: date) -> date:
    """The day itself, or the last one before it that is no public holiday."""
    while is_holiday(on):
        on -= timedelta(days=1)
    return on


def is_holiday(day: date) -> bool:
    """A public holiday of China, or a weekend that adjoins one: the State Council announces them as one holiday."""
    return day in _holidays(day.year)


@lru_cache(maxsize=8)
def _holidays(year: int) -> frozenset[date]:
    off = set(holidays.country_holidays("CN", years=(year - 1, year, year + 1)))
    for one in tuple(off):
        for step in (timedelta(days=-1), timedelta(days=1)):
            beside = one + step
            while beside.weekday() >= 5:
                off.add(beside)
                beside += step
    return frozenset(off)


def _room(written_on: Iterable[date], day: date, contact: Contact) -> bool:
    within = [on for on in written_on if day - timedelta(days=SEVEN_DAYS) < on <= day]
    return within.count(day) < contact.a_day and len(within) < contact.in_seven_days


def _lasts(hold: ReminderHold, now: datetime) -> bool:
    return hold.until is None or now < hold.until


def _wished_in_spite(hold: ReminderHold, asked_at: datetime | None) -> bool:
    return hold.reason in _YIELDS_TO_A_WISH and asked_at is not None and asked_at > hold.since

"""Sends what is due, each notice once: claim, look again whether it is wanted, prepare, carrier, settle.

A crash before `prepare` leaves the row waiting; after it the row says `sending`, and nobody sends such a row before the
carrier was asked what became of it. The text is made at the last moment, so its amounts are those of the sending.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kuanxin.identity.service import TICKET_LIFE
from kuanxin.notices.catalogue import NATURES, Catalogue, Kind
from kuanxin.notices.causes import day_of_wish, of_loan
from kuanxin.notices.length import sms_parts
from kuanxin.notices.policy import Later, Not, decide
from kuanxin.notices.ports import Accepted, Message, Refused, Unknown
from kuanxin.notices.wording import day, values_of
from kuanxin.servicing.ports import BookUnavailable, LoanNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kuanxin.identity.service import Identity
    from kuanxin.notices.policy import Person
    from kuanxin.notices.ports import Outcome, Way
    from kuanxin.servicing.model import Borrower
    from kuanxin.servicing.service import Servicing
    from kuanxin.store.outbox import Entry, Outbox

log = logging.getLogger(__name__)

SMS = "sms"
LOT = 20
ASK_AFTER_SECONDS = 120.0  # a carrier needs some time before it can tell
MOST_SECONDS_BETWEEN_ASKING = 3600.0
UNCLEAR_AFTER = timedelta(hours=24)
AGAIN_AFTER_MINUTES = (1, 5, 15, 60)  # after refusals that may be another answer later; then hourly
BOOK_DOWN_SECONDS = 60.0
LINK_LEFT_OUT = "（登录链接）"


class _NotWanted(Exception):
    """The cause is gone: paid, agreed, answered, replaced."""


@dataclass(frozen=True)
class _Wanted:
    """A notice with what it says now."""

    kind: Kind
    values: dict[str, str]
    asked_at: datetime | None = None  # of a reminder that the borrower set


class Sender:
    """Composed in kuanxin.bootstrap. `ways` has at least `sms`."""

    def __init__(
        self,
        outbox: Outbox,
        servicing: Servicing,
        identity: Identity,
        catalogue: Catalogue,
        ways: Mapping[str, Way],
    ) -> None:
        self._outbox = outbox
        self._servicing = servicing
        self._identity = identity
        self._catalogue = catalogue
        self.ways = ways

    def send_due(self, now: datetime, told: Callable[[str], None] = lambda state: None) -> int:
        """Handles everything that is due at `now` (aware) and free. How many; `told` hears what became of each."""
        handled = 0
        while entries := self._outbox.claim(now, LOT):
            for entry in entries:
                handled += 1
                try:
                    told(self._handle(entry, now))
                except BookUnavailable:
                    self._outbox.look_again(entry, BOOK_DOWN_SECONDS)
                    told("waiting")
        return handled

    def preview(self, entry: Entry, now: datetime, person: Person) -> tuple[str, str]:
        """What would become of a notice at `now`, and its text; nothing is written or sent. For a dry run."""
        try:
            wanted = self._wanted(entry, now, link=LINK_LEFT_OUT)
        except _NotWanted as gone:
            return f"withdrawn: {gone}", ""
        decision = self._decide(entry, wanted, person, now)
        borrower = self._servicing.book.borrower(entry.borrower_id)
        name, _, _ = self._reach(entry, borrower, person)
        if isinstance(decision, Not) or not name:
            return f"withdrawn: {decision.why if isinstance(decision, Not) else 'no address'}", ""
        if isinstance(decision, Later):
            return f"waits until {decision.at:%m-%d %H:%M}", ""
        return f"goes out by {name}", self._text(wanted, name)

    def _handle(self, entry: Entry, now: datetime) -> str:
        return self._ask(entry, now) if entry.state == "sending" else self._send(entry, now)

    # -- the first attempt, or one after a clear no ---------------------------------------------------------------

    def _send(self, entry: Entry, now: datetime) -> str:
        try:
            wanted = self._wanted(entry, now)
        except _NotWanted as gone:
            return self._end(entry, "withdrawn", str(gone), now)
        borrower = self._servicing.book.borrower(entry.borrower_id)
        prepared: list[tuple[Way, Message]] = []
        became = "waiting"

        def step(person: Person) -> dict[str, Any]:
            nonlocal became
            values, sending = self._step(entry, wanted, borrower, person, now)
            became = values["state"]
            prepared.extend(sending)
            return values

        if not self._outbox.prepare(entry, now, step):
            return became if became != "sending" else "waiting"
        way, message = prepared[0]
        attempt = replace(entry, state="sending", way=way.name, attempts=entry.attempts + 1, tried_at=now)
        return self._settle(attempt, _outcome(way.carrier.send, message), now)

    def _step(
        self, entry: Entry, wanted: _Wanted, borrower: Borrower | None, person: Person, now: datetime
    ) -> tuple[dict[str, Any], list[tuple[Way, Message]]]:
        """What is to be written before sending, and what is to be sent then."""
        decision = self._decide(entry, wanted, person, now)
        if isinstance(decision, Not):
            return {"state": "withdrawn", "why": decision.why, "ended_at": now}, []
        if isinstance(decision, Later):
            return {"state": "waiting", "not_before": decision.at, "claim": "", "claimed_until": 0.0}, []
        name, way, address = self._reach(entry, borrower, person)
        if way is None:
            return {"state": "withdrawn", "why": "no address", "ended_at": now}, []
        text = self._text(wanted, name)
        gaps = self._catalogue.gaps(wanted.kind, way.carrier.wording)
        values = {gap: {**wanted.values, "chat": self._catalogue.chat}[gap] for gap in gaps}
        message = Message(entry.id, entry.kind, entry.borrower_id, address, text, values, now)
        link = wanted.values.get("link")
        written = {
            "state": "sending",
            "why": "",
            "way": name,
            "reached": self._outbox.mark(address) if name == SMS else "",
            "attempts": entry.attempts + 1,
            "tried_at": now,
            "text": text.replace(link, LINK_LEFT_OUT) if link else text,
            "parts": sms_parts(text) if name == SMS else 0,
        }
        return written, [(way, message)]

    def _decide(self, entry: Entry, wanted: _Wanted, person: Person, now: datetime) -> Any:
        weight = NATURES[wanted.kind].weight
        return decide(weight, person, self._catalogue.hours, now, entry.expires_at, wanted.asked_at)

    def _reach(self, entry: Entry, borrower: Borrower | None, person: Person) -> tuple[str, Way | None, str]:
        """The borrower's own way where it reaches them and did not refuse this notice before, else SMS."""
        for name in dict.fromkeys((person.way or SMS, SMS)):
            way = self.ways.get(name)
            refused_before = entry.way == name != SMS
            address = way.address(borrower) if way and borrower and not refused_before else ""
            if address:
                return name, way, address
        return "", None, ""

    def _text(self, wanted: _Wanted, way: str) -> str:
        text = self._catalogue.text(wanted.kind, self.ways[way].carrier.wording, wanted.values)
        return self._catalogue.sms(text) if way == SMS else text

    # -- what came of it ------------------------------------------------------------------------------------------

    def _ask(self, entry: Entry, now: datetime) -> str:
        """An earlier attempt ended without a result."""
        way = self.ways.get(entry.way)
        borrower = self._servicing.book.borrower(entry.borrower_id)
        address = way.address(borrower) if way and borrower else ""
        message = Message(entry.id, entry.kind, entry.borrower_id, address, entry.text, {}, entry.tried_at)
        outcome: Outcome = _outcome(way.carrier.ask, message) if way else Unknown("the way is not set up any more")
        return self._settle(entry, outcome, now, asked=True)

    def _settle(self, entry: Entry, outcome: Outcome, now: datetime, asked: bool = False) -> str:
        if isinstance(outcome, Accepted):
            return self._end(entry, "sent", "", now, receipt=outcome.receipt)
        if isinstance(outcome, Unknown):
            tried_at = entry.tried_at or now
            if asked and now - tried_at >= UNCLEAR_AFTER:
                return self._end(entry, "unclear", outcome.reason[:200], now)
            log.warning("notice %s: no result (%s), will be asked for", entry.id, outcome.reason)
            since = (now - tried_at).total_seconds() if asked else 0.0
            self._outbox.look_again(entry, min(max(ASK_AFTER_SECONDS, since), MOST_SECONDS_BETWEEN_ASKING))
            return "sending"
        return self._refused(entry, outcome, now, asked)

    def _refused(self, entry: Entry, refused: Refused, now: datetime, asked: bool) -> str:
        """Certainly not sent: again by the same way until it is too late, by SMS where the own way does not take it, or
        not at all."""
        if not refused.again and entry.way == SMS:
            log.error("notice %s was refused: %s", entry.id, refused.reason)
            return self._end(entry, "failed", refused.reason[:200], now)
        wait = (
            AGAIN_AFTER_MINUTES[min(entry.attempts, len(AGAIN_AFTER_MINUTES)) - 1] if refused.again and not asked else 0
        )
        way = "" if refused.again else entry.way  # kept, it says that this way does not take the notice
        self._outbox.settle(
            entry,
            state="waiting",
            why=refused.reason[:200],
            way=way,
            not_before=now + timedelta(minutes=wait),
            claim="",
            claimed_until=0.0,
        )
        return "waiting"

    def _end(self, entry: Entry, state: str, why: str, now: datetime, **more: Any) -> str:
        self._outbox.settle(entry, state=state, why=why, ended_at=now, **more)
        return state

    # -- whether it is still wanted -------------------------------------------------------------------------------

    def _wanted(self, entry: Entry, now: datetime, link: str = "") -> _Wanted:
        """Raises _NotWanted, BookUnavailable."""
        kind = Kind(entry.kind)
        if kind is Kind.SIGN_IN_LINK:
            made = link or self._identity.sign_in_link(entry.about["conversation"], now)
            return _Wanted(kind, {"link": made, "minutes": str(TICKET_LIFE.seconds // 60)})
        if kind is Kind.STAFF_REPLIED:
            if self._outbox.last_said(entry.about["conversation"]) != int(entry.about["last_said"]):
                raise _NotWanted("the borrower was there")
            return _Wanted(kind, {})
        if kind is Kind.REMINDER:
            return self._wished(entry, now)
        try:
            status = self._servicing.status(entry.borrower_id, entry.about["loan"], now)
        except LoanNotFound:
            raise _NotWanted("no such loan") from None
        cause = next((c for c in of_loan(status, self._catalogue.timing) if c.key == entry.key), None)
        if cause is None:
            raise _NotWanted("no longer so")
        return _Wanted(kind, values_of(cause, status, self._servicing.policy, self._catalogue.timing.pay_until))

    def _wished(self, entry: Entry, now: datetime) -> _Wanted:
        about, on = entry.about["wish"], date.fromisoformat(entry.about["on"])
        wish = next((w for w in self._outbox.wishes([entry.borrower_id]) if (w.about, w.on) == (about, on)), None)
        if wish is None:
            raise _NotWanted("another day was set")
        due = day_of_wish(wish, self._servicing.statuses(entry.borrower_id, now))
        if due is None or due < now.date():
            raise _NotWanted("nothing is open on that day")
        return _Wanted(Kind.REMINDER, {"day": day(due)}, wish.asked_at)


def _outcome(call: Callable[[Message], Outcome], message: Message) -> Outcome:
    """A carrier that breaks leaves it open whether the notice went out."""
    try:
        return call(message)
    except Exception as fault:  # its text may hold personal data
        return Unknown(type(fault).__name__)

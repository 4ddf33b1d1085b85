"""One turn as an action sees it: who speaks, when, what was understood. Read from the tracker, never from the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kuanxin.bootstrap import services
from kuanxin.conversations.replies import Reply

if TYPE_CHECKING:
    from rasa_sdk import Tracker

    from kuanxin.bootstrap import Services
    from kuanxin.conversations.replies import Button, Card
    from kuanxin.servicing.model import Fen
    from kuanxin.servicing.service import Status


class NotVerified(Exception):
    """The answer needs a loan and nobody has signed in."""


class NotTheBorrower(Exception):
    """The writer said to be somebody else: no loan is discussed until a new sign-in."""


@dataclass(frozen=True)
class Answer:
    """What an action decided: replies in order, slots to set, an action to run next."""

    replies: tuple[Reply, ...] = ()
    slots: dict[str, Any] = field(default_factory=dict)
    followup: str | None = None


def say(
    text: str,
    card: Card | None = None,
    buttons: tuple[Button, ...] = (),
    slots: dict[str, Any] | None = None,
    followup: str | None = None,
) -> Answer:
    """An answer of one reply: most are."""
    return Answer((Reply(text, card, buttons),), slots or {}, followup)


def to_fen(yuan: Any) -> Fen | None:
    """An amount entity ("2300.00", yuan) in fen."""
    return None if yuan is None else int((Decimal(str(yuan)) * 100).to_integral_value())


def to_date(iso: str | None) -> date | None:
    return None if iso is None else date.fromisoformat(iso)


@dataclass(frozen=True)
class Turn:
    now: datetime
    conversation: str
    channel: str
    borrower: str | None
    text: str
    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    entities: tuple[dict[str, Any], ...]
    also: tuple[str, ...]
    perhaps: tuple[str, ...] | None  # what else it may have meant; None where it was understood for sure
    slots: dict[str, Any]
    safety_hold: bool
    third_party: bool
    first_contact: bool
    redacted: tuple[str, ...]
    sent_at: float | None = None  # seconds since 1970, where a platform stands between: kuanxin.conversations.timing

    @classmethod
    def of(cls, tracker: Tracker) -> Turn:
        message = tracker.latest_message or {}
        metadata = message.get("metadata") or _last_metadata(tracker)
        intent = message.get("intent") or {}
        return cls(
            now=datetime.fromisoformat(metadata["now"]),
            conversation=metadata["conversation"],
            channel=metadata["channel"],
            borrower=metadata.get("borrower"),
            text=message.get("text") or "",
            intent=intent.get("name") or "",
            confidence=intent.get("confidence") or 0.0,
            ranking=tuple((r["name"], r["confidence"]) for r in message.get("intent_ranking") or ()),
            entities=tuple(message.get("entities") or ()),
            also=tuple(wish["intent"] for wish in message.get("also") or ()),
            perhaps=None if message.get("perhaps") is None else tuple(message["perhaps"]),
            slots=dict(tracker.slots),
            safety_hold=bool(metadata.get("safety_hold")),
            third_party=bool(metadata.get("third_party")),
            first_contact=bool(metadata.get("first_contact")),
            redacted=tuple(metadata.get("redacted") or ()),
            sent_at=metadata.get("sent_at"),
        )

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def services(self) -> Services:
        return services()

    def entity(self, name: str) -> Any:
        """The last value of an entity in this message (what is said last corrects what was said before), or None."""
        values = [e["value"] for e in self.entities if e["entity"] == name and e.get("value") is not None]
        return values[-1] if values else None

    def must_be_borrower(self) -> str:
        """The verified borrower. Raises NotTheBorrower, NotVerified."""
        if self.third_party:
            raise NotTheBorrower
        if self.borrower is None:
            raise NotVerified
        return self.borrower

    @cached_property
    def statuses(self) -> tuple[Status, ...]:
        """All loans of the verified borrower, those in arrears first. Read once a turn."""
        return self.services.servicing.statuses(self.must_be_borrower(), self.now)

    @property
    def open_loans(self) -> tuple[Status, ...]:
        return tuple(status for status in self.statuses if not status.settled)

    @property
    def chosen(self) -> Status | None:
        """The loan that is talked about: the chosen one, else the one furthest in arrears."""
        open_loans = self.open_loans
        by_id = {status.loan.id: status for status in open_loans}
        wanted = self.entity("loan") or self.slots.get("loan")
        return by_id.get(wanted) or (open_loans[0] if open_loans else None)

    @property
    def known(self) -> Status | None:
        """Like `chosen`, for answers that are useful without figures too: None where nobody may be told any."""
        if self.borrower is None or self.third_party or self.safety_hold:
            return None
        return self.chosen


def _last_metadata(tracker: Tracker) -> dict[str, Any]:
    """rasa_sdk's latest_message carries no metadata; the user event does."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return dict(event.get("metadata") or {})
    raise LookupError("no message of a borrower in this conversation: actions answer messages only")

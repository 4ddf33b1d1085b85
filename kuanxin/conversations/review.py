"""What colleagues see of conversations: rows of the list, what was understood, notes, agreements. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kuanxin.conversations.model import Ticket

if TYPE_CHECKING:
    from datetime import datetime

    from kuanxin.conversations.model import Attention, Holder

Order = Literal["attention", "newest", "oldest"]


class NotHolding(Exception):
    """The conversation is not (or no longer) held by this colleague; nothing was written."""


class AlreadyClaimed(Exception):
    """Somebody else was quicker; nothing was written. The message is the colleague's login."""


class BorrowerWroteMeanwhile(Exception):
    """The borrower wrote something that the colleague has not seen; nothing was written."""


class AlreadyClosed(Exception):
    """The ticket is closed; nothing was written. The message is who closed it."""


@dataclass(frozen=True)
class Filters:
    """Which conversations; None asks for no limit. Days count by the last entry."""

    text: str = ""  # what borrower or colleague wrote, also inside words
    since: datetime | None = None
    until: datetime | None = None  # the first moment that no longer counts
    channel: str | None = None
    intent: str | None = None
    confidence_below: float | None = None
    fallback: bool | None = None
    handed_over: bool | None = None
    hardship: bool | None = None
    complaint: bool | None = None
    unfinished: bool | None = None
    reviewed: bool | None = None
    holder: Holder | None = None
    arrangement_kind: str | None = None
    arrangement_state: str | None = None
    said_at_least: int | None = None
    said_at_most: int | None = None
    rating_at_most: int | None = None
    tag: str | None = None
    borrower_id: str | None = None
    needs_me: bool = False  # something to look at that nobody has reviewed
    order: Order = "newest"


@dataclass(frozen=True)
class Summary:
    """A conversation as a row of the list."""

    id: str
    channel: str
    borrower_id: str | None
    opened_at: datetime
    last_at: datetime
    holder: Holder
    safety_hold: bool
    said: int
    attention: Attention
    fallback: bool
    hardship: bool
    complaint: bool
    handed_over: bool
    unfinished: bool
    lowest_confidence: float | None
    rating: int | None
    reviewed_at: datetime | None
    reviewed_by: str | None
    legal_hold: bool
    last_words: str = ""  # of the borrower
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    rows: tuple[Summary, ...]
    following: str | None  # the cursor of the next page


@dataclass(frozen=True)
class Understanding:
    """What the model made of one message of the borrower, and what the assistant did with it."""

    message_id: str
    at: datetime
    intent: str
    confidence: float
    runner_up: str | None
    runner_up_confidence: float | None
    fallback: bool
    actions: tuple[dict[str, Any], ...]
    entities: tuple[dict[str, Any], ...]
    slots: dict[str, Any]
    form: str | None
    model: str
    policy_version: str


@dataclass(frozen=True)
class Note:
    """What colleagues tell one another about a conversation."""

    at: datetime
    staff: str
    text: str


@dataclass(frozen=True)
class Agreement:
    """An arrangement and the conversation in which it was agreed; `state` as somebody last saw it."""

    id: str
    conversation_id: str
    borrower_id: str
    loan_id: str
    quote_hash: str
    kind: str
    state: str
    total: int  # fen
    agreed_at: datetime
    told_at: datetime | None = None


@dataclass(frozen=True)
class OpenTicket(Ticket):
    """A ticket as colleagues see it: whose it is, and how it was closed."""

    borrower_id: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Unclear:
    """A message for those who improve the model: not understood, or understood with little certainty."""

    conversation_id: str
    message_id: str
    at: datetime
    text: str
    intent: str
    confidence: float
    runner_up: str | None
    fallback: bool
    model: str


@dataclass(frozen=True)
class Head:
    """How far a conversation is, for a channel that follows it."""

    last_number: int
    holder: Holder
    staff_typing: bool

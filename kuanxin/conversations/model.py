"""What is known about a conversation: who holds it, what was said, what was asked of people. Plain immutable data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date, datetime

Holder = Literal["bot", "waiting", "human"]
Author = Literal["borrower", "assistant", "staff"]
Urgency = Literal["normal", "high", "urgent"]
URGENCIES: tuple[Urgency, ...] = ("normal", "high", "urgent")


class Attention(IntEnum):
    """How much a conversation wants a colleague's eye, until somebody reviewed it."""

    NOTHING = 0
    UNCLEAR = 1  # not understood, or rated badly
    HARDSHIP = 2
    HUMAN = 3
    COMPLAINT = 4
    DANGER = 5


TICKET_KINDS = frozenset({"payment", "dispute", "complaint", "scam", "waiver", "certificate", "other"})
HOLD_REASONS = frozenset({"opt_out", "dispute", "hardship", "promise", "self_harm", "human", "third_party"})


class ConversationNotFound(Exception):
    """No such conversation."""


class ConversationsUnavailable(Exception):
    """The records of conversations cannot be read or written at the moment; nothing was written."""


@dataclass(frozen=True)
class Conversation:
    id: str
    channel: str
    opened_at: datetime
    borrower_id: str | None = None  # who signed in last; whether that still holds is asked of kuanxin.identity
    signed_in_at: datetime | None = None  # when the bank saw the borrower sign in
    holder: Holder = "bot"
    safety_hold: bool = False  # somebody may be in danger: no talk of money until a person clears it
    third_party: bool = False  # the writer said to be somebody else: no loan facts until a new sign-in
    disclosed: bool = False  # the borrower was told to be talking to an AI assistant


@dataclass(frozen=True)
class Entry:
    """One line of the transcript. `number` counts from 1 within the conversation and is the cursor of a client."""

    number: int
    at: datetime
    author: Author
    text: str
    card: dict[str, Any] | None = None
    buttons: tuple[dict[str, str], ...] = ()  # {"id", "title"}
    verified: bool = False  # said while a borrower was signed in: may hold loan facts
    message_id: str | None = None  # of the borrower's message, on it and on the replies to it
    staff: str | None = None  # the colleague who wrote it


@dataclass(frozen=True)
class Recorded:
    """What became of a message of the borrower.

    `new`: to be answered now. Otherwise `entries` are the replies that it had, or `pending` says that another process
    is still at it.
    """

    new: bool
    pending: bool = False
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class IssuedButton:
    """A button that was shown in one conversation; what it means never left the server."""

    id: str
    title: str
    intent: str
    entities: dict[str, Any] = field(default_factory=dict)
    shown_at: float | None = None  # when a platform had taken it; None on pages, which say nothing of it


@dataclass(frozen=True)
class Handover:
    """A request for a person, open until somebody closes it."""

    id: int
    conversation_id: str
    reason: str
    urgency: Urgency
    summary: str
    waiting_since: datetime
    staffed: bool = False  # somebody is there at the moment of the request
    hardship: bool = False  # the borrower told of hardship in this conversation
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    first_reply_at: datetime | None = None


@dataclass(frozen=True)
class Ticket:
    number: str
    conversation_id: str
    kind: str
    subject: str
    text: str
    opened_at: datetime


@dataclass(frozen=True)
class ReminderHold:
    """Nothing proactive is sent while this lasts. `until` is the first moment at which it no longer holds."""

    reason: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Reminder:
    """A reminder that the borrower asked for."""

    borrower_id: str
    on: date
    days_before: int
    about: str

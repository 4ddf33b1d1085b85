"""What notices need from outside: ways to carry a text to a borrower. Each is a `Carrier`, in `kuanxin/gateways`.

A carrier is called from one thread at a time and may block for some seconds. It never sends on its own account again:
whether a message goes out once more is decided by the outbox (`kuanxin.notices.sender`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, Union

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from kuanxin.servicing.model import Borrower


@dataclass(frozen=True)
class Message:
    """One text for one borrower. `address` and `text` are personal data: never logged."""

    id: str  # 32 hex digits, the same at every attempt: a carrier that knows idempotency keys uses it as one
    kind: str  # of notices.yml: due_soon, overdue, …
    borrower_id: str
    address: str  # what the carrier reaches somebody by: a phone number, an openid, a conversation id
    text: str  # ready to read
    values: Mapping[str, str] = field(default_factory=dict)  # what stands in the gaps, in the order of the text
    tried_at: datetime | None = None  # the last attempt, for carriers that look messages up by their day


@dataclass(frozen=True)
class Accepted:
    """The carrier took it; it will not be sent again. `receipt` is its own number for it, where it gives one."""

    receipt: str = ""


@dataclass(frozen=True)
class Refused:
    """Certainly not sent. `again`: the same message may succeed later (over quota, busy); else the text cannot go."""

    reason: str  # a word or code for the operator, without personal data
    again: bool = False


@dataclass(frozen=True)
class Unknown:
    """It may have been sent: a connection broke, an answer never came. It is asked for before it is sent again."""

    reason: str


Wording = Literal["full", "neutral"]
Outcome = Union[Accepted, Refused, Unknown]


class Carrier(Protocol):
    """A way to borrowers: an SMS gateway, the customer-service messages of WeChat, a folder."""

    @property
    def wording(self) -> Wording:
        """`full` on a line of the bank's own, `neutral` wherever others read along (clouds, lock screens)."""

    def send(self, message: Message) -> Outcome:
        """One attempt. Whatever is not a clear yes or no of the carrier is `Unknown`; never raises for a fault."""

    def ask(self, message: Message) -> Outcome:
        """What became of an attempt whose result is unknown; asked some minutes after it.

        `Accepted`: it was sent. `Refused(again=True)`: the carrier never got it, so it goes out once more.
        `Unknown`: cannot be told (yet); always this where the carrier cannot be asked, and then it is not sent again.
        """


@dataclass(frozen=True)
class Way:
    """A carrier under its name, and where it finds a borrower; an empty address: not by this way."""

    name: str  # sms, wechat, …
    carrier: Carrier
    address: Callable[[Borrower], str]

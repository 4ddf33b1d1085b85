"""What a channel without a connection of its own needs kept: what came in, and how far each address was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Received:
    """Something that came in: a text, a button of ours, or an event by its `kind`."""

    channel: str
    address: str
    message_id: str  # of the platform, unique in the channel
    kind: str = "text"
    text: str | None = None
    button: str | None = None
    sent_at: float | None = None  # seconds since 1970, by the platform's clock; None where it gives none


@dataclass(frozen=True)
class Told:
    """How far an address was told a conversation: entries up to `number`, and so many parts of the next one."""

    number: int = 0
    part: int = 0


class Inbox(Protocol):
    """What came in, kept until it was answered: a platform that got our receipt does not send it again."""

    def keep(self, received: Received, lease: float) -> bool:
        """False where this message came before, however long ago."""

    def unfinished(self, channel: str, lease: float) -> tuple[Received, ...]:
        """What nobody is working at any more; given out again for `lease` seconds."""

    def done(self, received: Received) -> None: ...

    def ours(self, channel: str, address: str, message_ids: Iterable[str]) -> frozenset[str]:
        """Which of these messages came from that address."""


class Deliveries(Protocol):
    def told(self, channel: str, address: str, conversation_id: str) -> Told: ...

    def tell(self, channel: str, address: str, told: Mapping[str, Told]) -> None:
        """Sets how far an address was told each conversation."""

    def behind(self, channel: str) -> tuple[str, ...]:
        """Addresses that wrote within two days, still take messages, and were not told everything yet."""


class SharedValues(Protocol):
    """Small values that all workers share, and locks on them."""

    def get(self, name: str) -> str | None:
        """None where there is none or it expired."""

    def put(self, name: str, value: str, seconds: float | None = None) -> None:
        """Keeps a value, for so long."""

    def lock(self, name: str, seconds: float) -> str | None:
        """The key of a lock that ends by itself after `seconds`; None while somebody else has it."""

    def unlock(self, name: str, key: str) -> None: ...

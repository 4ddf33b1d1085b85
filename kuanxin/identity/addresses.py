"""Who writes from a WeChat account or another address: somebody, until a sign-in link binds it to a borrower.

An address that is bound to nobody has a conversation of its own, whose id cannot be guessed. Bound, it takes part in
the borrower's one conversation (`b-<borrower>`), the same as on the bank's page. A binding ends after some months, when
the borrower or the operator ends it, or when another address of the channel is bound; then the address begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kuanxin.identity.service import Speaker

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Address:
    """`choices` are the ids of the buttons shown there last, `quota` the messages that its platform still takes."""

    channel: str
    address: str
    conversation_id: str  # while it is bound to nobody
    borrower_id: str | None = None
    bound_at: datetime | None = None
    choices: tuple[str, ...] = ()
    quota: int = 0

    @property
    def speaker(self) -> Speaker:
        if self.borrower_id is None:
            return Speaker(self.conversation_id)
        return Speaker(f"b-{self.borrower_id}", self.borrower_id, self.bound_at)

    @property
    def conversations(self) -> tuple[str, ...]:
        """Where somebody may have said something to this address, the oldest first."""
        return tuple(dict.fromkeys((self.conversation_id, self.speaker.conversation_id)))


class Addresses(Protocol):
    """Keeps addresses. Each method is one transaction. Binding happens where a ticket is redeemed."""

    def arrive(self, channel: str, address: str, now: datetime) -> Address:
        """Somebody writes: the address, made where it is new, begun anew where its binding is over."""

    def find(self, channel: str, address: str) -> Address | None: ...

    def bindings(self, borrower_id: str | None = None) -> tuple[tuple[Address, datetime], ...]:
        """What is bound (to one borrower), with the moment at which it ends."""

    def release(self, borrower_id: str, channel: str | None = None) -> int:
        """Ends the bindings of a borrower, in one channel or in all; how many there were."""

    def shown(self, address: Address, choices: tuple[str, ...]) -> None:
        """The platform has taken a message: these are the choices under it, shown from this moment on."""

    def not_shown(self, address: Address, choices: tuple[str, ...]) -> None:
        """What the platform had taken did not arrive: nobody saw these choices."""

    def grant(self, address: Address, quota: int) -> None:
        """Sets how many messages the platform still takes."""

    def begin_sending(self, address: Address, seconds: float) -> bool:
        """Whether nobody else is sending there; nobody else may for so long."""

    def end_sending(self, address: Address, pause: float = 0.0) -> None: ...

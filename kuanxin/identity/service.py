"""Who is speaking: a borrower whom the bank vouches for, or a visitor.

Calls with a `now` block on the database: channels and actions make them from a thread.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode, urlsplit

from kuanxin.identity.tokens import TokenRefused

if TYPE_CHECKING:
    from kuanxin.identity.tokens import BankTokens, VisitorTokens

TICKET_LIFE = timedelta(minutes=10)


class SignInRefused(Exception):
    """The ticket is unknown, used or expired, or its conversation belongs to another borrower. Nothing was bound."""


@dataclass(frozen=True)
class Speaker:
    """Who holds a token. `borrower_id` is None for a visitor, who may have signed in through a link all the same."""

    conversation_id: str
    borrower_id: str | None = None
    signed_in_at: datetime | None = None  # when the bank saw the borrower sign in (real time)


@dataclass(frozen=True)
class SignIn:
    """A conversation that a borrower signed in to through a link.

    Where an address of another channel asked (`kuanxin.identity.addresses`), it is bound now: `conversation_id` is the
    borrower's own and `asked_in` the one in which the address was until then.
    """

    conversation_id: str
    borrower_id: str
    signed_in_at: datetime
    expires_at: datetime
    asked_in: str | None = None


class SignInStore(Protocol):
    """Keeps tickets and sign-ins. Each method is one transaction."""

    def keep_ticket(self, ticket_hash: str, conversation_id: str, expires_at: datetime, now: datetime) -> None: ...

    def redeem(
        self,
        ticket_hash: str,
        borrower_id: str,
        signed_in_at: datetime,
        now: datetime,
        expires_at: datetime,
        bound_until: datetime,
    ) -> SignIn:
        """Uses a ticket up, once whoever asks, and binds its conversation, or its address until `bound_until`.

        Raises SignInRefused.
        """

    def sign_in_of(self, conversation_id: str) -> SignIn | None:
        """The sign-in of a conversation, unless it was revoked."""

    def revoke(self, conversation_id: str, now: datetime) -> None: ...

    def sign_out(self, conversation_id: str, borrower_id: str | None, now: datetime) -> bool:
        """Ends the sign-in of a conversation and the bindings of a borrower; whether there was any."""


class Identity:
    """Composed in kuanxin.bootstrap."""

    def __init__(
        self,
        bank: BankTokens,
        visitors: VisitorTokens,
        store: SignInStore,
        sign_in_url: str,
        sign_in_life: timedelta,
        binding_life: timedelta = timedelta(days=90),
    ) -> None:
        self._bank = bank
        self._visitors = visitors
        self._store = store
        self._sign_in_url = sign_in_url
        self._sign_in_life = sign_in_life
        self._binding_life = binding_life

    def speaker(self, token: str) -> Speaker:
        """Whom a bearer token stands for: a bank's token or a visitor's. Raises TokenRefused."""
        try:
            return Speaker(self._visitors.read(token))
        except TokenRefused as refused:
            if refused.expired:  # signed by us: no other key needs to be tried
                raise
        said = self._bank.read(token)
        if said.ticket is not None:  # an assertion passes between servers; as a bearer token it was stolen
            raise TokenRefused
        return Speaker(f"b-{said.borrower_id}", said.borrower_id, _moment(said.signed_in_at))

    def new_visitor(self) -> tuple[str, str]:
        """A conversation id for somebody who has not signed in, and the token for it."""
        return self._visitors.issue()

    def sign_in_link(self, conversation_id: str, now: datetime) -> str:
        """A link to the bank's sign-in page, for this conversation only: it works once, for ten minutes."""
        ticket = secrets.token_urlsafe(32)
        self._store.keep_ticket(_hash(ticket), conversation_id, now + TICKET_LIFE, now)
        separator = "&" if urlsplit(self._sign_in_url).query else "?"
        return f"{self._sign_in_url}{separator}{urlencode({'ticket': ticket})}"

    def sign_in(self, assertion: str, now: datetime) -> SignIn:
        """Binds the conversation of a ticket to the borrower that the bank's assertion names, for some time.

        Each assertion is one sign-in: the bank's page asked the person. A conversation that another borrower signed in
        to is never bound again: its transcript is not theirs.
        Raises TokenRefused, SignInRefused.
        """
        said = self._bank.read(assertion)
        if said.ticket is None:
            raise TokenRefused
        return self._store.redeem(
            _hash(said.ticket),
            said.borrower_id,
            _moment(said.issued_at),
            now,
            now + self._sign_in_life,
            now + self._binding_life,
        )

    def borrower_of(self, conversation_id: str, now: datetime) -> str | None:
        """The borrower who signed in to a conversation through a link; None when nobody did or the time is over."""
        found = self._store.sign_in_of(conversation_id)
        return found.borrower_id if found and found.expires_at > now else None

    def revoke(self, conversation_id: str, now: datetime) -> None:
        """Ends the sign-in of a conversation at once; a new link may be asked for."""
        self._store.revoke(conversation_id, now)

    def sign_out(self, conversation_id: str, borrower_id: str | None, now: datetime) -> bool:
        """Ends the sign-in of a conversation and the bindings of a borrower; whether there was any."""
        return self._store.sign_out(conversation_id, borrower_id, now)


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)

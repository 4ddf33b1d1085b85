"""Signed tokens: the bank's (who signed in there) and our own for visitors (which conversation is theirs).

Which algorithm and key check a token is configuration; nothing inside a token chooses it.
"""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt

# A conversation id is made of it, and it is part of URLs of the bank's loan system.
BORROWER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
LEEWAY_SECONDS = 30  # clocks of two machines differ

VISITOR_AUDIENCE = "kuanxin-visitor"
VISITOR_DAYS = 7


class TokenRefused(Exception):
    """A token proves nothing. `expired`: it once did, a new one helps."""

    def __init__(self, expired: bool = False) -> None:
        super().__init__("the token expired" if expired else "the token is not valid")
        self.expired = expired


@dataclass(frozen=True)
class BankToken:
    """What the bank said: this borrower signed in then, and it said so at `issued_at` (seconds since 1970).

    `ticket` is set in an assertion that binds a conversation, and never in a token that a browser holds.
    """

    borrower_id: str
    signed_in_at: int
    issued_at: int
    ticket: str | None = None


class BankTokens:
    """Checks tokens that the bank's page or back end signed."""

    def __init__(self, key: str, algorithm: str, audience: str, max_age_seconds: int) -> None:
        self._key = key
        self._algorithm = algorithm
        self._audience = audience
        self._max_age = max_age_seconds

    def read(self, token: str) -> BankToken:
        """Raises TokenRefused."""
        claims = _decode(token, self._key, self._algorithm, self._audience)
        borrower, ticket = claims["sub"], claims.get("ticket")
        issued, signed_in = claims["iat"], claims.get("auth_time", claims["iat"])
        if not isinstance(borrower, str) or not BORROWER_ID.fullmatch(borrower):
            raise TokenRefused
        if not (ticket is None or (isinstance(ticket, str) and ticket)):
            raise TokenRefused
        if {type(issued), type(signed_in)} - {int, float} or not 0 < signed_in <= issued + LEEWAY_SECONDS:
            raise TokenRefused
        if time.time() - issued > self._max_age + LEEWAY_SECONDS:
            raise TokenRefused(expired=True)
        return BankToken(borrower, int(signed_in), int(issued), ticket)


class VisitorTokens:
    """Issues and checks tokens of people who did not sign in. The conversation id inside cannot be guessed."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def issue(self) -> tuple[str, str]:
        """A new conversation id and the token for it."""
        now, conversation_id = int(time.time()), f"v-{uuid.uuid4().hex}"
        claims = {"sub": conversation_id, "aud": VISITOR_AUDIENCE, "iat": now, "exp": now + VISITOR_DAYS * 86400}
        return conversation_id, jwt.encode(claims, self._secret, "HS256")

    def read(self, token: str) -> str:
        """The conversation id. Raises TokenRefused."""
        return str(_decode(token, self._secret, "HS256", VISITOR_AUDIENCE)["sub"])


def _decode(token: str, key: str, algorithm: str, audience: str) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            leeway=LEEWAY_SECONDS,
            options={"require": ["sub", "aud", "iat", "exp"]},
        )
    except jwt.ExpiredSignatureError:
        raise TokenRefused(expired=True) from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):  # the last three: absurd numbers, broken text
        raise TokenRefused from None

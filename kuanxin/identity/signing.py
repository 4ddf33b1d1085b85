"""Signs tokens as a bank's back end does: for the demo page, the terminal chat and tests. docs/integration/tokens.md"""

from __future__ import annotations

import time

import jwt


def sign_as_bank(
    key: str,
    borrower_id: str,
    audience: str = "kuanxin",
    algorithm: str = "HS256",
    ticket: str | None = None,
    lifetime_seconds: int = 900,
) -> str:
    """A token for a borrower who signed in this moment; with a ticket, the assertion that binds a conversation."""
    now = int(time.time())
    claims = {"sub": borrower_id, "aud": audience, "iat": now, "auth_time": now, "exp": now + lifetime_seconds}
    if ticket is not None:
        claims["ticket"] = ticket
    return jwt.encode(claims, key, algorithm)

"""Who holds a token, and until when a connection may rest on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from kuanxin.identity.tokens import TokenRefused

if TYPE_CHECKING:
    from kuanxin.identity.service import Identity, Speaker


@dataclass(frozen=True)
class Proof:
    speaker: Speaker
    expires_at: float  # seconds since 1970, real time

    @property
    def seconds_left(self) -> float:
        return self.expires_at - time.time()


def prove(identity: Identity, token: Any, max_age_seconds: int) -> Proof:
    """Raises TokenRefused. A token lasts until its `exp`, and no longer than the maximum age after its `iat`."""
    if not isinstance(token, str):
        raise TokenRefused
    speaker = identity.speaker(token)
    claims = jwt.decode(token, options={"verify_signature": False})  # `speaker` verified it
    limit = claims["iat"] + max_age_seconds if speaker.borrower_id else claims["exp"]
    proof = Proof(speaker, min(claims["exp"], limit))
    if proof.seconds_left <= 0:  # the leeway is for clocks that differ, no connection lives in it
        raise TokenRefused(expired=True)
    return proof

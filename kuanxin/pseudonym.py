"""What stands for a conversation wherever its id, made of a borrower's, must not stand: in logs and in events."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from kuanxin.settings import read_settings


def pseudonym(conversation_id: str) -> str:
    """16 hex digits, the same in every process of an installation (they share the key in KUANXIN_VAR).

    Without the key nobody can tell the conversation from it, with the key whoever knows a borrower's id can.
    """
    return hmac.new(_key(), conversation_id.encode(), hashlib.sha256).hexdigest()[:16]


@lru_cache(maxsize=1)
def _key() -> bytes:
    return read_settings().own_secret("pseudonyms").encode()

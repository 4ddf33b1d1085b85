"""Seals messages as WeChat and WeCom do, by the platforms' published rules; shares no code with the connectors."""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def seal(aes_key: str, receiver: str, text: str) -> str:
    """16 random bytes, length, text, receiver; padded to 32; AES-256-CBC with the key's first half; base64."""
    key = base64.b64decode(aes_key + "=")
    body = text.encode()
    plain = secrets.token_bytes(16) + struct.pack(">I", len(body)) + body + receiver.encode()
    fill = 32 - len(plain) % 32
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(plain + bytes([fill]) * fill) + cipher.finalize()).decode()


def sealed_request(
    token: str, aes_key: str, receiver: str, inner: str, age: float = 0, forged: bool = False
) -> tuple[dict[str, str], bytes]:
    """Query and body of one callback. `forged`: signed without knowing the token."""
    stamp, nonce = str(int(time.time() - age)), secrets.token_hex(5)
    encrypted = seal(aes_key, receiver, inner)
    known = "guessed" if forged else token
    query = {
        "signature": signature(known, stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": signature(known, stamp, nonce, encrypted),
    }
    body = f"<xml><ToUserName><![CDATA[to]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return query, body.encode()

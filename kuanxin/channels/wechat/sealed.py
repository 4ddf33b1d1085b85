"""Opens what WeChat and WeCom post: signed, encrypted, fresh. Plain-text mode is refused.

The signature is compared in constant time and before anything of the body is decrypted or believed; wechatpy, which
decrypts, compares it with `!=`.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.crypto import WeChatCrypto as OfficialCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.work.crypto import WeChatCrypto as WorkCrypto

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 64 * 1024
FRESH_SECONDS = 300


class NotBelieved(Exception):
    """A request that is not from the platform, not fresh, or not sealed. `status` is an HTTP status."""

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.status = status


class Seal:
    """Token and key of one callback address, as they stand in the platform's console."""

    def __init__(self, token: str, aes_key: str, receiver: str, work: bool = False) -> None:
        """`receiver` is the app id (`work`: the corporation's id) that every message names."""
        self._token = token
        self._crypto = (WorkCrypto if work else OfficialCrypto)(token, aes_key, receiver)
        self._work = work

    def open(self, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The message inside. Raises NotBelieved."""
        if len(body) > MOST_BYTES:
            raise NotBelieved("too large", 413)
        sealed = _xml(body).get("Encrypt")
        if not isinstance(sealed, str) or (not self._work and query.get("encrypt_type") != "aes"):
            raise NotBelieved("not in the encrypted mode")
        self._check(query, query.get("msg_signature", ""), sealed)
        return _xml(self._decrypt(query, sealed, query["msg_signature"]).encode())

    def echo(self, query: Mapping[str, str]) -> str:
        """What the platform wants to see when an address is set up. Raises NotBelieved."""
        echo = query.get("echostr", "")
        if self._work:
            self._check(query, query.get("msg_signature", ""), echo)
            return self._decrypt(query, echo, query["msg_signature"])
        self._check(query, query.get("signature", ""))
        return echo

    def _check(self, query: Mapping[str, str], signature: str, *sealed: str) -> None:
        moment = query.get("timestamp", "")
        parts = sorted((self._token, moment, query.get("nonce", ""), *sealed))
        expected = hashlib.sha1("".join(parts).encode()).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise NotBelieved("wrong signature")
        if not (moment.isascii() and moment.isdigit()) or abs(time.time() - int(moment)) > FRESH_SECONDS:
            raise NotBelieved("not fresh")

    def _decrypt(self, query: Mapping[str, str], sealed: str, signature: str) -> str:
        try:
            if self._work:
                opened = self._crypto.check_signature(signature, query["timestamp"], query["nonce"], sealed)
            else:
                envelope = {"Encrypt": sealed}
                opened = self._crypto.decrypt_message(envelope, signature, query["timestamp"], query["nonce"])
        except (WeChatException, binascii.Error, ValueError, IndexError, KeyError, OverflowError):
            raise NotBelieved("cannot be opened with this key, or is for another account") from None
        except Exception as error:  # struct.error of a message that is too short
            raise NotBelieved(f"cannot be opened ({type(error).__name__})") from None
        return str(opened)


def _xml(body: bytes) -> dict[str, Any]:
    """xmltodict refuses entities; what is no flat message is refused here."""
    try:
        found = xmltodict.parse(body.decode()).get("xml")
    except (ExpatError, ValueError, AttributeError):
        raise NotBelieved("not a message", 400) from None
    if not isinstance(found, dict):
        raise NotBelieved("not a message", 400)
    return found

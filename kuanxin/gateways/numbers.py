"""Phone numbers of the mainland as gateways want them."""

from __future__ import annotations

MAINLAND_DIGITS = 11


def mainland(phone: str) -> str:
    """The eleven digits without the country; what is no such number stays as it is, for the gateway to refuse."""
    digits = "".join(c for c in phone if c.isascii() and c.isdigit())
    return digits.removeprefix("86") if len(digits) == MAINLAND_DIGITS + 2 else digits

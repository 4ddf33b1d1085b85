"""Fen: rounding, splitting, and how an amount is written in yuan.

The rounding mode is a term of the product. The two modes differ only on exact halves (2.5 fen: HALF_UP 3, HALF_EVEN 2).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from kuanxin.servicing.model import Fen, Rounding

EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)
"""The context of every unrounded figure: wide enough for sums of sums, whatever context the calling thread has set."""

_MODES = {Rounding.HALF_UP: ROUND_HALF_UP, Rounding.HALF_EVEN: ROUND_HALF_EVEN}
_NOISE = Decimal("1e-12")
_ONE = Decimal(1)
_YUAN = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,2})?", re.ASCII)


def round_fen(x: Decimal, mode: Rounding) -> Fen:
    """A figure in fen to whole fen.

    Differences below a trillionth of a fen are dropped first: 1/3 + 1/6 of a fen, each cut off after 40 digits, is a
    half, and a half must be rounded as a half.
    """
    return int(x.quantize(_NOISE, ROUND_HALF_EVEN, EXACT).quantize(_ONE, _MODES[mode], EXACT))


def split_evenly(total: Fen, rows: int, mode: Rounding, multiple: Fen = 1) -> tuple[Fen, ...]:
    """`total` fen over `rows` rows: each the rounded share (in multiples of `multiple` fen), the last what remains.

    The parts sum to `total`. Where the shares were rounded up and run out early, the rows at the end are smaller or
    zero, never negative. Raises ValueError for a negative total, no rows, or a multiple below one.
    """
    if total < 0 or rows < 1 or multiple < 1:
        raise ValueError(f"cannot split {total} fen over {rows} rows in multiples of {multiple}")
    share = round_fen(EXACT.divide(Decimal(total), Decimal(rows * multiple)), mode) * multiple
    parts = []
    left = total
    for _ in range(rows - 1):
        part = min(share, left)
        parts.append(part)
        left -= part
    return (*parts, left)


def yuan(fen: Fen) -> str:
    """123456 → "1234.56"; -5 → "-0.05". No thousands separators, so that a figure can be copied into a payment."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole}.{rest:02d}"


def parse_yuan(text: str) -> Fen:
    """ "1,234.56", "1234.5", "1234" → fen, exactly. Raises ValueError for anything else, a third decimal included."""
    written = text.strip()
    if not _YUAN.fullmatch(written):
        raise ValueError(f"not an amount in yuan with at most two decimals: {text!r}")
    return int(Decimal(written.replace(",", "")) * 100)

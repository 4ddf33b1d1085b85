"""Offers side by side as a picture: what a month costs and what all of it costs. Only where there are several."""

from __future__ import annotations

import io
from typing import Any

from kuanxin.documents.confirmation import FONT
from kuanxin.servicing.words import money

INK, QUIET, BRAND, SOFT = "#1c2522", "#57635e", "#1f6b4f", "#d5e5dd"
WIDE, HIGH_EACH, HIGH_REST = 6.0, 1.05, 0.7  # inches, 150 dots each


def offers_picture(card: dict[str, Any]) -> bytes | None:
    """A PNG for a card of kind "offers" with two or more; None for any other card."""
    offers = (card.get("data") or {}).get("offers") or []
    if card.get("kind") != "offers" or len(offers) < 2:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # heavy, and needed for this only
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    font, small = FontProperties(fname=str(FONT), size=13), FontProperties(fname=str(FONT), size=11)
    figure = Figure(figsize=(WIDE, HIGH_REST + HIGH_EACH * len(offers)), dpi=150, facecolor="white")
    axes = figure.add_axes([0.04, 0.02, 0.92, 0.86])
    most = max(offer["monthly"] for offer in offers)
    for place, (offer, row) in enumerate(zip(offers, card["rows"], strict=True)):
        axes.barh(place, offer["monthly"] / most, height=0.3, color=BRAND)
        axes.barh(place, 1, height=0.3, color=SOFT, zorder=0)
        words = f"第{row[0]}个  {row[1]}，每期最多{money(offer['monthly'])}"
        axes.text(0, place - 0.24, words, fontproperties=font, color=INK, va="bottom")
        axes.text(
            1, place + 0.2, f"总共{money(offer['total'])}", fontproperties=small, color=QUIET, va="top", ha="right"
        )
    axes.set_ylim(len(offers) - 0.4, -0.7)
    axes.set_xlim(0, 1)
    axes.axis("off")
    figure.text(0.04, 0.93, "每期要还多少", fontproperties=font, color=INK, va="center")
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()

"""What the assistant says, described once: channels with cards show cards, others the text that `as_text` makes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any


@dataclass(frozen=True)
class Button:
    """A choice. `intent` and `entities` stay on the server: a channel sees an id and the title."""

    title: str
    intent: str
    entities: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """Figures to look at. `kind` tells a widget how to draw it; facts, table and notes are enough to read it as text.

    Kinds: loan, offers, schedule, consent, arrangement, payment_methods, comparison, ticket, support, sign_in, input.
    `data` holds raw values (fen, ISO dates) for charts and pickers.
    """

    kind: str
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Reply:
    """One message of the assistant."""

    text: str
    card: Card | None = None
    buttons: tuple[Button, ...] = ()


def as_text(reply: dict[str, Any], first: int = 1) -> str:
    """A reply as a channel hands it on ({text, card, buttons: [{title}]}), as plain text: for channels without cards.

    Facts and rows become lines, buttons become choices numbered from `first`.
    """
    card = reply.get("card") or {}
    lines = [reply.get("text") or "", *_card_lines(card)]
    lines += [f"{number}. {button['title']}" for number, button in enumerate(reply.get("buttons") or (), first)]
    return "\n".join(line for line in lines if line)


def _card_lines(card: dict[str, Any]) -> list[str]:
    lines = [f"【{card['title']}】"] if card.get("title") else []
    lines += [f"{label}：{value}" for label, value in card.get("facts") or ()]
    columns = card.get("columns") or ()
    for row in card.get("rows") or ():
        cells = zip_longest(columns, row, fillvalue="")
        lines.append("，".join(f"{column}{value}" for column, value in cells if value))
    return [*lines, *(card.get("notes") or ())]

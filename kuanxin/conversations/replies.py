"""What the assistant says, described once: channels with cards show cards, others the text that `as_text` makes of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
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

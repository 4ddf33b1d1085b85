"""Draws replies in a terminal: text, cards as tables, buttons with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType

NAMES = {"assistant": ("宽心", "bold green"), "staff": ("同事", "bold magenta"), "borrower": ("您", "bold cyan")}


def show(console: Console, messages: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Draws messages; the buttons that they offer, in the order of their numbers."""
    buttons: list[dict[str, str]] = []
    for message in messages:
        name, style = NAMES.get(message.get("from", ""), NAMES["assistant"])
        if message.get("text"):
            line = Table.grid(padding=(0, 1))  # a sentence in Chinese is one word: beside the name, not below it
            line.add_row(Text(name, style=style, no_wrap=True), Text(message["text"], overflow="fold"))
            console.print(line)
        if message.get("card"):
            console.print(Padding(Panel.fit(_Lines(message["card"]), border_style="dim"), (0, 0, 0, 3)))
            if link := _link(message["card"]):  # in one piece and without a frame, to be opened or copied
                console.print(Text(link, style="underline"), soft_wrap=True)
        for button in message.get("buttons") or ():
            buttons.append(button)
            console.print(Text.assemble("   ", (f"{len(buttons)}", "bold yellow"), " ", button["title"]))
    return buttons


class _Lines:
    """A card, from top to bottom."""

    def __init__(self, card: dict[str, Any]) -> None:
        self._card = card

    def __rich_console__(self, console: Console, options: Any) -> Iterator[RenderableType]:
        card = self._card
        yield Text(card.get("title") or "", style="bold")
        if card.get("facts"):
            facts = Table.grid(padding=(0, 2))
            for label, value in card["facts"]:
                facts.add_row(Text(label, style="dim"), Text("见下面一行" if value == _link(card) else value))
            yield facts
        if card.get("rows"):
            rows = Table(*card.get("columns") or (), box=None, padding=(0, 2, 0, 0), header_style="dim")
            for row in card["rows"]:
                rows.add_row(*map(Text, row))
            yield rows
        for note in card.get("notes") or ():
            yield Text(note, style="dim italic")


def _link(card: dict[str, Any]) -> str | None:
    return (card.get("data") or {}).get("url")

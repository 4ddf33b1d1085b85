"""Turns entries of the transcript into as few messages as a platform's limits allow; no character is ever broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kuanxin.conversations.channels import Told
from kuanxin.conversations.replies import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kuanxin.conversations.model import Entry

BETWEEN = "\n\n"


@dataclass(frozen=True)
class News:
    """An entry that an address was not told, or not wholly: `part` messages of it arrived."""

    conversation_id: str
    entry: Entry
    part: int = 0


@dataclass(frozen=True)
class Message:
    """One message for a platform, and what was told once it arrived."""

    text: str
    buttons: tuple[dict[str, str], ...] = ()  # {"id", "title"}, of the entries that end here
    cards: tuple[dict[str, Any], ...] = ()  # of the entries that begin here
    told: tuple[tuple[str, Told], ...] = ()
    before: tuple[tuple[str, Told], ...] = ()  # what had been told until then


@dataclass(frozen=True)
class _Piece:
    news: News
    text: str
    index: int
    last: bool

    @property
    def told(self) -> tuple[str, Told]:
        number = self.news.entry.number
        return self.news.conversation_id, Told(number) if self.last else Told(number - 1, self.index + 1)

    @property
    def before(self) -> Told:
        return Told(self.news.entry.number - 1, self.index)


def messages(news: Sequence[News], most_bytes: int, numbered: bool) -> tuple[Message, ...]:
    """In order. `numbered`: buttons are written into the text as choices, counted over all entries."""
    pieces, first = [], 1
    for one in news:
        reply: dict[str, Any] = {"text": one.entry.text, "card": one.entry.card}
        if numbered:
            reply["buttons"] = one.entry.buttons
        texts = split(as_text(reply, first), most_bytes)
        first += len(one.entry.buttons)
        pieces += [
            _Piece(one, text, i, i == len(texts) - 1)
            for i, text in enumerate(texts)
            if i >= min(one.part, len(texts) - 1)
        ]
    gathered: list[list[_Piece]] = []
    for piece in pieces:
        if gathered and size(BETWEEN.join((*(p.text for p in gathered[-1]), piece.text))) <= most_bytes:
            gathered[-1].append(piece)
        else:
            gathered.append([piece])
    return tuple(map(_message, gathered))


def _message(pieces: list[_Piece]) -> Message:
    told: dict[str, Told] = dict(piece.told for piece in pieces)
    return Message(
        text=BETWEEN.join(piece.text for piece in pieces),
        buttons=tuple(button for piece in pieces if piece.last for button in piece.news.entry.buttons),
        cards=tuple(p.news.entry.card for p in pieces if p.index == 0 and p.news.entry.card),
        told=tuple(told.items()),
        before=tuple({piece.told[0]: piece.before for piece in reversed(pieces)}.items()),
    )


def split(text: str, most_bytes: int) -> list[str]:
    """Parts of at most so many bytes of UTF-8: cut after a line or a sentence where one ends in time, else anywhere
    between two characters."""
    parts, rest = [], text
    while size(rest) > most_bytes:
        most = rest.encode()[:most_bytes].decode("utf-8", "ignore")
        fits = most
        while fits and (rest[len(fits)] in "\ufe0f\u200d" or fits.endswith("\u200d")):  # an emoji of several characters
            fits = fits[:-1]
        fits = fits or most
        cut = max(fits.rfind("\n"), fits.rfind("。")) + 1
        if cut < len(fits) // 2:
            cut = len(fits)
        parts.append(rest[:cut].rstrip("\n"))
        rest = rest[cut:].lstrip("\n")
    return [*parts, rest] if rest or not parts else parts


def size(text: str) -> int:
    return len(text.encode())

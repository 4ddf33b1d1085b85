"""What a sentence is made of, for a linear classifier.

Short Chinese messages carry their meaning in characters over the whole sentence, so these are taken in runs; syllables
make homophones meet; concepts make synonyms meet; and pairs of concepts tell 逾期…利息 from 逾期…征信 at any distance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kuanxin.nlu import concepts
from kuanxin.nlu.normalise import NUMBER, PRODUCT, plain
from kuanxin.nlu.pinyin import folded_syllables


def _runs(items: Sequence[str], longest: int) -> Iterator[str]:
    bounded = ["^", *items, "$"]
    for length in range(1, longest + 1):
        for start in range(len(bounded) - length + 1):
            yield " ".join(bounded[start : start + length])


def _characters(text: str) -> Iterator[str]:
    return _runs(text, 3)


def _syllables(text: str) -> Iterator[str]:
    return _runs(folded_syllables(text), 3)


def _concepts(text: str) -> Iterator[str]:
    return _runs(concepts.read(text), 3)


def _pairs(text: str) -> Iterator[str]:
    known = [c for c in concepts.read(text) if c in concepts.NAMES or c in {NUMBER, PRODUCT}]
    once = sorted(set(known))
    yield from once
    for at, first in enumerate(once):
        for second in once[at + 1 :]:
            yield f"{first} {second}"
    yield ">".join(known)


PARTS: dict[str, Callable[[str], Iterator[str]]] = {
    "characters": _characters,
    "syllables": _syllables,
    "concepts": _concepts,
    "pairs": _pairs,
}


def terms(text: str, parts: Sequence[str]) -> list[str]:
    """All terms of a message as it was typed; `parts` are names from PARTS."""
    text = plain(text).replace(" ", "")
    return [f"{part}:{term}" for part in parts for term in PARTS[part](text)]

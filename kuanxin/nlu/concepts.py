"""Words that mean the same to a lender, read from concepts.yml: by their characters, longer ones also by their sound."""

from __future__ import annotations

from pathlib import Path

import yaml

from kuanxin.nlu.pinyin import folded_syllables


def _load() -> tuple[dict[str, str], dict[tuple[str, ...], str]]:
    by_word: dict[str, str] = {}
    by_sound: dict[tuple[str, ...], str] = {}
    listed = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
    for concept, words in listed.items():
        for word in words.split():
            by_word.setdefault(word, concept)
            if len(word) > 1:
                by_sound.setdefault(tuple(folded_syllables(word)), concept)
    return by_word, by_sound


_BY_WORD, _BY_SOUND = _load()
_LONGEST = max(map(len, _BY_WORD))
NAMES = frozenset(_BY_WORD.values())


def read(text: str) -> list[str]:
    """The message as concepts, with single characters where none is known.

    >>> read("怔信有没有影响")
    ['credit', 'whether', 'consequence']
    """
    sounds = folded_syllables(text)
    found: list[str] = []
    at = 0
    while at < len(text):
        for length in range(min(_LONGEST, len(text) - at), 0, -1):
            concept = _BY_WORD.get(text[at : at + length])
            if concept is None and length > 1:
                concept = _BY_SOUND.get(tuple(sounds[at : at + length]))
            if concept:
                found.append(concept)
                at += length
                break
        else:
            found.append(text[at])
            at += 1
    return found

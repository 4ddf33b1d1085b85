"""The form of scripted conversations (docs/evaluation.md), read and checked before anything is started."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, Extra, ValidationError, root_validator, validator

if TYPE_CHECKING:
    from pathlib import Path


class ScriptError(ValueError):
    """A file cannot be played; the text names file, conversation, field and what is expected."""


class Form(BaseModel):
    class Config:
        extra = Extra.forbid
        allow_mutation = False


def _patterns(value: Any) -> Any:
    for pattern in value:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    return value


class Turn(Form):
    """One message of the borrower: typed (`say`) or a button whose title matches (`press`)."""

    say: str | None = None
    press: str | None = None
    now: str | None = None  # the clock from this message on
    expect: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    _compile = validator("expect", "never", allow_reuse=True)(_patterns)

    @root_validator
    def one_of_both(cls, values: dict[str, Any]) -> dict[str, Any]:
        if (values.get("say") is None) == (values.get("press") is None):
            raise ValueError("a turn has either `say` (typed text) or `press` (a pattern for the title of a button)")
        return values


class State(Form):
    """What stands in the book and in the conversation at the end; what is not named is not checked."""

    arrangements: tuple[dict[str, Any], ...] | None = None
    handed_over: bool | None = None
    tickets: tuple[str | dict[str, Any], ...] | None = None
    reminders_held: tuple[str, ...] | None = None


class Dialogue(Form):
    id: str
    now: str
    book: dict[str, Any] | str | None = None  # the import form, or a file beside this one; None: the demo book
    borrower: str | None = None
    turns: tuple[Turn, ...]
    expect: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    state: State = State()

    @validator("turns")
    def something_is_said(cls, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        if not turns:
            raise ValueError("a conversation has at least one turn")
        return turns

    _compile = validator("expect", "never", allow_reuse=True)(_patterns)


def read_dialogues(path: Path, demo_book: Path) -> list[tuple[Dialogue, dict[str, Any]]]:
    """The conversations of a file, each with its book as data. Raises ScriptError."""
    data = _load(path)
    if not isinstance(data, list):
        raise ScriptError(f"{path}: expected a list of conversations (- id: …)")
    found = []
    for number, item in enumerate(data, 1):
        name = item.get("id", f"number {number}") if isinstance(item, dict) else f"number {number}"
        try:
            dialogue = Dialogue.parse_obj(item)
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ScriptError(f"{path}: conversation {name}: {problems}") from error
        if isinstance(dialogue.book, dict):
            book = dialogue.book
        else:
            book = _load(path.parent / dialogue.book if dialogue.book else demo_book)
        found.append((dialogue, book))
    return found


def _load(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ScriptError(f"{path}: not YAML: {error}") from error

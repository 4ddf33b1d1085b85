"""`python -m kuanxin.evaluate dialogues FILE…`: plays scripted conversations against the running assistant.

Starts an assistant of its own over a scratch database; each conversation gets its own book and clock. Reports turn by
turn what failed; exit status 1 when something did. For accepting a new model before it goes live.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import requests
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.problems import ImportRefused
from kuanxin.conversations.model import ConversationNotFound
from kuanxin.evaluate.script import Dialogue, ScriptError, Turn, read_dialogues
from kuanxin.evaluate.stage import Stage
from kuanxin.operate.assistant import AssistantDidNotStart, RunningAssistant, running_assistant

if TYPE_CHECKING:
    import argparse

TURN_TIMEOUT_SECONDS = 60
LATER_DATE = {"extension", "promise_to_pay"}


@dataclass
class Played:
    """What happened in one conversation."""

    dialogue: Dialogue
    file: Path
    seconds: float = 0.0
    exchanges: list[tuple[str, str]] = field(default_factory=list)  # what was said, what was answered
    failures: list[str] = field(default_factory=list)
    agreed: tuple[str, int] | None = None  # the kind of the first arrangement, and the borrower's turns up to it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML files of scripted conversations")
    parser.add_argument(
        "--model", type=Path, help="the model to try (default: the one of the present data, trained if missing)"
    )
    parser.add_argument("--only", metavar="ID", help="play only conversations whose id matches this pattern")
    parser.add_argument(
        "--most-turns", type=int, metavar="N", help="fail where a later date takes more turns of the borrower than this"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the result as JUnit XML")
    parser.add_argument("--verbose", action="store_true", help="print every exchange")


def run(args: argparse.Namespace) -> int:
    console = Console()
    try:
        scripts = [(path, *found) for path in args.files for found in read_dialogues(path, DEMO_BOOK)]
    except ScriptError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        return 2
    scripts = [s for s in scripts if not args.only or re.search(args.only, s[1].id)]
    with tempfile.TemporaryDirectory(prefix="kuanxin-dialogues-") as var:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("starting the assistant", total=None)
            try:
                with running_assistant(Path(var), model=args.model) as assistant:
                    stage, results = Stage(assistant.environment), []
                    for number, (path, dialogue, book) in enumerate(scripts, 1):
                        progress.update(task, description=f"{number}/{len(scripts)} {dialogue.id}")
                        results.append(played := play(assistant, stage, path, dialogue, book))
                        played.failures += too_many_turns(played.agreed, args.most_turns)
                        _report(console, results[-1], args.verbose)
            except AssistantDidNotStart as error:
                console.print(f"[red]The assistant did not start: {error}[/]", highlight=False)
                return 2
    failed = [r for r in results if r.failures]
    turns = sum(len(r.exchanges) for r in results)
    colour = "red" if failed else "green"
    console.print(f"[{colour}]{len(results) - len(failed)} of {len(results)} conversations passed[/] ({turns} turns)")
    if agreed := [r.agreed for r in results if r.agreed]:
        console.print(_turns_to_agreement(agreed))
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    if args.junit:
        _write_junit(args.junit, results)
    return 1 if failed else 0


def play(assistant: RunningAssistant, stage: Stage, path: Path, dialogue: Dialogue, book: dict[str, Any]) -> Played:
    """Plays one conversation on a fresh book. A failure never stops the others."""
    played, began = Played(dialogue, path), time.monotonic()
    try:
        stage.set(book, datetime.fromisoformat(dialogue.now))
        token = stage.token(dialogue.borrower) if dialogue.borrower else _visitor(assistant)
        buttons: list[dict[str, str]] = []
        before = len(stage.arrangements(token))
        for number, turn in enumerate(dialogue.turns, 1):
            if turn.now:
                stage.later(datetime.fromisoformat(turn.now))
            buttons = _turn(assistant, token, turn, number, buttons, played)
            if played.agreed is None and len(made := stage.arrangements(token)) > before:
                played.agreed = (made[-1].kind.value, number)
        whole = "\n".join(answer for _, answer in played.exchanges)
        played.failures += _mismatches("whole conversation", whole, dialogue.expect, dialogue.never)
        played.failures += stage.differences(dialogue.state, token)
    except (requests.RequestException, ImportRefused, ConversationNotFound) as error:
        played.failures.append(f"could not be played: {error}")
    played.seconds = time.monotonic() - began
    return played


def _visitor(assistant: RunningAssistant) -> str:
    answer = requests.post(f"{assistant.chat}/visitors", timeout=TURN_TIMEOUT_SECONDS)
    answer.raise_for_status()
    return str(answer.json()["token"])


def _turn(
    assistant: RunningAssistant, token: str, turn: Turn, number: int, buttons: list[dict[str, str]], played: Played
) -> list[dict[str, str]]:
    """Says one thing, checks the answer, returns the buttons that it offers (or the earlier ones when it has none)."""
    message: dict[str, str] = {"message_id": uuid.uuid4().hex}
    if turn.say is not None:
        said = message["text"] = turn.say
    else:
        assert turn.press is not None
        found = [b for b in buttons if re.search(turn.press, b["title"])]
        if not found:
            titles = "、".join(b["title"] for b in buttons) or "none"
            played.failures.append(f"turn {number}: no button matches {turn.press!r} (offered: {titles})")
            return buttons
        said, message["button"] = f"[{found[0]['title']}]", found[0]["id"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{assistant.chat}/messages", json=message, headers=headers, timeout=TURN_TIMEOUT_SECONDS)
    answer.raise_for_status()
    messages = answer.json()["messages"]
    text = "\n".join(message_text(m) for m in messages)
    played.exchanges.append((said, text))
    played.failures += _mismatches(f"turn {number} ({said})", text, turn.expect, turn.never)
    return [b for m in messages for b in m.get("buttons") or ()] or buttons


def message_text(message: dict[str, Any]) -> str:
    """Everything of a message that a borrower can read: text, card, titles of buttons."""
    card = message.get("card") or {}
    lines = [message.get("text") or "", card.get("title") or ""]
    lines += [f"{label} {value}" for label, value in card.get("facts") or ()]
    lines += [" ".join(row) for row in (card.get("columns") or (), *(card.get("rows") or ()))]
    lines += card.get("notes") or ()
    lines += [f"[{button['title']}]" for button in message.get("buttons") or ()]
    return "\n".join(line for line in lines if line.strip())


def _mismatches(where: str, text: str, expect: tuple[str, ...], never: tuple[str, ...]) -> list[str]:
    missing = [f"{where}: expected {p!r}, which is not in: {text}" for p in expect if not re.search(p, text)]
    unwanted = [(p, re.search(p, text)) for p in never]
    return missing + [f"{where}: never {p!r}, but it says {m.group()!r} in: {text}" for p, m in unwanted if m]


def _report(console: Console, played: Played, verbose: bool) -> None:
    mark = "[red]✗[/]" if played.failures else "[green]✓[/]"
    console.print(
        f"{mark} {played.dialogue.id} ({len(played.exchanges)} turns, {played.seconds:.1f} s)", highlight=False
    )
    if verbose or played.failures:
        for said, answer in played.exchanges:
            console.print(f"    > {said}", style="cyan", highlight=False, markup=False)
            for line in answer.splitlines():
                console.print(f"      {line}", style="dim", highlight=False, markup=False)
    for failure in played.failures:
        console.print(f"    {failure}", style="red", highlight=False, markup=False)


def too_many_turns(agreed: tuple[str, int] | None, most: int | None) -> list[str]:
    """What is said where a later date was agreed in more turns than are wanted."""
    if agreed is None or most is None or agreed[0] not in LATER_DATE or agreed[1] <= most:
        return []
    return [f"{agreed[0]} agreed in turn {agreed[1]}, at most {most} are wanted"]


def _turns_to_agreement(agreed: list[tuple[str, int]]) -> Table:
    table = Table("arrangement", "conversations", "turns, median", "most", title="Borrowers' turns until it was agreed")
    for kind in sorted({kind for kind, _ in agreed}):
        turns = [number for k, number in agreed if k == kind]
        table.add_row(kind, str(len(turns)), f"{statistics.median(turns):g}", str(max(turns)))
    return table


def _write_junit(path: Path, results: list[Played]) -> None:
    failed = sum(bool(r.failures) for r in results)
    suite = ElementTree.Element("testsuite", name="dialogues", tests=str(len(results)), failures=str(failed))
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=result.file.stem, name=result.dialogue.id, time=f"{result.seconds:.3f}"
        )
        for failure in result.failures:
            ElementTree.SubElement(case, "failure", message=failure.splitlines()[0]).text = failure
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)

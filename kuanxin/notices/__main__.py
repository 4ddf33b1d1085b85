"""`python -m kuanxin.notices plan|send|status|wish|run`: what goes out to borrowers. docs/notices.md"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from datetime import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from kuanxin.bootstrap import services
from kuanxin.clock import ClockError
from kuanxin.notices.catalogue import NATURES, Kind
from kuanxin.notices.policy import EARLIEST, LATEST, RULES
from kuanxin.notices.scheduler import run
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.settings import SettingsError
from kuanxin.store.tables_notices import STATES

if TYPE_CHECKING:
    from kuanxin.bootstrap import Services

MOST_SHOWN = 20
HOURS = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.notices", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    planning = commands.add_parser("plan", help="go through the loan book and write what is to be sent into the outbox")
    sending = commands.add_parser("send", help="send what is due now")
    for command in (planning, sending):
        command.add_argument("--dry-run", action="store_true", help="show it; write and send nothing")
    about = commands.add_parser("status", help="what became of notices")
    about.add_argument("borrower", nargs="?", help="everything about one borrower")
    wish = commands.add_parser("wish", help="how a borrower wants to be written to; without options: as the bank does")
    wish.add_argument("borrower")
    wish.add_argument("--hours", help=f"like 18:00-20:30, within {EARLIEST:%H:%M}-{LATEST:%H:%M}")
    wish.add_argument("--way", default="", help="another way than SMS, where one is set up")
    running = commands.add_parser("run", help="keep planning (every morning) and sending (every half minute)")
    running.add_argument("--send-only", action="store_true", help="for further machines: one of them plans")
    args = parser.parse_args(argv)
    try:
        return COMMANDS[args.command](services(), args, Console())
    except (SettingsError, ClockError, BookUnavailable) as error:
        print(f"Not possible at the moment: {error}", file=sys.stderr)
    except SQLAlchemyError as error:  # its text holds personal data
        print(f"The database cannot be used: {type(error).__name__}", file=sys.stderr)
    return 1


def plan(parts: Services, args: argparse.Namespace, console: Console) -> int:
    total, lots = parts.portfolio()
    with _progress(console) as progress:
        task = progress.add_task("borrowers", total=total)
        found = parts.planner.plan(
            lots, parts.clock.now(), dry=args.dry_run, told=lambda done: progress.update(task, completed=done)
        )
    console.print(f"{found.borrowers:,} borrowers, {found.loans:,} loans")
    table = Table("notice", "new")
    for kind in Kind:
        if found.new[kind.value]:
            table.add_row(kind.value, f"{found.new[kind.value]:,}")
    for why, number in sorted(found.kept_back.items()):
        table.add_row(f"[dim]kept back: {why}[/dim]", f"[dim]{number:,}[/dim]")
    console.print(table)
    if args.dry_run:
        console.print("A dry run: nothing was written.")
    return 0


def send(parts: Services, args: argparse.Namespace, console: Console) -> int:
    now = parts.clock.now()
    if args.dry_run:
        return _send_dry(parts, console)
    became: Counter[str] = Counter()
    with _progress(console) as progress:
        task = progress.add_task("notices", total=None)

        def told(state: str) -> None:
            became[state] += 1
            progress.advance(task)

        parts.sender.send_due(now, told)
    console.print(", ".join(f"{number:,} {state}" for state, number in became.items()) or "Nothing is due.")
    return 0


def _send_dry(parts: Services, console: Console) -> int:
    now = parts.clock.now()
    entries = parts.outbox.due(now, MOST_SHOWN)
    people = parts.outbox.people([entry.borrower_id for entry in entries], now)
    for entry in entries:
        what, text = parts.sender.preview(entry, now, people[entry.borrower_id])
        console.print(f"{entry.borrower_id} {entry.kind}: {what}", highlight=False, soft_wrap=True)
        if text:
            console.print(f"  {text}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"A dry run of at most {MOST_SHOWN} notices: nothing was written or sent.")
    return 0


def status(parts: Services, args: argparse.Namespace, console: Console) -> int:
    if args.borrower:
        for entry in parts.outbox.of(args.borrower):
            when = f"{entry.tried_at or entry.not_before:%Y-%m-%d %H:%M}"
            state = f"{entry.state}{': ' if entry.why else ''}{entry.why}"
            console.print(f"{when}  {entry.kind}  {state}  {entry.text}", highlight=False, markup=False, soft_wrap=True)
        return 0
    counts = parts.outbox.counts()
    shown = [state for state in STATES if any(found == state for _, found in counts)]
    table = Table("notice", "counts", *shown)
    for kind in Kind:
        numbers = [counts.get((kind.value, state), 0) for state in shown]
        if any(numbers):
            counted = "yes" if RULES[NATURES[kind].weight].counts else ""
            table.add_row(kind.value, counted, *(f"{number:,}" if number else "" for number in numbers))
    console.print(table if counts else "Nothing was planned yet: python -m kuanxin.notices plan")
    return 0


def wish(parts: Services, args: argparse.Namespace, console: Console) -> int:
    opens = closes = None
    if args.hours:
        found = HOURS.fullmatch(args.hours)
        try:
            opens, closes = (time.fromisoformat(part) for part in found.groups()) if found else (None, None)
        except ValueError:
            opens = None
        if opens is None or closes is None or not EARLIEST <= opens < closes <= LATEST:
            print(f"--hours {args.hours}: write them like 18:00-20:30, within {EARLIEST:%H:%M}-{LATEST:%H:%M}.")
            return 2
    if args.way and args.way not in parts.sender.ways:
        print(f"--way {args.way}: not set up. There is: {', '.join(parts.sender.ways)}")
        return 2
    if parts.book.borrower(args.borrower) is None:
        print(f"There is no borrower {args.borrower}.", file=sys.stderr)
        return 1
    parts.outbox.wish(args.borrower, args.way, opens, closes)
    return 0


def keep_running(parts: Services, args: argparse.Namespace, console: Console) -> int:
    run(parts, plans=not args.send_only)
    return 0


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


COMMANDS = {"plan": plan, "send": send, "status": status, "wish": wish, "run": keep_running}


if __name__ == "__main__":
    sys.exit(main())

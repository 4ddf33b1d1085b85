"""`python -m kuanxin.book import FILE… | export | show BORROWER`: the operator's door to the loan book."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path

from rich.console import Console

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.exporter import NoBook, export_book
from kuanxin.book.importer import import_book
from kuanxin.book.problems import ImportRefused
from kuanxin.book.reader import read
from kuanxin.book.show import NobodyThere, show
from kuanxin.bootstrap import services
from kuanxin.clock import VARIABLE, ClockError, fixed_now
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.settings import SettingsError
from kuanxin.store.base import SHANGHAI
from kuanxin.store.engine import migrate
from kuanxin.store.sealing import VARIABLE as DATA_KEYS
from kuanxin.store.sealing import keys

_complain = Console(stderr=True, highlight=False, soft_wrap=True)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; the exit status is 1 where it refused and said why."""
    chosen = _parser().parse_args(arguments)
    try:
        return chosen.run(chosen)
    except ImportRefused as refused:
        for problem in refused.problems:
            _complain.print(f"[bold]{problem.place}[/]: [yellow]{_plain(problem.field)}[/] {_plain(problem.message)}.")
            _complain.print(f"    {_plain(problem.remedy)}")
        count = len(refused.problems)
        _complain.print(f"[red]Nothing was imported:[/] {count} problem{'s' * (count > 1)}.")
    except NoBook:
        _complain.print("There is no book yet. Import one: python -m kuanxin.book import FILE")
    except (NobodyThere, ClockError, SettingsError) as fault:
        _complain.print(str(fault))
    except BookUnavailable as fault:
        _complain.print(f"The database does not answer ({fault}). See KUANXIN_DATABASE_URL.")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.book", description="The loan book of Kuanxin.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    bring = commands.add_parser(
        "import",
        help="bring in borrowers, loans and payments: all or nothing",
        description="The form is described in docs/integration/import-form.md.",
    )
    bring.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="a .yml file, or .csv files, or their folder"
    )
    bring.add_argument("--demo", action="store_true", help="the demo book instead of a file")
    bring.add_argument("--replace", action="store_true", help="let real data take the place of a demo or test book")
    bring.set_defaults(run=_import)
    take = commands.add_parser("export", help="write the whole book as YAML (holds personal data)")
    take.add_argument("--to", type=Path, metavar="FILE", help="a new file instead of the screen")
    take.set_defaults(run=_export)
    look = commands.add_parser("show", help="print a borrower's loans as they stand now")
    look.add_argument("borrower", metavar="BORROWER", help="the borrower's id, e.g. B001")
    look.set_defaults(run=_show)
    return parser


def _import(chosen: argparse.Namespace) -> int:
    if chosen.demo == bool(chosen.files):
        _complain.print("Name a file, or write --demo.")
        return 2
    if services().settings.loan_book_url:
        _complain.print("The loan book is the bank's own system (KUANXIN_LOAN_BOOK_URL): bring the data in there.")
        return 1
    source = read([DEMO_BOOK] if chosen.demo else chosen.files)
    fixed = fixed_now()
    if fixed and isinstance(source.data, dict) and source.data.get("kind") == "real":
        raise ClockError(f"{VARIABLE} fixes the clock, but {source.name} holds real data. Remove {VARIABLE}.")
    composed = services()
    migrate(composed.engine)
    done = import_book(
        composed.engine,
        source,
        fixed or datetime.now(SHANGHAI),
        policy=composed.servicing.policy,
        replace=chosen.replace,
    )
    if done.replaced:
        print(f"The {done.replaced} book that stood here was removed.")
    print(
        f"Imported ({done.kind}): {done.borrowers} borrowers, {done.loans} loans, {done.instalments} instalments, "
        f"{done.payments} payments, {done.arrangements} arrangements."
    )
    if done.kind == "real" and not keys():
        print(
            f"Names and phone numbers stand in the database in plain text: {DATA_KEYS} is not set (docs/security.md)."
        )
    return 0


def _export(chosen: argparse.Namespace) -> int:
    engine = services().engine
    migrate(engine)
    if chosen.to is None:
        export_book(engine, sys.stdout)
        return 0
    try:
        with chosen.to.open("x", encoding="utf-8") as out:
            chosen.to.chmod(0o600)
            export_book(engine, out)
    except FileExistsError:
        _complain.print(f"{chosen.to} exists. Name a new file.")
        return 1
    return 0


def _show(chosen: argparse.Namespace) -> int:
    composed = services()
    migrate(composed.engine)
    show(composed.servicing, chosen.borrower, composed.clock.now(), Console())
    return 0


def _plain(text: str) -> str:
    """Brackets of a path are no markup of rich."""
    return text.replace("[", "\\[")


if __name__ == "__main__":
    sys.exit(main())

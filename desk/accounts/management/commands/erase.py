"""`python -m desk erase BORROWER`: a person's right of erasure. Prints what went as JSON, without what stood in it.

The loan book keeps its rows; while a loan is open, what protects the borrower stays too (docs/operation.md).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from desk.audit.models import record
from desk.teaching.models import part_from
from kuanxin.bootstrap import services
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.store.person import ErasureRefused

if TYPE_CHECKING:
    from pathlib import Path


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("borrower")
        parser.add_argument("--reason", required=True, help="stands in the audit log; names no content")

    def handle(self, *args: Any, borrower: str, reason: str, **options: Any) -> None:
        parts = services()
        now = parts.clock.now()
        try:
            owes = any(not status.settled for status in parts.servicing.statuses(borrower, now))
        except BookUnavailable:
            raise CommandError("The loan book does not answer: nothing was erased. Try again when it does.") from None
        record(None, "erased", about=borrower, reason=reason, step="asked")  # first: no erasure without a line
        try:
            with transaction.atomic():
                for id in parts.person.conversations_of(borrower):
                    part_from(id)
                gone = parts.person.erase(borrower, owes=owes, now=now)
        except ErasureRefused as why:
            record(None, "erased", about=borrower, reason=reason, step="refused")
            raise CommandError(f"Nothing was erased: {why}. Close it first, or wait for its end.") from None
        proof = {
            "borrower": borrower,
            "at": now.isoformat(),
            **asdict(gone),
            "files": _remove_files(parts.settings.outbox, {*gone.conversations, *gone.notices}),
            "loan_open": owes,
            "left": {name: len(rows) for name, rows in parts.person.everything(borrower).items()},
        }
        record(None, "erased", about=borrower, reason=reason, step="done", **proof)
        self.stdout.write(json.dumps(proof, ensure_ascii=False, indent=1))


def _remove_files(outbox: Path, ids: set[str]) -> int:
    """Notices and alerts that stand in the folder of the default carriers; their names end with the id."""
    files = [path for path in outbox.glob("*-*-*.json") if path.stem.split("-", 2)[2] in ids]
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)

"""`python -m desk export_person BORROWER`: all that is kept about a borrower as JSON: a person's right of access."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from desk.audit.models import Line, record
from desk.teaching.models import Lesson
from kuanxin.bootstrap import services
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.servicing.wire import borrower_to_json, loan_to_json


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("borrower")
        parser.add_argument("--reason", required=True, help="stands in the audit log")

    def handle(self, *args: Any, borrower: str, reason: str, **options: Any) -> None:
        parts = services()
        try:
            known = parts.book.borrower(borrower)
            loans = [loan_to_json(loan) for loan in parts.book.loans_of(borrower)]
        except BookUnavailable:
            raise CommandError("The loan book does not answer. Try again when it does.") from None
        rows = parts.person.everything(borrower)
        if known is None and not rows:
            raise CommandError(f"Nothing is kept about a borrower {borrower}. Look at the id.")
        record(None, "exported", about=borrower, reason=reason)  # first: nothing is shown without a line
        ids = parts.person.conversations_of(borrower)
        everything = {
            "borrower": known and borrower_to_json(known),
            "loans": loans,
            **rows,
            "desk_lessons": list(Lesson.objects.filter(conversation_id__in=ids).values()),
            "desk_audit": list(Line.objects.filter(about__in=[borrower, *ids]).values("at", "role", "action", "about")),
        }
        self.stdout.write(json.dumps(everything, ensure_ascii=False, indent=1, default=str))

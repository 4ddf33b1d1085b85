"""`python -m desk prepare`: the desk's own tables, and over a demo book its demo logins and conversations."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from desk.accounts.backends import demo_allowed
from desk.demo.conversations import make_conversations
from desk.demo.logins import make_logins
from kuanxin.bootstrap import services
from kuanxin.store.engine import migrate
from kuanxin.store.settings import book_settings


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        parts = services()
        migrate(parts.engine)
        call_command("migrate", verbosity=0, interactive=False)
        book = None if parts.settings.loan_book_url else book_settings(parts.engine)
        if book is not None and book.kind == "demo" and demo_allowed():
            make_logins(parts.settings.var)
            make_conversations(parts)

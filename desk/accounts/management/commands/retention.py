"""`python -m desk retention`: erases conversations, and the texts of notices, older than KUANXIN_RETENTION_DAYS.

For cron. A legal hold keeps them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.utils import timezone

from desk.audit.models import record
from desk.teaching.models import part_from
from kuanxin.bootstrap import services


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        parts = services()
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
        days = parts.settings.retention_days
        if not days:
            self.stdout.write("KUANXIN_RETENTION_DAYS is 0: conversations are kept.")
            return
        before = parts.clock.now() - timedelta(days=days)
        erased = 0
        while ids := parts.erasure.due(before, 200):
            for id in ids:
                record(None, "erased", about=id, days=days)  # first: an erasure without a line must not be
                part_from(id)
                parts.erasure.erase(id)
            erased += len(ids)
        if emptied := parts.erasure.empty_notices(before, parts.clock.now()):
            record(None, "erased", about="notices", days=days, number=emptied)
            self.stdout.write(f"Emptied {emptied} notices.")
        self.stdout.write(f"Erased {erased} conversations from before {before:%Y-%m-%d}.")

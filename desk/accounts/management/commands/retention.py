"""`python -m desk retention`: erases what is older than KUANXIN_RETENTION_DAYS, for cron. A legal hold keeps it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.utils import timezone

from desk.audit.models import record
from desk.teaching.models import Lesson
from kuanxin.bootstrap import services


def _part_from(conversation_id: str) -> None:
    """Confirmed lessons stay (masked, reviewed by two) and no longer say whose words they were."""
    lessons = Lesson.objects.filter(conversation_id=conversation_id)
    lessons.exclude(status=Lesson.CONFIRMED).delete()
    for lesson in lessons:
        lesson.conversation_id, lesson.message_id = "", f"lesson-{lesson.pk}"
        lesson.save(update_fields=["conversation_id", "message_id"])


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
                _part_from(id)
                parts.erasure.erase(id)
            erased += len(ids)
        self.stdout.write(f"Erased {erased} conversations from before {before:%Y-%m-%d}.")

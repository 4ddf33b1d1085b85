"""Erasure by schedule: what is old goes whole, with a line in the audit log; what is held or waits stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from kuanxin.conversations.model import ConversationNotFound


def test_what_is_old_goes_and_what_is_held_stays(parts, django, monkeypatch, sign_in):
    from django.core.management import call_command

    from desk.audit.models import Line
    from kuanxin.store.tables_conversations import transcript, understood

    old = parts.clock.now() - timedelta(days=400)
    ids = [f"old-{name}" for name in ("gone", "held", "ticket", "opt-out")]
    for id in ids:
        parts.conversations.open(id, "web", None, old)
        parts.conversations.record_inbound(id, "m1", "两年前的话", old)
        parts.conversations.record_replies(id, [{"text": "好"}], old, message_id="m1")
    sign_in("supervisor").post("/conversations/old-held/legal-hold/", {"held": "yes", "reason": "诉讼中"})
    parts.conversations.open_ticket("old-ticket", "dispute", "s", "t", old)
    parts.conversations.hold_reminders("old-opt-out", "opt_out", old)
    monkeypatch.setitem(parts.settings.__dict__, "retention_days", 365)
    call_command("retention")

    with pytest.raises(ConversationNotFound):
        parts.conversations.get("old-gone")
    assert parts.conversations.transcript("old-held")
    assert parts.conversations.transcript("old-ticket")
    assert parts.conversations.transcript("old-opt-out") == ()
    assert [h.reason for h in parts.conversations.reminder_holds("old-opt-out")] == ["opt_out"]
    assert set(Line.objects.filter(action="erased").values_list("about", flat=True)) == {"old-gone", "old-opt-out"}
    with parts.engine.connect() as connection:
        for table in (transcript, understood):
            assert not connection.execute(select(table).where(table.c.conversation_id == "old-gone")).first()
    assert parts.staff.summary("demo-000")  # what is younger is not touched

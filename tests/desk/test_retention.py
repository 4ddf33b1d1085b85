"""Erasure by schedule: what is old goes whole, with a line in the audit log; what is held or waits stays."""

from __future__ import annotations

import json
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


def test_a_person_is_erased_with_a_proof_that_names_no_content(parts, django, talk, capsys):
    from django.core.management import CommandError, call_command

    from desk.audit.models import Line
    from desk.teaching.models import Lesson

    id = talk("只有我知道的话", borrower="B012", asks=False)
    lesson = {"conversation_id": id, "message_id": "m1", "predicted": "greet", "confidence": 0.5, "by": "demo-reviewer"}
    Lesson.objects.create(text="只有我知道", intent="inform", **lesson)
    notice = parts.settings.outbox / f"notice-staff_replied-{'a' * 32}.json"
    alert = parts.settings.outbox / f"20261123T100000-urgent-{id}.json"
    parts.settings.outbox.mkdir(exist_ok=True)
    for file in (notice, alert):
        file.write_text("{}", "utf-8")

    ticket = parts.conversations.open_ticket(id, "dispute", "s", "t", parts.clock.now())
    with pytest.raises(CommandError, match=f"ticket {ticket.number} is open"):
        call_command("erase", "B012", reason="本人申请")
    assert Lesson.objects.filter(conversation_id=id).exists(), "refused whole"

    parts.staff.store.close_ticket(ticket.number, "demo-agent", "办好了", parts.clock.now())
    call_command("export_person", "B012", reason="本人申请")
    shown = json.loads(capsys.readouterr().out)
    assert shown["borrower"]["id"] == "B012"
    assert "只有我知道的话" in [entry["text"] for entry in shown["transcript"]]
    assert [lesson["text"] for lesson in shown["desk_lessons"]] == ["只有我知道"]
    assert shown["loans"]

    call_command("erase", "B012", reason="本人申请")
    printed = capsys.readouterr().out
    proof = json.loads(printed)
    assert id in proof["conversations"]
    assert proof["rows"]["transcript"] >= 2
    assert proof["files"] == 1
    assert not alert.exists()
    assert notice.exists(), "of somebody else"
    assert "只有我知道" not in printed
    with pytest.raises(ConversationNotFound):
        parts.conversations.get(id)
    assert not Lesson.objects.filter(conversation_id=id).exists()
    lines = Line.objects.filter(action="erased", about="B012").order_by("id")
    assert [line.detail["step"] for line in lines] == ["asked", "refused", "asked", "done"]
    assert lines[3].detail["rows"] == proof["rows"]


def test_every_table_of_the_desk_is_known_to_erasure_or_holds_no_words_of_borrowers(django):
    from django.apps import apps

    with_words_of_borrowers = {"desk_lessons"}  # part_from
    of_staff = {"desk_users", "desk_saved_filters", "desk_audit", "desk_proposals", "desk_counter_offers"}
    ours = [model._meta for model in apps.get_models() if model.__module__.startswith("desk.")]
    assert {meta.db_table for meta in ours if meta.managed} == with_words_of_borrowers | of_staff

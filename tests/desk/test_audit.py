"""Every address that shows or changes what is known about borrowers leaves a line: who, what, about whom, why."""

from __future__ import annotations

# one's own login and look, accounts of colleagues to read, figures over all
SILENT = {"login", "logout", "second-factor", "new-second-factor", "password", "language"}
SILENT |= {"save-filter", "delete-filter", "accounts", "figures", "plot"}
SILENT |= {"models-live"}  # names of models and counts
SILENT |= {"typing"}  # lasts for seconds; what was typed is recorded when it is sent


def test_every_address_about_borrowers_leaves_a_line(
    sign_in, talk, requested, parts, no_limit, no_process, tmp_path, django
):
    from django.urls import reverse

    from desk.accounts.models import User
    from desk.audit.models import Line
    from desk.teaching.models import Lesson
    from desk.urls import urlpatterns

    id, now = talk("上次说的那事呢"), parts.clock.now()
    parts.conversations.remember_unclear(id, "上次说的那事呢", {}, now)
    ticket = parts.conversations.open_ticket(id, "dispute", "L002", "这笔不对", now)
    lesson = Lesson.objects.create(
        conversation_id=id, message_id="m1", text="那事", predicted="x", confidence=0.1, intent="greet", by="lin"
    )
    models = []
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
        models.append(parts.models.register(f"{name}-{id}", tmp_path / name, "data-1", now, "lin", 0))
    parts.models.start_with(models[0], "", "start", now)
    colleague = User.objects.get(username="demo-auditor")
    why = {"reason": "客户来电核对"}
    about = {"id": id}
    steps = [  # role, address, its arguments, what is sent (None: looked at), the line: action and about
        ("agent", "home", {}, None, "list_viewed", "home"),
        ("reviewer", "conversations", {}, None, "list_viewed", "conversations"),
        ("reviewer", "conversation", about, None, "conversation_viewed", id),
        ("agent", "live", about, None, "conversation_viewed", id),
        ("agent", "reveal", about, why, "revealed", id),
        ("reviewer", "note", about, {"text": "下周再看"}, "noted", id),
        ("reviewer", "tags", about, {"tags": "再看"}, "tagged", id),
        ("supervisor", "legal-hold", about, {**why, "held": "no"}, "legal_hold", id),
        ("supervisor", "export", about, {**why, "form": "json"}, "exported", id),
        ("agent", "queue", {}, None, "list_viewed", "queue"),
        ("supervisor", "queue-live", {}, None, "list_viewed", "queue"),
        ("agent", "claim", about, {}, "claimed", id),
        ("agent", "reply", about, {"text": "您好", "token": "t1"}, "replied", id),
        ("supervisor", "claim", about, {"override": "yes"}, "overridden", id),
        ("supervisor", "transfer", about, {"to": "demo-agent", "note": "请接着聊"}, "transferred", id),
        ("agent", "give-back", about, {"outcome": "聊好了", "seen": "99"}, "given_back", id),
        ("agent", "clear-safety", about, {"reason": "电话里确认安全"}, "safety_cleared", id),
        ("reviewer", "reviewed", about, {}, "reviewed", id),
        ("decider", "decisions", {}, None, "list_viewed", "decisions"),
        ("decider", "decision", {"id": requested.id}, None, "decision_viewed", requested.id),
        (
            *("decider", "counter", {"id": requested.id}),
            *({"kind": "re_instalment", "rows": 6, "words": "分6期轻一些"}, "countered", requested.id),
        ),
        ("decider", "decide", {"id": requested.id}, {**why, "approved": "yes"}, "decision_viewed", requested.id),
        ("decider", "ticket", {"number": ticket.number}, None, "ticket_viewed", ticket.number),
        (
            *("decider", "ticket", {"number": ticket.number}),
            *({"outcome": "核对过了", "answer": "已经更正"}, "ticket_closed", ticket.number),
        ),
        ("reviewer", "teaching", {}, None, "list_viewed", "teaching"),
        (
            *("reviewer", "label", {}),
            *({"conversation": "demo-003", "message": "demo-003-0", "text": "那个事", "intent": "greet"}, "labelled"),
            "demo-003",
        ),
        ("supervisor", "confirm-lesson", {"id": lesson.pk}, {"agreed": "no"}, "lesson_rejected", id),
        ("reviewer", "export-lessons", {}, None, "lessons_exported", ""),
        ("administrator", "models", {}, None, "list_viewed", "models"),
        ("administrator", "model-train", {}, why, "model_trained", None),
        ("administrator", "model-live", {}, {**why, "model": models[1].sha256}, "model_put_live", models[1].name),
        ("administrator", "model-back", {}, why, "model_put_back", models[0].name),
        (
            *("administrator", "account", {"id": colleague.pk}),
            *({"username": "demo-auditor", "shown_name": "演示·审计", "role": "auditor", "is_active": "on"},),
            *("account_changed", "demo-auditor"),
        ),
        ("supervisor", "figures-csv", {}, None, "figures_exported", ""),
        ("auditor", "audit", {}, None, "audit_read", ""),
        ("auditor", "audit-csv", {}, None, "audit_exported", ""),
    ]
    assert {pattern.name for pattern in urlpatterns} == SILENT | {step[1] for step in steps}
    clients = {role: sign_in(role) for role in {step[0] for step in steps}}
    for role, name, arguments, sent, action, subject in steps:
        before = Line.objects.order_by("-id").values_list("id", flat=True).first()
        path = reverse(name, kwargs=arguments)
        answer = clients[role].get(path) if sent is None else clients[role].post(path, sent)
        assert answer.status_code in (200, 302), (name, answer.status_code)
        lines = Line.objects.filter(id__gt=before, staff=f"demo-{role}", action=action)
        line = lines.first()
        assert line is not None, (name, [*Line.objects.filter(id__gt=before).values_list("action", "about")])
        assert line.role == role, name
        assert subject in (None, line.about), name
        reason = (sent or {}).get("reason")
        if reason and action != "decision_viewed":  # it was decided before: nothing was done
            assert line.reason == reason, name


def test_lines_that_are_asked_for_again_and_again_are_written_once(sign_in, talk, django):
    from desk.audit.models import Line

    talk()
    client = sign_in("agent")
    client.get("/queue/")
    before = Line.objects.count()
    for _ in range(3):
        assert client.get("/queue/live/", headers={"X-Live": "1"}).status_code == 200
    assert Line.objects.count() == before
    talk()  # somebody new is there to be seen
    client.get("/queue/live/", headers={"X-Live": "1"})
    assert Line.objects.count() == before + 1

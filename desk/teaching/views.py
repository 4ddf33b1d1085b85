"""The inbox of messages that were not understood or with little certainty: label, cut, confirm by a second person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.accounts.roles import needs
from desk.audit.models import record
from desk.teaching.files import measuring_file, training_file
from desk.teaching.models import Lesson
from desk.words import INTENTS
from kuanxin.bootstrap import services
from kuanxin.conversations.redaction import redact

if TYPE_CHECKING:
    from django.http import HttpRequest

BELOW = 0.6
SHOWN = 40
MOST_PARTS = 3
EVERY = 5  # each fifth confirmed lesson measures instead of teaching
TEACHABLE = {name: title for name, title in INTENTS.items() if name != "nlu_fallback"}


@needs("teach")
def inbox(request: HttpRequest) -> HttpResponse:
    try:
        before = datetime.fromisoformat(request.GET.get("before", ""))
    except ValueError:
        before = None
    if before is not None and before.tzinfo is None:
        before = None
    found = services().staff.store.unclear(BELOW, before, SHOWN)
    done = Lesson.objects.filter(conversation_id__in={m.conversation_id for m in found})
    labelled = set(done.values_list("conversation_id", "message_id"))
    record(request, "list_viewed", about="teaching")
    shown = {
        "messages_to_label": [m for m in found if (m.conversation_id, m.message_id) not in labelled],
        "following": found[-1].at.isoformat() if len(found) == SHOWN else None,
        "proposed": Lesson.objects.filter(status=Lesson.PROPOSED).order_by("at")[:SHOWN],
        "confirmed": Lesson.objects.filter(status=Lesson.CONFIRMED, measuring=False).count(),
        "measuring": Lesson.objects.filter(status=Lesson.CONFIRMED, measuring=True).count(),
        "intents": sorted(TEACHABLE.items(), key=lambda item: str(item[1])),
    }
    return render(request, "teaching/inbox.html", shown)


@require_POST
@needs("teach")
def label(request: HttpRequest) -> HttpResponse:
    """One or several parts of a message, each with its intent; the text is masked once more."""
    asked = request.POST
    pairs = [
        (redact(text.strip())[0][:500], intent)
        for text, intent in zip(asked.getlist("text"), asked.getlist("intent"), strict=False)
        if text.strip() and intent in TEACHABLE
    ][:MOST_PARTS]
    said = _unclear(asked.get("conversation", ""), asked.get("message", ""))
    if not pairs or said is None:
        messages.error(request, _("请给这句话选一个意图。"))
        return redirect("teaching")
    try:
        with transaction.atomic():
            for text, intent in pairs:
                Lesson.objects.create(
                    conversation_id=said["conversation"],
                    message_id=said["message"],
                    text=text,
                    predicted=said["intent"],
                    confidence=said["confidence"],
                    intent=intent,
                    by=request.user.get_username(),
                )
    except IntegrityError:
        messages.error(request, _("同事刚刚标过这句话。"))
        return redirect("teaching")
    record(request, "labelled", about=said["conversation"], message=said["message"], intents=[i for _t, i in pairs])
    return redirect("teaching")


@require_POST
@needs("teach")
def confirm(request: HttpRequest, id: int) -> HttpResponse:
    """A second person agrees or not; nobody confirms what they labelled themselves."""
    lesson = get_object_or_404(Lesson, pk=id)
    me = request.user.get_username()
    agreed = request.POST.get("agreed") == "yes"
    if lesson.by == me:
        messages.error(request, _("自己标的要由另一位同事确认。"))
        return redirect("teaching")
    changed = Lesson.objects.filter(pk=id, status=Lesson.PROPOSED).update(
        status=Lesson.CONFIRMED if agreed else Lesson.REJECTED,
        second=me,
        second_at=timezone.now(),
        measuring=agreed and id % EVERY == 0,
    )
    if not changed:
        messages.error(request, _("同事已经处理过这一条。"))
        return redirect("teaching")
    record(request, "lesson_confirmed" if agreed else "lesson_rejected", about=lesson.conversation_id, lesson=id)
    return redirect("teaching")


@needs("teach")
def export(request: HttpRequest) -> HttpResponse:
    """What was confirmed, as training data of Rasa or as a measuring file."""
    measuring = request.GET.get("for") == "measuring"
    lessons = Lesson.objects.filter(status=Lesson.CONFIRMED, measuring=measuring).order_by("intent", "id")
    record(request, "lessons_exported", measuring=measuring)
    if measuring:
        response = HttpResponse(measuring_file(lessons), content_type="text/tab-separated-values; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="desk-measuring.tsv"'
        return response
    response = HttpResponse(training_file(lessons), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="desk-lessons.yml"'
    return response


def _unclear(conversation_id: str, message_id: str) -> dict[str, Any] | None:
    """The message as the model saw it; None where there is no such one."""
    for seen in services().staff.store.understandings(conversation_id):
        if seen.message_id == message_id:
            known = {"conversation": conversation_id, "message": message_id}
            return {**known, "intent": seen.intent, "confidence": seen.confidence}
    return None

"""Reading conversations: the list with its filters, one conversation beside what was understood, notes and tags."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.accounts.models import User
from desk.accounts.roles import needs
from desk.audit.models import record
from desk.handover.phrases import PHRASES
from desk.transcripts.forms import FilterForm
from desk.transcripts.models import SavedFilter
from desk.transcripts.reading import beside, loans_of, read, refresh_agreements
from kuanxin.bootstrap import services
from kuanxin.conversations.review import Filters
from kuanxin.pseudonym import pseudonym

if TYPE_CHECKING:
    from django.http import HttpRequest

REVEALED_SECONDS = 600
PAGE = 25
MOST_SAVED = 20


@needs("view_transcripts")
def conversations(request: HttpRequest) -> HttpResponse:
    asked = {name: value for name, value in request.GET.items() if value and name not in ("cursor", "title")}
    form = FilterForm(request.GET)
    filters = form.filters() if form.is_valid() else Filters()
    try:
        page = services().staff.page(filters, request.GET.get("cursor"), PAGE)
        if filters.arrangement_state and refresh_agreements(services(), [row.id for row in page.rows]):
            page = services().staff.page(filters, request.GET.get("cursor"), PAGE)
    except ValueError:
        return redirect("conversations")
    record(request, "list_viewed", about="conversations", **asked)
    shown = {
        "form": form,
        "page": page,
        "query": urlencode(asked),
        "asked": asked,
        "more_filters": any(name not in ("text", "since", "until", "channel", "order") for name in asked),
        "saved": SavedFilter.objects.filter(owner=request.user),
        "tags": services().staff.store.known_tags(),
    }
    return render(request, "transcripts/conversations.html", shown)


@require_POST
@needs("view_transcripts")
def save_filter(request: HttpRequest) -> HttpResponse:
    title, query = request.POST.get("title", "").strip()[:40], request.POST.get("query", "")[:1000]
    mine = SavedFilter.objects.filter(owner=request.user)
    if not title:
        messages.error(request, _("请给这个筛选起个名字。"))
    elif mine.count() >= MOST_SAVED and not mine.filter(title=title).exists():
        messages.error(request, _("最多保存%(n)d个筛选，请先删掉一个。") % {"n": MOST_SAVED})
    else:
        SavedFilter.objects.update_or_create(owner=request.user, title=title, defaults={"query": query})
    response = redirect("conversations")
    response["Location"] += f"?{query}" if query else ""
    return response


@require_POST
@needs("view_transcripts")
def delete_filter(request: HttpRequest, id: int) -> HttpResponse:
    get_object_or_404(SavedFilter, pk=id, owner=request.user).delete()
    return redirect("conversations")


@needs("view_transcripts")
def conversation(request: HttpRequest, id: str) -> HttpResponse:
    parts = services()
    summary = parts.staff.summary(id)
    record(request, "conversation_viewed", about=id)
    refresh_agreements(parts, [id])
    shown = {
        "summary": summary,
        "in_logs": pseudonym(id),
        "lines": read(parts, id),
        "revealed": _revealed(request, id),
        **loans_of(parts, summary),
        **beside(parts, summary),
        **_holding(request, id),
    }
    return render(request, "transcripts/conversation.html", shown)


@needs("view_transcripts")
def live(request: HttpRequest, id: str) -> HttpResponse:
    """The lines of a conversation again, for a page that is open; 204 where there is nothing new."""
    parts = services()
    head = parts.conversations.heads([id]).get(id)
    state = f"{head.last_number}-{head.holder}" if head else "none"
    if head is None or request.GET.get("state") == state:
        return HttpResponse(status=204)
    record(request, "conversation_viewed", about=id)
    shown = {"lines": read(parts, id), "summary": parts.staff.summary(id), "state": state}
    return render(request, "transcripts/lines.html", shown)


@require_POST
@needs("reveal")
def reveal(request: HttpRequest, id: str) -> HttpResponse:
    """Names and numbers in the clear for ten minutes, for a reason that the audit log keeps."""
    services().staff.summary(id)
    reason = request.POST.get("reason", "").strip()
    if len(reason) < 4:
        messages.error(request, _("请写明为什么需要查看客户信息。"))
        return redirect("conversation", id=id)
    record(request, "revealed", about=id, reason=reason[:500])
    known = {c: until for c, until in request.session.get("revealed", {}).items() if until > time.time()}
    request.session["revealed"] = {**known, id: time.time() + REVEALED_SECONDS}
    return redirect("conversation", id=id)


@require_POST
@needs("review")
def note(request: HttpRequest, id: str) -> HttpResponse:
    text = request.POST.get("text", "").strip()[:4000]
    if text:
        record(request, "noted", about=id)
        parts = services()
        parts.staff.store.add_note(id, request.user.get_username(), text, parts.clock.now())
    return redirect("conversation", id=id)


@require_POST
@needs("review")
def tags(request: HttpRequest, id: str) -> HttpResponse:
    wanted = [tag.strip()[:32] for tag in request.POST.get("tags", "").replace("，", ",").split(",") if tag.strip()]
    record(request, "tagged", about=id, tags=wanted[:20])
    services().staff.store.set_tags(id, wanted[:20])
    return redirect("conversation", id=id)


@require_POST
@needs("review")
def reviewed(request: HttpRequest, id: str) -> HttpResponse:
    record(request, "reviewed", about=id)
    parts = services()
    parts.staff.store.review(id, request.user.get_username(), parts.clock.now())
    messages.success(request, _("已标记为复核过。"))
    return redirect("conversation", id=id)


@require_POST
@needs("legal_hold")
def legal_hold(request: HttpRequest, id: str) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()[:500]
    if not reason:
        messages.error(request, _("请写明保留或解除保留的原因。"))
        return redirect("conversation", id=id)
    held = request.POST.get("held") == "yes"
    record(request, "legal_hold", about=id, reason=reason, held=held)
    services().staff.store.set_legal_hold(id, held)
    return redirect("conversation", id=id)


def _revealed(request: HttpRequest, id: str) -> bool:
    until = request.session.get("revealed", {}).get(id, 0)
    return bool(until > time.time() and request.user.has_perm("accounts.reveal"))


def _holding(request: HttpRequest, id: str) -> dict[str, Any]:
    """Who holds the conversation, and what this colleague may do about it."""
    if not request.user.has_perm("accounts.handle"):
        return {}
    asked = services().staff.store.open_request(id)
    mine = asked is not None and asked.claimed_by == request.user.get_username()
    shown: dict[str, Any] = {"asked": asked, "mine": mine}
    if mine:
        agents = User.objects.filter(groups__permissions__codename="handle", is_active=True).exclude(pk=request.user.pk)
        shown |= {"phrases": PHRASES, "colleagues": agents.distinct().order_by("username")}
    return shown

"""Taking conversations over: the queue, claim, reply, hand on, give back. Who is quicker holds it; the rest is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.accounts.models import User
from desk.accounts.roles import needs
from desk.audit.models import record
from kuanxin.bootstrap import services
from kuanxin.conversations.review import AlreadyClaimed, BorrowerWroteMeanwhile, NotHolding

if TYPE_CHECKING:
    from django.http import HttpRequest

MOST_CHARACTERS = 2000


@needs("handle")
def queue(request: HttpRequest) -> HttpResponse:
    return render(request, "handover/queue.html", _queue(request))


@needs("handle")
def queue_live(request: HttpRequest) -> HttpResponse:
    return render(request, "handover/rows.html", _queue(request))


def _queue(request: HttpRequest) -> dict[str, Any]:
    """The page asks again every three seconds: a line of the audit log is written where there is something new."""
    parts = services()
    now = parts.clock.now()
    rows = [
        {
            "asked": asked,
            "waited": now - asked.waiting_since,
            "mine": asked.claimed_by == request.user.get_username(),
            "first_reply": asked.first_reply_at - asked.waiting_since if asked.first_reply_at else None,
        }
        for asked in parts.staff.queue()
    ]
    seen = [[row["asked"].id, row["asked"].claimed_by] for row in rows]
    if request.session.get("queue_seen") != seen or request.resolver_match.url_name == "queue":
        record(request, "list_viewed", about="queue")
        request.session["queue_seen"] = seen
    waiting = [row for row in rows if not row["asked"].claimed_by]
    return {
        "waiting": waiting,
        "held": [row for row in rows if row["asked"].claimed_by],
        "newest": max((row["asked"].id for row in waiting), default=0),
        "staffed": parts.settings.hours.open_at(now),
        "hours": parts.settings.staff_hours_text,
    }


@require_POST
@needs("handle")
def claim(request: HttpRequest, id: str) -> HttpResponse:
    """Whoever is quicker holds it. A supervisor may take it from a colleague, which is said in the audit log."""
    parts = services()
    me = request.user.get_username()
    override = request.POST.get("override") == "yes" and request.user.has_perm("accounts.override")
    try:
        parts.staff.summary(id)
        parts.staff.claim(id, me, parts.clock.now(), override)
    except AlreadyClaimed as quicker:
        messages.error(request, _("%(who)s 已经接手了这个会话。") % {"who": quicker})
        return redirect("conversation", id=id)
    record(request, "overridden" if override else "claimed", about=id)
    return _to_reply(id)


@require_POST
@needs("handle")
def reply(request: HttpRequest, id: str) -> HttpResponse:
    parts = services()
    text, token = request.POST.get("text", "").strip(), request.POST.get("token", "")[:36]
    if not text or not token or len(text) > MOST_CHARACTERS:
        messages.error(request, _("请写回复，不超过%(n)d字。") % {"n": MOST_CHARACTERS})
    else:
        try:
            parts.staff.reply(id, request.user.get_username(), text, f"staff-{token}", parts.clock.now())
            record(request, "replied", about=id)
        except NotHolding:
            messages.error(request, _("这个会话现在不在您手上，回复没有发出。"))
    return _to_reply(id)


@require_POST
@needs("handle")
def typing(request: HttpRequest, id: str) -> HttpResponse:
    try:
        services().staff.typing(id, request.user.get_username())
    except NotHolding:
        return HttpResponse(status=409)
    return HttpResponse(status=204)


@require_POST
@needs("handle")
def transfer(request: HttpRequest, id: str) -> HttpResponse:
    parts = services()
    to = request.POST.get("to", "")
    able = User.objects.filter(username=to, is_active=True, groups__permissions__codename="handle").exists()
    if to and not able:
        messages.error(request, _("这位同事不能接手会话。"))
        return redirect("conversation", id=id)
    words = request.POST.get("note", "").strip()[:2000]
    try:
        parts.staff.transfer(id, request.user.get_username(), to or None, words, parts.clock.now())
    except NotHolding:
        messages.error(request, _("这个会话现在不在您手上。"))
        return redirect("conversation", id=id)
    record(request, "transferred", about=id, to=to)
    return redirect("queue")


@require_POST
@needs("handle")
def give_back(request: HttpRequest, id: str) -> HttpResponse:
    parts = services()
    outcome, seen = request.POST.get("outcome", "").strip()[:2000], request.POST.get("seen", "")
    if not outcome or not seen.isdigit():
        messages.error(request, _("请用一两句话写下结果，同事下次能接着看。"))
        return redirect("conversation", id=id)
    try:
        parts.staff.give_back(id, request.user.get_username(), outcome, int(seen), parts.clock.now())
    except NotHolding:
        messages.error(request, _("这个会话现在不在您手上。"))
        return redirect("conversation", id=id)
    except BorrowerWroteMeanwhile:
        messages.error(request, _("客户刚刚又写了，请看过再交回。"))
        return redirect("conversation", id=id)
    record(request, "given_back", about=id)
    messages.success(request, _("已交回助手，客户会看到。"))
    return redirect("queue")


@require_POST
@needs("handle")
def clear_safety(request: HttpRequest, id: str) -> HttpResponse:
    """A person judged that the danger is over; said with a reason."""
    reason = request.POST.get("reason", "").strip()[:500]
    if len(reason) < 4:
        messages.error(request, _("请写明怎样确认客户安全。"))
        return redirect("conversation", id=id)
    parts = services()
    parts.conversations.get(id)
    record(request, "safety_cleared", about=id, reason=reason)
    parts.conversations.clear_safety_hold(id, parts.clock.now())
    return redirect("conversation", id=id)


def _to_reply(id: str) -> HttpResponse:
    return redirect(f"{reverse('conversation', kwargs={'id': id})}#reply")

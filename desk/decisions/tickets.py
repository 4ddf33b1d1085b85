"""Disputes, complaints and other tickets: read, answer, close; the borrower hears the answer where they wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from desk.accounts.roles import needs
from desk.audit.models import record
from kuanxin.bootstrap import services
from kuanxin.conversations.review import AlreadyClosed

if TYPE_CHECKING:
    from django.http import HttpRequest

LAST_LINES = 12


@needs("decide")
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    parts = services()
    found = parts.staff.store.ticket(number)
    if found is None:
        raise Http404
    if request.method == "POST":
        answer, outcome = (request.POST.get(name, "").strip()[:2000] for name in ("answer", "outcome"))
        if len(answer) < 4 or len(outcome) < 4:
            messages.error(request, _("请写明处理结果和给客户的答复。"))
            return redirect("ticket", number=number)
        try:
            parts.staff.close_ticket(found, request.user.get_username(), outcome, answer, parts.clock.now())
        except AlreadyClosed as closed:
            messages.error(request, _("%(who)s 已经办结了这个工单，这次没有改动任何东西。") % {"who": closed})
            return redirect("ticket", number=number)
        record(request, "ticket_closed", about=number, reason=outcome)
        messages.success(request, _("已办结，答复已经告诉客户。"))
        return redirect("decisions")
    record(request, "ticket_viewed", about=number)
    lines = parts.conversations.transcript(found.conversation_id, limit=LAST_LINES)
    return render(request, "decisions/ticket.html", {"ticket": found, "lines": lines})

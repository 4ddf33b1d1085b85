"""The first page answers one question: what needs me?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render

from desk.audit.models import record
from kuanxin.bootstrap import services
from kuanxin.conversations.review import Filters

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

FIRST_OF_ROLE = (("accounts", "accounts"), ("figures", "figures"))
MOST = 6


@login_required
def home(request: HttpRequest) -> HttpResponse:
    user = request.user
    if not user.has_perm("accounts.view_transcripts"):
        room = next((room for permission, room in FIRST_OF_ROLE if user.has_perm(f"accounts.{permission}")), None)
        return redirect(room) if room else render(request, "no_role.html")
    staff = services().staff
    now = services().clock.now()
    shown = {"now": now}
    if user.has_perm("accounts.handle"):
        queue = staff.queue()
        shown["waiting"] = [(asked, now - asked.waiting_since) for asked in queue if not asked.claimed_by][:MOST]
        shown["mine"] = [asked for asked in queue if asked.claimed_by == user.get_username()]
    if user.has_perm("accounts.decide"):
        shown["requested"] = staff.store.agreements_in("requested")[:MOST]
        shown["tickets"] = staff.store.open_tickets(("dispute", "waiver", "payment", "complaint"), MOST)
    shown["attention"] = staff.page(Filters(needs_me=True, order="attention"), limit=10).rows
    record(request, "list_viewed", about="home")
    return render(request, "transcripts/home.html", shown)

"""Requests that policy leaves to a person: the figures, the borrower's words, approve, refuse, another plan instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.accounts.roles import needs
from desk.audit.models import record
from desk.decisions.deciding import (
    AlreadyDecided,
    carry_out,
    counter_reply,
    decision_of,
    other_plan,
    reply_to_json,
    settle_all,
    standing,
)
from desk.decisions.forms import CounterForm, DecisionForm
from desk.decisions.models import CounterOffer, Proposal
from kuanxin.bootstrap import services
from kuanxin.servicing.explain import derivation
from kuanxin.servicing.model import ArrangementState
from kuanxin.servicing.ports import LoanChanged
from kuanxin.servicing.quotes import Refusal
from kuanxin.servicing.service import NotUndoable, QuoteStale

if TYPE_CHECKING:
    from django.http import HttpRequest

    from kuanxin.conversations.review import Agreement
    from kuanxin.servicing.quotes import Arrangement

TICKET_KINDS = ("dispute", "waiver", "payment", "complaint", "certificate", "scam", "other")
MOST_TICKETS = 100
LAST_WORDS = 6


@needs("decide")
def decisions(request: HttpRequest) -> HttpResponse:
    parts = services()
    now = parts.clock.now()
    record(request, "list_viewed", about="decisions")
    proposals = {p.arrangement_id: p for p in Proposal.objects.filter(confirmed_by="")}
    rows = [(a, now - a.agreed_at, proposals.get(a.id)) for a in settle_all(parts)]
    tickets = parts.staff.store.open_tickets(TICKET_KINDS, MOST_TICKETS)
    return render(request, "decisions/decisions.html", {"rows": rows, "tickets": tickets, "now": now})


@needs("decide")
def decision(request: HttpRequest, id: str, form: Any = None, counter_form: Any = None) -> HttpResponse:
    parts = services()
    agreement = _agreement(id)
    found = standing(parts, agreement)
    record(request, "decision_viewed", about=id)
    entries = parts.conversations.transcript(agreement.conversation_id, limit=200)
    shown = {
        "agreement": agreement,
        "arrangement": found,
        "open": found.state is ArrangementState.REQUESTED,
        "decision": decision_of(parts, agreement),
        "lines": derivation(found.quote, parts.book.loan(agreement.borrower_id, agreement.loan_id)),
        "status": parts.servicing.status(agreement.borrower_id, agreement.loan_id, parts.clock.now()),
        "words": [e for e in entries if e.author == "borrower"][-LAST_WORDS:],
        "proposal": Proposal.objects.filter(arrangement_id=id).first(),
        "four_eyes": _four_eyes(found),
        "countered": CounterOffer.objects.filter(arrangement_id=id),
        "from_counter": CounterOffer.objects.filter(quote_hash=agreement.quote_hash).first(),
        "form": form or DecisionForm(),
        "counter_form": counter_form or CounterForm(),
    }
    return render(request, "decisions/decision.html", shown)


@require_POST
@needs("decide")
def decide(request: HttpRequest, id: str) -> HttpResponse:
    parts = services()
    agreement = _agreement(id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请选择并写明原因，至少四个字。"))
        return redirect("decision", id=id)
    me, reason = request.user.get_username(), form.cleaned_data["reason"]
    approved = form.cleaned_data["approved"] == "yes"
    if approved and _four_eyes(standing(parts, agreement)) and not _second_pair(request, agreement, me, reason):
        return redirect("decision", id=id)
    try:
        carry_out(parts, agreement, approved, me, reason)
    except AlreadyDecided as before:
        by = decision_of(parts, agreement).get("by") or _("别人")
        messages.error(request, _("%(who)s 已经处理过这个申请，这次没有改动任何东西。") % {"who": by})
        record(request, "decision_viewed", about=id, already=before.arrangement.state.value)
    except (LoanChanged, NotUndoable):
        messages.error(request, _("账务刚刚有变化，这次没有写入。请看过最新的数再决定。"))
    except QuoteStale:
        messages.error(request, _("方案的第一个还款日已经过去，不能照原样通过。请不通过并另提方案。"))
    else:
        record(request, "approved" if approved else "refused", about=id, reason=reason)
        messages.success(request, _("已处理，结果已经告诉客户。"))
        return redirect("decisions")
    return redirect("decision", id=id)


@require_POST
@needs("decide")
def counter(request: HttpRequest, id: str) -> HttpResponse:
    """Refuses the request and offers another plan in one step; the borrower consents to it in the chat or leaves it."""
    parts = services()
    agreement = _agreement(id)
    form = CounterForm(request.POST)
    if not form.is_valid():
        return decision(request, id, counter_form=form)
    me, words = request.user.get_username(), form.cleaned_data["words"]
    if standing(parts, agreement).state is not ArrangementState.REQUESTED:
        messages.error(request, _("这个申请已经处理过了。"))
        return redirect("decision", id=id)
    if isinstance(impossible := other_plan(parts, agreement, form.request()), Refusal):
        form.add_error(None, impossible.reason)
        return decision(request, id, counter_form=form)
    try:
        carry_out(parts, agreement, False, me, words)
    except (AlreadyDecided, LoanChanged, NotUndoable):
        messages.error(request, _("账务刚刚有变化，这次没有写入。请看过最新的数再决定。"))
        return redirect("decision", id=id)
    now = parts.clock.now()  # after the refusal: a quote that is older than it would be stale at once
    offered = parts.servicing.quote(agreement.borrower_id, agreement.loan_id, form.request(), now)
    if isinstance(offered, Refusal):
        messages.error(request, offered.reason)
        return redirect("decision", id=id)
    CounterOffer.objects.create(arrangement_id=id, quote_hash=offered.hash, by=me, reason=words)
    reply = reply_to_json(counter_reply(offered, words))
    parts.staff.store.tell(agreement.conversation_id, f"counter-{offered.hash[:40]}", now, reply, me)
    record(request, "countered", about=id, reason=words, quote=offered.hash)
    messages.success(request, _("已把新方案发给客户。客户同意就生效，规则要审批的会回到这里。"))
    return redirect("decisions")


def _agreement(id: str) -> Agreement:
    found = services().staff.store.agreement(id)
    if found is None:
        raise Http404
    return found


def _four_eyes(found: Arrangement) -> bool:
    """Whether a second person must confirm an approval."""
    waived: Any = found.quote.facts.get("waived", 0)
    return max(found.quote.total.total, int(waived)) > services().settings.desk_four_eyes_over


def _second_pair(request: HttpRequest, agreement: Agreement, me: str, reason: str) -> bool:
    """True where this is the confirmation by a second person; the first proposal is written down otherwise."""
    try:
        Proposal.objects.create(arrangement_id=agreement.id, by=me, reason=reason)
    except IntegrityError:
        free = Proposal.objects.filter(arrangement_id=agreement.id, confirmed_by="").exclude(by=me)
        if (
            free.update(confirmed_by=me)
            or Proposal.objects.filter(arrangement_id=agreement.id, confirmed_by=me).exclude(by=me).exists()
        ):
            return True
        messages.error(request, _("您已经提议过，需要另一位审批人确认。"))
        return False
    record(request, "proposed", about=agreement.id, reason=reason)
    messages.success(request, _("金额超过限额，已记为提议，等另一位审批人确认。"))
    return False

"""Carrying a decision out so that it happens once, and the borrower hears of it once, whatever stops in between.

The loan book is the judge: its event is written first, compare-and-set on the loan's version. Then the borrower is
told, then the request is closed; each step may be done again without harm, and `settle` does what a crash left over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kuanxin.conversations.replies import Button, Card, Reply
from kuanxin.servicing.model import ArrangementState
from kuanxin.servicing.offers import offer
from kuanxin.servicing.ports import BookUnavailable, LoanNotFound
from kuanxin.servicing.words import KIND_NAMES, day, money, parts

if TYPE_CHECKING:
    from kuanxin.bootstrap import Services
    from kuanxin.conversations.review import Agreement
    from kuanxin.servicing.quotes import Arrangement, Quote, Refusal, ReliefRequest

HUMAN = Button("转人工客服", "request_human")
WISH = {  # the wish of the assistant's form that a kind of relief belongs to
    "extension": "request_extension",
    "promise_to_pay": "request_extension",
    "re_instalment": "request_instalment_plan",
    "reduced_interim": "request_instalment_plan",
    "penalty_waiver": "request_fee_waiver",
}


class AlreadyDecided(Exception):
    """Somebody decided before; nothing was written. `arrangement` is how it stands."""

    def __init__(self, arrangement: Arrangement) -> None:
        super().__init__(arrangement.state.value)
        self.arrangement = arrangement


def standing(services: Services, agreement: Agreement) -> Arrangement:
    """How the arrangement stands in the loan book now. Raises LoanNotFound, BookUnavailable."""
    for found in services.servicing.arrangements(agreement.borrower_id, services.clock.now()):
        if found.id == agreement.id:
            return found
    raise LoanNotFound(agreement.id)


def carry_out(services: Services, agreement: Agreement, approved: bool, by: str, reason: str) -> Arrangement:
    """Raises AlreadyDecided, and what Servicing.decide raises."""
    found = standing(services, agreement)
    if found.state is not ArrangementState.REQUESTED:
        settle(services, agreement)
        raise AlreadyDecided(found)
    now = services.clock.now()
    decided = services.servicing.decide(
        agreement.borrower_id, agreement.loan_id, agreement.id, approved, by, reason, now
    )
    _conclude(services, agreement, decided)
    if decision_of(services, agreement).get("by") != by:
        raise AlreadyDecided(decided)  # the same decision, a moment earlier, by somebody else
    return decided


def other_plan(services: Services, agreement: Agreement, request: ReliefRequest) -> Quote | Refusal:
    """What the rules would offer for another plan if this request were not there. Writes nothing."""
    loan = services.book.loan(agreement.borrower_id, agreement.loan_id)
    without = tuple(event for event in loan.events if event.arrangement_id != agreement.id)
    return offer(replace(loan, events=without), services.servicing.policy, request, services.clock.now())


def settle(services: Services, agreement: Agreement) -> None:
    """Tells the borrower and closes the request where the loan book already holds a decision."""
    found = standing(services, agreement)
    if found.state is not ArrangementState.REQUESTED:
        _conclude(services, agreement, found)


def settle_all(services: Services) -> tuple[Agreement, ...]:
    """The requests that really wait; what was decided and not yet told is told."""
    waiting = []
    for agreement in services.staff.store.agreements_in("requested"):
        try:
            if standing(services, agreement).state is ArrangementState.REQUESTED:
                waiting.append(agreement)
            else:
                settle(services, agreement)
        except (LoanNotFound, BookUnavailable):
            waiting.append(agreement)
    return tuple(waiting)


def decision_of(services: Services, agreement: Agreement) -> dict[str, Any]:
    """The event with which a person decided: {approved, by, reason}; empty while nobody has."""
    for event in services.book.loan(agreement.borrower_id, agreement.loan_id).events:
        if event.kind == "decided" and event.arrangement_id == agreement.id:
            return dict(event.data)
    return {}


def _conclude(services: Services, agreement: Agreement, found: Arrangement) -> None:
    decision = decision_of(services, agreement)
    reply = _words(found, str(decision.get("reason") or ""))
    by = str(decision.get("by") or "")
    services.staff.conclude(agreement, found.state.value, reply_to_json(reply), by, services.clock.now())


def _words(found: Arrangement, reason: str) -> Reply:
    """How the borrower hears of it."""
    kind = KIND_NAMES[found.kind]
    if found.state is ArrangementState.REFUSED:
        return Reply(
            f"您申请的{kind}（编号{found.id}）同事看过了，这次没有通过。原因：{reason.rstrip('。')}。"
            "还款计划没有变动，我们可以一起看别的办法。",
            buttons=(Button("看看分期方案", "request_instalment_plan"), Button("晚几天还", "request_extension"), HUMAN),
        )
    if found.state in (ArrangementState.REPLACED, ArrangementState.UNDONE):
        return Reply(f"您申请的{kind}（编号{found.id}）已经由后来的安排代替，这一份不再处理。", buttons=(HUMAN,))
    first = found.quote.rows[0] if found.quote.rows else None
    what = f"下一次是{day(first.due_date)}还{money(first.amounts.total)}。" if first else "没有要还的款了。"
    return Reply(
        f"好消息：您申请的{kind}（编号{found.id}）审核通过，已经生效。{what}",
        card=plan_card("arrangement", "您的约定", found.quote, {"arrangement": found.id}),
        buttons=(Button("到期前提醒我", "set_reminder"), Button("怎么还款", "ask_payment_methods")),
    )


def counter_reply(quote: Quote, reason: str) -> Reply:
    """Another plan instead, which the borrower may take or leave."""
    return Reply(
        f"同事看过您的申请，想和您商量另一个方案：{KIND_NAMES[quote.kind]}。{reason.rstrip('。')}。"
        f"您不用马上决定，{quote.expires_at:%m月%d日%H:%M}前都有效，不同意也没关系。",
        card=plan_card("offers", "同事建议的方案", quote, {}),
        buttons=(Button("看看这个方案", WISH[quote.kind.value], {"offer": quote.hash}), HUMAN),
    )


def plan_card(kind: str, title: str, quote: Quote, data: dict[str, Any]) -> Card:
    return Card(
        kind,
        title,
        facts=(("方案", KIND_NAMES[quote.kind]), ("总共要还", money(quote.total.total))),
        columns=("期数", "还款日", "金额", "其中"),
        rows=tuple((str(r.number), day(r.due_date), money(r.amounts.total), parts(r.amounts)) for r in quote.rows),
        notes=(f"按{quote.as_of:%Y-%m-%d %H:%M}的账务计算",),
        data={"hash": quote.hash, **data},
    )


def reply_to_json(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "card": reply.card.as_dict() if reply.card else None,
        "buttons": [{"title": b.title, "intent": b.intent, "entities": b.entities} for b in reply.buttons],
    }

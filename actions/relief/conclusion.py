"""After the form: commits what was agreed, or takes leave of it without pressure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from actions.base import HUMAN, RESPONDERS, KuanxinAction, complete
from actions.cards import KIND_NAMES, SPREAD, arrangement_card
from actions.relief.state import EMPTY, FORM, LEAVING
from actions.turn import Answer, Turn, say
from actions.words import day, money
from kuanxin.conversations.replies import Button
from kuanxin.conversations.review import Agreement
from kuanxin.servicing.model import ArrangementState
from kuanxin.servicing.quotes import Arrangement, Refusal
from kuanxin.servicing.service import QuoteStale

CLEARED: dict[str, Any] = {**EMPTY, "shown": None, "monthly": None}
A_MOMENT = timedelta(minutes=30)


class ReliefDone(KuanxinAction):
    """After the form: commits what was agreed, or takes leave of it without pressure."""

    def name(self) -> str:
        return "action_relief_done"

    def answer(self, turn: Turn) -> Answer:
        outcome = turn.slots.get("consent")
        if outcome == "yes":
            return _commit(turn)
        if outcome == "no":
            return say(
                "好的，不办也完全可以，什么都没有改动。需要的话还可以换个日子、换个金额，或者找同事聊。",
                buttons=(
                    Button("换个日子还", "request_extension"),
                    Button("看看分期方案", "request_instalment_plan"),
                    HUMAN,
                ),
                slots=CLEARED,
            )
        if turn.intent == "stop":
            return say("好的，先放一放，什么都没有改动。想继续时随时告诉我。", slots=CLEARED)
        responder = RESPONDERS.get(turn.intent) if turn.intent in LEAVING else None
        if turn.third_party:
            responder = RESPONDERS["third_party_contact"]
        said = complete(turn, responder(turn)) if responder else Answer()
        return Answer(said.replies, {**said.slots, **CLEARED}, said.followup)


def _commit(turn: Turn) -> Answer:
    servicing = turn.services.servicing
    try:
        arrangement = servicing.commit(turn.must_be_borrower(), turn.slots["quote"], turn.now, turn.text)
    except QuoteStale as stale:
        if isinstance(stale.fresh, Refusal):
            return say(f"账务刚刚有变化，原来的方案不能用了。{stale.fresh.reason}", buttons=(HUMAN,), slots=CLEARED)
        again = {"quote": stale.fresh.hash, "consent": None, "shown": None}
        return say("账务刚刚有变化，我按最新的数重新算了，请再核对一次。", slots=again, followup=FORM)
    return _agreed(turn, arrangement)


def untold(turn: Turn) -> Answer | None:
    """What was agreed a moment ago and never shown, because a server ended in between; None where nothing was."""
    if turn.borrower is None or turn.third_party:
        return None
    shown = turn.services.conversations.transcript(turn.conversation)
    told = {entry.card["data"].get("arrangement") for entry in shown if entry.card}
    agreed = turn.services.servicing.arrangements(turn.borrower, turn.now)
    live = {ArrangementState.REQUESTED, ArrangementState.ACTIVE}
    fresh = [a for a in agreed if a.state in live and a.agreed_at >= turn.now - A_MOMENT and a.id not in told]
    return _agreed(turn, fresh[-1]) if fresh else None


def _agreed(turn: Turn, arrangement: Arrangement) -> Answer:
    """Says what stands, and sees to all that follows from it; doing it again changes nothing."""
    turn.services.staff.remember_agreement(_agreement(turn, arrangement))
    if arrangement.state is ArrangementState.REQUESTED:
        return _requested(turn, arrangement)
    conversations = turn.services.conversations
    first = arrangement.quote.rows[0]
    conversations.hold_reminders(turn.conversation, "promise", turn.now, until=first.due_date)
    text = f"已经记下了：{day(first.due_date)}还{money(first.amounts.total)}。谢谢您提前说。"
    if arrangement.kind in SPREAD:
        text = f"方案已生效：第一期{day(first.due_date)}还{money(first.amounts.total)}，一共{len(arrangement.quote.rows)}期。"
    ahead = "提前一天" if first.due_date > turn.today else "今天"
    text += f"把钱{ahead}放进扣款账户就好；如果情况有变，早点告诉我，我们再商量。"
    return say(
        text,
        card=arrangement_card(arrangement, turn.today),
        buttons=(Button("到期前提醒我", "set_reminder"), Button("怎么还款", "ask_payment_methods")),
        slots={**CLEARED, "loan": arrangement.loan_id},
    )


def _agreement(turn: Turn, arrangement: Arrangement) -> Agreement:
    return Agreement(
        id=arrangement.id,
        conversation_id=turn.conversation,
        borrower_id=turn.must_be_borrower(),
        loan_id=arrangement.loan_id,
        quote_hash=arrangement.quote.hash,
        kind=arrangement.kind.value,
        state=arrangement.state.value,
        total=arrangement.quote.total.total,
        agreed_at=arrangement.agreed_at,
    )


def _requested(turn: Turn, arrangement: Arrangement) -> Answer:
    kind = KIND_NAMES[arrangement.kind]
    summary = f"申请{kind}，编号{arrangement.id}"
    turn.services.conversations.hand_over(turn.conversation, "decision", "normal", summary, turn.now)
    return say(
        f"{kind}申请已提交，编号{arrangement.id}。同事审核后会在这里告诉您结果；审核期间不会因为这件事催您。",
        card=arrangement_card(arrangement, turn.today),
        slots=CLEARED,
    )

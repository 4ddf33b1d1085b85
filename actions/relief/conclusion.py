"""After the form: commits what was agreed, or takes leave of it without pressure."""

from __future__ import annotations

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


class ReliefDone(KuanxinAction):
    """After the form: commits what was agreed, or takes leave of it without pressure."""

    def name(self) -> str:
        return "action_relief_done"

    def answer(self, turn: Turn) -> Answer:
        cleared = {**EMPTY, "shown": None}
        outcome = turn.slots.get("consent")
        if outcome == "yes":
            return _commit(turn, cleared)
        if outcome == "no":
            return say(
                "好的，不办也完全可以，什么都没有改动。需要的话还可以换个日子、换个金额，或者找同事聊。",
                buttons=(
                    Button("换个日子还", "request_extension"),
                    Button("看看分期方案", "request_instalment_plan"),
                    HUMAN,
                ),
                slots=cleared,
            )
        if turn.intent == "stop":
            return say("好的，先放一放，什么都没有改动。想继续时随时告诉我。", slots=cleared)
        responder = RESPONDERS.get(turn.intent) if turn.intent in LEAVING else None
        if turn.third_party:
            responder = RESPONDERS["third_party_contact"]
        said = complete(turn, responder(turn)) if responder else Answer()
        return Answer(said.replies, {**said.slots, **cleared}, said.followup)


def _commit(turn: Turn, cleared: dict[str, Any]) -> Answer:
    servicing = turn.services.servicing
    try:
        arrangement = servicing.commit(turn.must_be_borrower(), turn.slots["quote"], turn.now, turn.text)
    except QuoteStale as stale:
        if isinstance(stale.fresh, Refusal):
            return say(f"账务刚刚有变化，原来的方案不能用了。{stale.fresh.reason}", buttons=(HUMAN,), slots=cleared)
        again = {"quote": stale.fresh.hash, "consent": None, "shown": None}
        return say("账务刚刚有变化，我按最新的数重新算了，请再核对一次。", slots=again, followup=FORM)
    turn.services.staff.remember_agreement(_agreement(turn, arrangement))
    if arrangement.state is ArrangementState.REQUESTED:
        return _requested(turn, arrangement, cleared)
    conversations = turn.services.conversations
    first = arrangement.quote.rows[0]
    conversations.hold_reminders(turn.conversation, "promise", turn.now, until=first.due_date)
    status = servicing.status(turn.must_be_borrower(), arrangement.loan_id, turn.now)
    text = f"已经记下了：{day(first.due_date)}还{money(first.amounts.total)}。谢谢您提前说。"
    if arrangement.kind in SPREAD:
        text = f"方案已生效：第一期{day(first.due_date)}还{money(first.amounts.total)}，一共{len(arrangement.quote.rows)}期。"
    text += "把钱提前一天放进扣款账户就好；如果情况有变，早点告诉我，我们再商量。"
    return say(
        text,
        card=arrangement_card(arrangement, turn.today),
        buttons=(Button("到期前提醒我", "set_reminder"), Button("怎么还款", "ask_payment_methods")),
        slots={**cleared, "loan": status.loan.id},
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


def _requested(turn: Turn, arrangement: Arrangement, cleared: dict[str, Any]) -> Answer:
    kind = KIND_NAMES[arrangement.kind]
    summary = f"申请{kind}，编号{arrangement.id}"
    turn.services.conversations.hand_over(turn.conversation, "decision", "normal", summary, turn.now)
    return say(
        f"{kind}申请已提交，编号{arrangement.id}。同事审核后会在这里告诉您结果；审核期间不会因为这件事催您。",
        card=arrangement_card(arrangement, turn.today),
        slots=cleared,
    )

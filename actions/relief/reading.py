"""Reading a message into the form: which wish, which loan, which date or amount; a quote as soon as one is possible.

A message with nothing for the form is left to the rules (Rasa answers it and the form asks again after that).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

from actions.base import HUMAN, book_unavailable, briefly, opening, send, sign_in
from actions.cards import offers_card
from actions.readings import otherwise
from actions.relief.limits import counted_from
from actions.relief.state import EMPTY, FINAL_RULES, FORM, LEAVING, NEEDS, REQUESTED, WISHES, Negotiation
from actions.turn import NotVerified, Turn, to_fen
from actions.words import money
from kuanxin.conversations.replies import Button, Reply
from kuanxin.conversations.timing import LATE, came_before
from kuanxin.logs import of_conversation
from kuanxin.servicing.affordability import Budget, due_day_after
from kuanxin.servicing.money import yuan
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.servicing.quotes import (
    DueDateChange,
    EarlySettlement,
    PartialPayment,
    PenaltyWaiver,
    Quote,
    Refusal,
    ReInstalment,
)

if TYPE_CHECKING:
    from rasa_sdk import Tracker
    from rasa_sdk.executor import CollectingDispatcher
    from rasa_sdk.types import DomainDict

    from kuanxin.servicing.service import Status

# questions to which a plain "no" means that the whole wish is dropped
DATED = {"later_date", "due_day", "part_amount"}
LIKELY_NO = 0.6
_BIG = re.compile(r"大的|[多高]的那|大笔|大额")
_SMALL = re.compile(r"小的|少的那|小笔|小额")
_ANY = re.compile(r"随便|都行|都可以|无所谓|你看着|你定")
_UNSURE = re.compile(r"不知道|说不准|不好说|不确定|不清楚|没数|算不[出清来]")
_URGENT = re.compile(rf"逾期|过期|晚了的|急的|{_ANY.pattern}|{_UNSURE.pattern}|两笔|都要|全部|一起")


class ValidateReliefForm(Action):
    """Reads a message into the form's slots; leaves it to the rules when there is nothing in it for the form."""

    def name(self) -> str:
        return f"validate_{FORM}"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        turn = Turn.of(tracker)
        of_conversation(turn.conversation)
        requested = tracker.get_slot(REQUESTED)
        state = Negotiation(turn, {}, [])
        if _something_else_was_answered(tracker):  # an action that opens the form itself has requested nothing yet
            return [SlotSet(REQUESTED, requested or state.missing)]
        ended = await asyncio.to_thread(read, state, requested)
        for reply in state.replies:
            send(dispatcher, reply)
        if not ended and not state.slots and not state.replies and not _asks_again(turn):
            return [SlotSet(REQUESTED, requested)]  # rejected: the rules answer
        # a slot besides the requested one tells Rasa that the message was for the form
        slots = state.slots or {"relief": state["relief"]}
        return [SlotSet(REQUESTED, None if ended else state.missing), *(SlotSet(k, v) for k, v in slots.items())]


def _something_else_was_answered(tracker: Tracker) -> bool:
    """Whether another action already answered this message, so that the form only has to ask again."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "action" and event["name"] not in {FORM, "action_listen"}:
            return True
    return False


def _asks_again(turn: Turn) -> bool:
    """Whether the form's own question is the best answer: the wish is said again, or nothing is said that it needs."""
    return turn.intent in WISHES or turn.intent in {"affirm", "inform"}


def _leaves(state: Negotiation, requested: str | None) -> bool:
    """Whether the message is about something else for good. An answer to the question asked is not (说错了 是6期)."""
    turn = state.turn
    if turn.safety_hold or turn.third_party:
        return True
    return turn.intent in LEAVING and not _answers_the_question(state, requested)


def _answers_the_question(state: Negotiation, requested: str | None) -> bool:
    """Whether figures in a message whose wish is not sure are for the question that was asked (不行 26太早 30号)."""
    return requested is not None and state.turn.perhaps is not None and bool(state.terms)


def read(state: Negotiation, requested: str | None) -> bool:
    """Puts what the message says into the slots. True where the form ends with this message."""
    turn = state.turn
    if _leaves(state, requested):
        state.put(consent="left")
        return True
    try:
        turn.must_be_borrower()
        return _read_verified(state, requested)
    except NotVerified:
        state.replies += [*opening(turn), sign_in(turn)]
    except BookUnavailable:
        state.say(book_unavailable(turn))
    state.put(consent="left")
    return True


def _read_verified(state: Negotiation, requested: str | None) -> bool:
    turn = state.turn
    wish = None if _answers_the_question(state, requested) else WISHES.get(turn.intent)
    changed = wish is not None and wish != state["relief"]
    if requested is None:
        state.replies += opening(turn)
    if requested is None or changed:
        for wish_beside in turn.also:
            if wish_beside not in WISHES:
                state.replies += briefly(wish_beside, turn)
        state.replies += otherwise(turn)
    if changed:
        state.put(**{**EMPTY, "relief": wish, "told": state["told"]})
    if _counter_offer(state):
        return False
    if _late(state, requested):
        state.say(Reply(LATE))
        state.put(shown=None)  # an offer is shown once more, wholly
        return False
    if not _choose_loan(state, requested):
        state.put(told=state.terms or state["told"])
        return not turn.open_loans
    if requested == "consent" and _consent(state):
        return True
    if requested in DATED and _declines(state):
        state.put(consent="no")
        return True
    _terms(state, requested)
    if state["told"] and "asks" not in state["told"]:
        state.put(told=None)
    return bool(state["consent"] == "left")


def _counter_offer(state: Negotiation) -> bool:
    """A button under a colleague's counter-offer names a quote that this form has not made: it asks for consent."""
    wanted = state.turn.entity("offer")
    if wanted is None or wanted in (state["offers"] or []) or state.turn.intent not in WISHES:
        return False
    quote = state.turn.services.servicing.book.quote(state.turn.must_be_borrower(), wanted)
    if quote is None:
        return False
    state.put(**EMPTY)
    state.put(relief=WISHES[state.turn.intent], loan=quote.loan_id, quote=quote.hash)
    return True


def _late(state: Negotiation, requested: str | None) -> bool:
    """Whether words would agree, decline or choose, and were sent before what they would answer was on the screen.

    An offer counts from when it was first shown. A button needs none of this: it says itself what it is for.
    """
    turn = state.turn
    conversations, answers = turn.services.conversations, turn.intent == "affirm" or _declines(state)
    if turn.sent_at is None:
        return False
    if requested == "consent" and answers and turn.entity("consent") is None:
        return came_before(turn.sent_at, conversations.first_shown(turn.conversation, {"consent": state["quote"]}))
    if requested is not None and turn.entity("choice") is not None:
        return came_before(turn.sent_at, conversations.last_shown(turn.conversation))
    return False


def _choose_loan(state: Negotiation, requested: str | None) -> bool:
    """Whether it is clear which loan is meant."""
    turn, loans = state.turn, state.turn.open_loans
    if not loans:
        state.say(
            Reply(
                "查到您名下没有未结清的借款，所以不用做任何安排。如果收到了催款信息，可以告诉我，我帮您核对。",
                buttons=(HUMAN,),
            )
        )
        state.put(consent="left")
        return False
    ids = [status.loan.id for status in loans]
    wanted = turn.entity("loan")
    if wanted is None and state["loan"] in ids:
        return True
    if wanted is None and len(loans) == 1:
        wanted = ids[0]
    if wanted is None and requested == "loan":
        wanted = _described_loan(turn, loans)
    if wanted not in ids:
        return False
    state.put(loan=wanted)
    return True


def _described_loan(turn: Turn, loans: tuple[Status, ...]) -> str | None:
    """The loan meant by a number in the list, an amount, "the big one", "the overdue one", or "any"."""
    choice, amount = str(turn.entity("choice") or ""), to_fen(turn.entity("amount"))
    if choice.isdigit() and 1 <= int(choice) <= len(loans):
        return loans[int(choice) - 1].loan.id
    if choice == "last":
        return loans[-1].loan.id
    by_amount = [s for s in loans if amount in (s.loan.principal, s.due.total, s.outstanding.total)]
    if amount is not None and len(by_amount) == 1:
        return by_amount[0].loan.id
    if _BIG.search(turn.text):
        return max(loans, key=lambda s: s.loan.principal).loan.id
    if _SMALL.search(turn.text):
        return min(loans, key=lambda s: s.loan.principal).loan.id
    if _URGENT.search(turn.text):
        return loans[0].loan.id  # those in arrears stand first
    return None


def _consent(state: Negotiation) -> bool:
    """Reads an answer to "shall it be so?". True where the form ends."""
    intent = state.turn.intent
    wanted = state.turn.entity("consent")
    if wanted is not None and wanted != state["quote"]:
        state.say(Reply("这个按钮对应的是之前的方案，现在的方案在下面，请以它为准。"))
        state.put(consent=None)
        return False
    if intent == "affirm" and state.turn.perhaps is not None:
        # an arrangement stands on a plain yes, not on a likely one
        state.say(Reply("我想确认一下您的意思：同意的话，点“确认，就这样”，或者回复“同意”。"))
        state.put(consent=None)
        return False
    if intent == "affirm":
        state.put(consent="yes")
        return True
    if _declines(state):
        state.put(consent="no")
        return True
    return False


def _declines(state: Negotiation) -> bool:
    """A plain no. 算了 不用了 is one too, though it may be "no" or "stop"; 不行 30号吧 is none, it names something else."""
    likely = sum(confidence for name, confidence in state.turn.ranking if name in {"deny", "stop"})
    return not state.terms and (state.turn.intent == "deny" or likely >= LIKELY_NO)


def _terms(state: Negotiation, requested: str | None) -> None:
    """Reads date, amount, rows; quotes as soon as there is enough to quote."""
    wish = state["relief"]
    if wish == "later_date":
        _later_date(state, requested)
    elif wish == "plan":
        _plan(state, requested)
    elif wish == "due_day":
        _due_day(state)
    elif wish == "part_amount":
        _part_amount(state)
    elif not state["quote"]:
        request = PenaltyWaiver() if wish == "waiver" else EarlySettlement(on=state.date() or state.turn.today)
        _offer(
            state,
            state.turn.services.servicing.quote(state.turn.must_be_borrower(), state["loan"], request, state.turn.now),
        )


def _offer(state: Negotiation, offer: Quote | Refusal, **slots: Any) -> None:
    """Keeps a quote as the one that consent will name, or says why not and what would be possible."""
    if isinstance(offer, Quote):
        state.put(quote=offer.hash, consent=None, **slots)
        return
    state.say(Reply(offer.reason, buttons=_ways_on(state["relief"])))
    need = NEEDS.get(state["relief"])
    if need and offer.rule.rsplit(".", 1)[-1] not in FINAL_RULES:
        state.put(quote=None, **{need: None})
    else:
        state.put(quote=None, consent="left")


def _ways_on(wish: str) -> tuple[Button, ...]:
    other = (
        Button("看看分期方案", "request_instalment_plan") if wish != "plan" else Button("晚几天还", "request_extension")
    )
    return (other, HUMAN, Button("先不弄了", "stop"))


def _later_date(state: Negotiation, requested: str | None) -> None:
    turn = state.turn
    wanted = state.date()
    if wanted is None and (days := state.entity("duration")) is not None:
        status = turn.services.servicing.status(turn.must_be_borrower(), state["loan"], turn.now)
        wanted = counted_from(status, turn.today) + timedelta(days=int(days))
    if wanted is None and requested == "later_date" and turn.intent == "request_extension":
        wanted = date.max  # 最晚能到哪天: the answer names the limit
    if wanted is None:
        return
    offer = turn.services.servicing.later_date(turn.must_be_borrower(), state["loan"], wanted, turn.now)
    _offer(state, offer, later_date=wanted.isoformat())


def _plan(state: Negotiation, requested: str | None) -> None:
    turn, servicing = state.turn, state.turn.services.servicing
    borrower, loan = turn.must_be_borrower(), state["loan"]
    chosen = _chosen_offer(state)
    if chosen:
        state.put(quote=chosen, plan="chosen", consent=None)
        return
    budget = _budget(state, requested)
    if budget is None:
        return
    if budget.limit is not None:
        fitting = servicing.plans_for(borrower, loan, budget, turn.now)
        if fitting.quotes:
            best = fitting.quotes[0]
            state.put(offers=[quote.hash for quote in fitting.quotes])
            _offer(state, best, plan=f"limit:{budget.limit}")
        else:
            _nothing_fits(state, budget.limit, fitting.nearest)
        return
    if (count := state.entity("count")) is not None:
        offer = servicing.quote(borrower, loan, ReInstalment(rows=int(count)), turn.now)
        if isinstance(offer, Quote):  # 便宜的那个, said later, chooses among what was seen
            state.put(offers=[h for h in state["offers"] or () if h != offer.hash] + [offer.hash])
        _offer(state, offer, plan=f"rows:{count}")
        return
    vague = _ANY.search(turn.text) or _UNSURE.search(turn.text)
    undecided = turn.intent in {"deny", "affirm"} or bool(turn.entity("choice")) or vague
    if turn.entity("plan") == "show" or (requested == "plan" and undecided):
        _show_plans(state)


def _budget(state: Negotiation, requested: str | None) -> Budget | None:
    """What can be paid a month, as far as it was told; None where something has to be asked for first.

    Who does not know it is asked for income, then for what a month needs: nobody promises what food and rent take.
    """
    asked = (state["told"] or {}).get("asks") if requested == "plan" else None
    budget, bare = state.budget(), state.amount()
    if asked == "income" and bare is not None:
        budget = replace(budget, income=bare, comfortable=None)
    elif asked == "expense" and (bare is not None or state.turn.intent == "deny"):
        budget = replace(budget, essentials=budget.essentials + (bare or 0), comfortable=None)
        asked = "all"
    spends = budget.essentials or budget.other_debts or asked == "all"
    if budget.comfortable is None and budget.income is not None and not spends:
        state.put(plan=None, told={"asks": "expense", "income": yuan(budget.income)})
        return None
    # who does not know it is asked for it once, not again in the middle of the answer
    pressed = state.turn.entity("plan")
    at_first = requested == "plan" and not asked and not state["offers"]
    unsure = at_first and pressed is None and _UNSURE.search(state.turn.text)
    if (pressed == "budget" or unsure) and budget.income is None and budget.comfortable is None:
        state.put(plan=None, told={"asks": "income"})
        return None
    if budget.income is not None and budget.limit is not None:
        state.put(told=None)
        spent = f"，开销{money(budget.essentials)}" if budget.essentials else ""
        owed = f"，别的贷款{money(budget.other_debts)}" if budget.other_debts else ""
        left = f"最多能拿出{money(budget.limit)}，我只在这个数以内找" if budget.limit else "没有余下能还款的钱"
        state.say(Reply(f"按您说的，每月进{money(budget.income)}{spent}{owed}，{left}。"))
    return budget


def _chosen_offer(state: Negotiation) -> str | None:
    """The hash of the offer meant by a button or by "第二个", "便宜的那个"."""
    offers, turn = state["offers"] or [], state.turn
    if (wanted := turn.entity("offer")) in offers:
        return wanted
    choice = str(turn.entity("choice") or "")
    if not offers or not choice:
        return None
    if choice.isdigit() and 1 <= int(choice) <= len(offers):
        return offers[int(choice) - 1]
    quotes = [turn.services.servicing.book.quote(turn.must_be_borrower(), h) for h in offers]
    known = [quote for quote in quotes if quote]
    if choice == "last" or not known:
        return offers[-1]
    return min(known, key=lambda q: q.total.total if choice == "cheapest" else q.monthly).hash


def _show_plans(state: Negotiation) -> None:
    turn, servicing = state.turn, state.turn.services.servicing
    borrower, loan = turn.must_be_borrower(), state["loan"]
    found: tuple[Quote | Refusal, ...]
    name, _, limit = str(state["plan"] or "").partition(":")
    if name == "limit":  # other plans than the one that was offered, and none above what can be paid
        found = servicing.plans_for(borrower, loan, Budget(comfortable=int(limit)), turn.now).quotes
    else:
        found = servicing.plans(borrower, loan, turn.now)
    state.put(told=None)
    quotes = tuple(offer for offer in found if isinstance(offer, Quote))
    if not quotes:
        refusal = next((offer for offer in found if isinstance(offer, Refusal)), None)
        reason = (
            refusal.reason
            if refusal
            else "按现在的规则，这笔借款暂时没有可以直接办理的分期方案，同事可以再帮您看一次。"
        )
        state.say(Reply(reason, buttons=_ways_on("plan")))
        state.put(offers=None)
        return
    state.put(offers=[quote.hash for quote in quotes], plan=None, quote=None)
    state.say(
        Reply(
            "这几种都可以选。回复“第几个”，或者直接说每个月最多能还多少，我按您的数来找。",
            card=offers_card(quotes),
            buttons=(
                *tuple(
                    Button(f"第{n}个：{len(q.rows)}期，每期最多{money(q.monthly)}", "inform", {"offer": q.hash})
                    for n, q in enumerate(quotes, 1)
                ),
                Button("都不合适", "request_human"),
            ),
        )
    )


def _nothing_fits(state: Negotiation, limit: int, nearest: Quote | Refusal | None) -> None:
    said = f"实话说，每月{money(limit)}以内，按现在的规则还没有能排开的方案，我不会劝您答应还不起的数。"
    if not limit:
        said = "这种时候我不会劝您答应任何还款数，先把日子过好。"
        state.put(consent="left")  # nobody without anything left is asked for an amount again
    buttons: tuple[Button, ...] = (HUMAN, Button("换个金额试试", "request_instalment_plan"), Button("先不弄了", "stop"))
    state.put(quote=None, plan=None, offers=None)
    if isinstance(nearest, Quote):
        interim = nearest.facts
        said += f"可以先过渡一下：头{interim['months']}个月每月还{money(interim['monthly'])}，"
        said += f"之后每期最多{money(nearest.monthly)}"
        said += "，后面这段要同事看过、和您商量了再定。" if nearest.needs_person else "。"
        state.put(offers=[nearest.hash])
        buttons = (Button("看看这个方案", "inform", {"offer": nearest.hash}), *buttons)
    else:
        said += "同事可以和您一起商量别的办法，比如先少还一段时间。"
    state.say(Reply(said, buttons=buttons))


def _due_day(state: Negotiation) -> None:
    turn = state.turn
    wanted, payday = state.due_day()
    if wanted is None and payday is not None:
        wanted = due_day_after(payday)
        state.say(Reply(f"{payday}号发工资的话，还款日放在{wanted}号比较稳，工资晚到一天也不会逾期。"))
    if wanted is None:
        return
    offer = turn.services.servicing.quote(turn.must_be_borrower(), state["loan"], DueDateChange(wanted), turn.now)
    _offer(state, offer, due_day=str(wanted))


def _part_amount(state: Negotiation) -> None:
    turn = state.turn
    amount = state.amount()
    if amount is None:
        return
    request = PartialPayment(amount=amount, on=state.date() or turn.today)
    offer = turn.services.servicing.quote(turn.must_be_borrower(), state["loan"], request, turn.now)
    _offer(state, offer, part_amount=str(amount))

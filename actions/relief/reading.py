"""Reading a message into the form: which wish, which loan, which date or amount; a quote as soon as one is possible.

A message with nothing for the form is left to the rules (Rasa answers it and the form asks again after that).
"""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

from actions.base import HUMAN, book_unavailable, briefly, opening, send, sign_in
from actions.readings import otherwise
from actions.relief.limits import counted_from, later_dates
from actions.relief.offering import put_forward
from actions.relief.plans import means_the_quote, part_first, plan, speaks_of_the_rest, wants_less
from actions.relief.state import A_MONTH, ANY, EMPTY, FORM, LEAVING, REQUESTED, UNSURE, WISHES, Negotiation
from actions.turn import NotVerified, Turn, to_fen
from kuanxin.conversations.replies import Reply
from kuanxin.conversations.timing import LATE, came_before
from kuanxin.logs import of_conversation
from kuanxin.servicing.affordability import due_day_after
from kuanxin.servicing.explain import why_not
from kuanxin.servicing.model import ReliefKind
from kuanxin.servicing.ports import BookUnavailable
from kuanxin.servicing.quotes import (
    DueDateChange,
    EarlySettlement,
    PartialPayment,
    PenaltyWaiver,
)

if TYPE_CHECKING:
    from rasa_sdk import Tracker
    from rasa_sdk.executor import CollectingDispatcher
    from rasa_sdk.types import DomainDict

    from kuanxin.servicing.service import Status

# questions to which a plain "no" means that the whole wish is dropped
DATED = {"later_date", "due_day", "part_amount"}
LIKELY_NO = 0.6
_KINDS = {
    "later_date": (ReliefKind.EXTENSION, ReliefKind.PROMISE_TO_PAY),
    "plan": (ReliefKind.RE_INSTALMENT,),
    "due_day": (ReliefKind.DUE_DATE_CHANGE,),
    "part_amount": (ReliefKind.PARTIAL_PAYMENT,),
}
_THE_LATEST = re.compile(r"(?:最[晚迟后]|最大限度)(?:的?那?一?[天日]|的?那个)|就最[晚迟]|按最[晚迟]")
_THE_OTHER = re.compile(r"^那?(?:另外?|剩下|还有)的?那?一?[笔个](?:呢|吧)?[?？]?$")
_NAMES_ONE = re.compile(r"(?:大|小|逾期)的?[那这]?一?笔|[大小]的那个")
_THAT_ONE = re.compile(r"^那?(?:大|小|逾期)的(?:那笔)?(?:呢|吧)?[?？]?$")
_HALF = re.compile(r"(?<![另外有后])一半|对半|半数")
_BIG = re.compile(r"大的|[多高]的那|大笔|大额")
_SMALL = re.compile(r"小的|少的那|小笔|小额")
_LATER = re.compile(r"[延晚推缓迟]|下个?月")
_URGENT = re.compile(rf"逾期|过期|晚了的|急的|{ANY.pattern}|{UNSURE.pattern}|两笔|都要|全部|一起")


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
        slots = {**(state.slots or {"relief": state["relief"]}), "unclear": 0}
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
    """Whether a message whose wish is not sure is about the question that was asked (不行 26太早 30号, 能不能再少点).

    A day named under the figure for paying off everything is the day for that, not a wish to pay an instalment later.
    """
    turn = state.turn
    if requested == "consent" and state["relief"] == "settlement" and turn.intent == "request_extension":
        return bool(state.date()) and not _LATER.search(turn.text)
    return requested is not None and turn.perhaps is not None and (bool(state.terms) or wants_less(state))


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
        told = state["told"]
        if wish == "part_amount" and state["later_date"]:  # on the day of which it was spoken (下周三发工资 只够还一半)
            told = {"date": state["later_date"], **(told or {})}
        state.put(**{**EMPTY, "relief": wish, "told": told})
    if _counter_offer(state):
        return False
    if _late(state, requested):
        state.say(Reply(LATE))
        state.put(shown=None)  # an offer is shown once more, wholly
        return False
    if not _choose_loan(state, requested):
        state.put(told=state.terms or state["told"])
        return not turn.open_loans
    if (changed or requested is None or state["loan"] != turn.slots.get("loan")) and _impossible(state):
        return True
    if requested == "consent" and _consent(state):
        return True
    if requested == "consent" and wish is not None and not changed and not state.terms:
        state.put(shown=None)  # what was asked for is asked for again (那全部还清要多少): it is shown wholly once more
    if requested in DATED and _declines(state):
        state.put(consent="no")
        return True
    _terms(state, requested)
    if state["told"] and state["told"].get("asks") in {None, A_MONTH["asks"]}:
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
    turn, conversations = state.turn, state.turn.services.conversations
    if turn.sent_at is None:
        return False
    answers = turn.intent == "affirm" or _declines(state)
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
    if wanted is None and state["loan"] in ids and (another := _another_loan(state, loans)):
        state.put(**EMPTY)
        state.put(relief=turn.slots["relief"], loan=another)
        return True
    if wanted is None and state["loan"] in ids:
        return True
    if wanted is None and len(loans) == 1:
        wanted = ids[0]
    if wanted is None and (requested == "loan" or _NAMES_ONE.search(turn.text)):
        wanted = _described_loan(turn, loans)
    if wanted not in ids:
        return False
    state.put(loan=wanted)
    return True


def _another_loan(state: Negotiation, loans: tuple[Status, ...]) -> str | None:
    """The loan to which a message goes over in the middle (大的呢, 那另一笔呢)."""
    text, others = state.turn.text, [status.loan.id for status in loans if status.loan.id != state["loan"]]
    if _THE_OTHER.search(text):
        return others[0] if len(others) == 1 else None
    meant = _described_loan(state.turn, loans) if _THAT_ONE.search(text) else None
    return meant if meant in others else None


def _impossible(state: Negotiation) -> bool:
    """Whether no date and no amount would do: said at once, before anything is asked for in vain."""
    turn, status = state.turn, state.status
    excluded = {no.kind: no for no in why_not(status.loan, turn.services.servicing.policy, turn.now)}
    kinds = _KINDS.get(state["relief"], ())
    if not kinds or not all(kind in excluded for kind in kinds):
        return False
    put_forward(state, excluded[kinds[-1] if status.days_past_due else kinds[0]])
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
    if (intent == "affirm" and state.turn.perhaps is not None) or means_the_quote(state):
        # an arrangement stands on a plain yes, not on a likely one (行 就第一个)
        state.say(Reply("我想确认一下您的意思：同意的话，点“确认，就这样”，或者回复“同意”。"))
        state.put(consent=None)
        return False
    if intent == "affirm":
        state.put(consent="yes")
        return True
    if not wants_less(state) and _declines(state):
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
        plan(state, requested)
    elif wish == "due_day":
        _due_day(state)
    elif wish == "part_amount":
        _part_amount(state)
    elif not state["quote"] or (wish == "settlement" and state.date()):
        request = PenaltyWaiver() if wish == "waiver" else EarlySettlement(on=state.date() or state.turn.today)
        put_forward(
            state,
            state.turn.services.servicing.quote(state.turn.must_be_borrower(), state["loan"], request, state.turn.now),
        )


def _later_date(state: Negotiation, requested: str | None) -> None:
    turn = state.turn
    wanted = state.date()
    if wanted is None and (days := state.entity("duration")) is not None:
        wanted = counted_from(state.status, turn.today) + timedelta(days=int(days))
    if wanted is None and requested is not None and _THE_LATEST.search(turn.text):
        wanted = date.max if (window := later_dates(turn, state.status)) is None else window[1]
    if wanted is None and requested == "later_date" and turn.intent == "request_extension":
        wanted = date.max  # 最晚能到哪天: the answer names the limit
    if wanted is None:
        return
    offer = turn.services.servicing.later_date(turn.must_be_borrower(), state["loan"], wanted, turn.now)
    put_forward(state, offer, later_date=wanted.isoformat())


def _due_day(state: Negotiation) -> None:
    turn = state.turn
    wanted, payday = state.due_day()
    if wanted is None and payday is not None:
        wanted = due_day_after(payday)
        state.say(Reply(f"{payday}号发工资的话，还款日放在{wanted}号比较稳，工资晚到一天也不会逾期。"))
    if wanted is None:
        return
    offer = turn.services.servicing.quote(turn.must_be_borrower(), state["loan"], DueDateChange(wanted), turn.now)
    put_forward(state, offer, due_day=str(wanted))


def _part_amount(state: Negotiation) -> None:
    turn, servicing = state.turn, state.turn.services.servicing
    borrower, said, on = turn.must_be_borrower(), state.amount(), state.date()
    if wants_less(state):
        state.say(Reply("好，那这次还多少合适？说个数，我重新算。"))
        return
    half = said is None and _HALF.search(turn.text)
    if half:
        status = state.status
        said = ((status.due if status.due.total else status.next_open).total + 1) // 2
    standing = servicing.book.quote(borrower, state["quote"]) if state["quote"] else None
    before = standing.request if standing else None
    part = half or part_first(state) is not None or (before and said is None)
    if on and part and speaks_of_the_rest(state):
        on = None  # that of the rest (先还1000 剩下的1号还)
        state.say(Reply("剩下的，等这次的钱入账以后再约日子：到时候告诉我哪天还，我按新的数算。"))
    if isinstance(before, PartialPayment):  # another amount on that day, or that amount on another day
        said, on = (said or before.amount, on or before.on) if said or on else (None, None)
    if said is None:
        return
    offer = servicing.quote(borrower, state["loan"], PartialPayment(amount=said, on=on or turn.today), turn.now)
    put_forward(state, offer, part_amount=str(said))

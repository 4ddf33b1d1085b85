"""What the form asks for, one thing at a time (`action_ask_relief_form_<slot>`)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from actions.base import KuanxinAction
from actions.cards import KIND_NAMES, consent_card, name_of
from actions.inputs import amount_input, date_input, month_day_input
from actions.relief.limits import later_dates, month_days, monthly_amounts, part_amounts
from actions.relief.proposals import proposal
from actions.relief.state import FORM, WISHES, terms_of
from actions.turn import Answer, Turn, say, to_fen
from actions.words import day, money
from kuanxin.conversations.replies import Button
from kuanxin.servicing.model import ReliefKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from kuanxin.servicing.quotes import Quote

NOT_NOW = Button("先不弄了", "stop")
MONTH_QUESTIONS = {
    "income": "好，我帮您算。每月到手大概多少？工资、补贴都算上，说个大概就行。",
    "expense": "房租、吃饭、老人孩子、别的贷款，这些每月加起来大概要多少？没有就说“没有”。",
}
# what the question about the loan repeats, so that it is seen to be kept
REPEATED: dict[str, Callable[[str], str]] = {
    "amount": lambda yuan: money(to_fen(yuan) or 0),
    "date": lambda iso: day(date.fromisoformat(iso)),
    "count": lambda rows: f"{rows}期",
}
DAYS_AFTER_THE_FIRST = (2, 4, 6)  # offered as buttons


class AskForSlot(KuanxinAction):
    """Base of the questions that the form asks."""

    slot = ""

    def name(self) -> str:
        return f"action_ask_{FORM}_{self.slot}"


class AskForLoan(AskForSlot):
    slot = "loan"

    def answer(self, turn: Turn) -> Answer:
        loans = turn.open_loans
        terms = terms_of(turn)
        told = [
            to_words(terms[name])
            for name, to_words in REPEATED.items()
            if terms.get(name) not in (None, terms.get("payday"))  # a payday is no date to pay on
        ]
        answered = bool(terms) and turn.intent not in WISHES
        noted = f"{'、'.join(told)}记下了。" if told or answered else ""
        return say(
            f"{noted}这是说哪一笔借款？" if noted else f"您名下有{len(loans)}笔未结清的借款，先说哪一笔？",
            buttons=tuple(
                Button(
                    f"{name_of(s)}（{'逾期' + str(s.days_past_due) + '天' if s.days_past_due else '未逾期'}）",
                    "inform",
                    {"loan": s.loan.id},
                )
                for s in loans
            ),
        )


class AskForLaterDate(AskForSlot):
    slot = "later_date"

    def answer(self, turn: Turn) -> Answer:
        status = turn.chosen
        window = later_dates(turn, status) if status else None
        if window is None:
            return say("可以商量。您大概哪天方便还？说个日子就行，比如“28号”或“下周五”。", buttons=(NOT_NOW,))
        first, last = window
        soon = [first + timedelta(days=n) for n in DAYS_AFTER_THE_FIRST]
        return say(
            "可以商量。您大概哪天方便还？说个日子就行，比如“28号”或“下周五”，也可以在下面选。",
            card=date_input(first, last, turn.today),
            buttons=(
                *(Button(day(on), "inform", {"date": on.isoformat()}) for on in soon if on <= last),
                NOT_NOW,
            ),
        )


class AskForPlan(AskForSlot):
    slot = "plan"

    def answer(self, turn: Turn) -> Answer:
        if turn.slots.get("offers"):
            return say("上面的方案您看哪个合适？也可以说一个每月能还的数，我重新算。")
        status = turn.chosen
        asks = (turn.slots.get("told") or {}).get("asks")
        if asks in MONTH_QUESTIONS:
            return say(MONTH_QUESTIONS[asks], buttons=(Button("先看几种方案", "inform", {"plan": "show"}), NOT_NOW))
        return say(
            "可以看看分期。先问一句：不影响吃饭、房租这些，您每个月最多能轻松拿出多少来还？说个数就行，我只找不超过它的方案。",
            card=amount_input("每个月最多能还（元）", *monthly_amounts(status)) if status else None,
            buttons=(
                Button("说不准，先看几种方案", "inform", {"plan": "show"}),
                Button("按收入帮我算", "inform", {"plan": "budget"}),
                NOT_NOW,
            ),
        )


class AskForDueDay(AskForSlot):
    slot = "due_day"

    def answer(self, turn: Turn) -> Answer:
        status = turn.chosen
        days = month_days(turn, status) if status else None
        return say(
            "想把每月还款日改到几号？一般定在发工资后两天比较稳，比如10号发工资就选12号。",
            card=month_day_input(*days) if days else None,
            buttons=(NOT_NOW,),
        )


class AskForPartAmount(AskForSlot):
    slot = "part_amount"

    def answer(self, turn: Turn) -> Answer:
        status = turn.chosen
        owed = f"现在应还{money(status.due.total)}，" if status and status.due.total else ""
        limits = part_amounts(turn, status) if status else None
        return say(
            f"可以先还一部分。{owed}这次您打算还多少？",
            card=amount_input("这次还（元）", *limits) if limits else None,
            buttons=(NOT_NOW,),
        )


class AskForConsent(AskForSlot):
    """Shows exactly what would be agreed; after a digression only reminds of it."""

    slot = "consent"

    def answer(self, turn: Turn) -> Answer:
        quote = turn.services.servicing.book.quote(turn.must_be_borrower(), turn.slots["quote"])
        if quote is None:
            return say("刚才的方案没有找到，我重新给您算一次。", buttons=(Button("重新算", "request_instalment_plan"),))
        agree = Button("确认，就这样", "affirm", {"consent": quote.hash})
        decline = Button("不用了", "deny", {"consent": quote.hash})  # pressed late, it declines its own plan only
        if turn.slots.get("shown") == quote.hash:
            return say(
                f"刚才的{KIND_NAMES[quote.kind]}方案还给您留着，要确认吗？不急，想清楚再说。", buttons=(agree, decline)
            )
        return say(
            proposal(quote),
            card=consent_card(quote, turn.today),
            buttons=(agree, *_changes(quote), decline),
            slots={"shown": quote.hash},
        )


def _changes(quote: Quote) -> tuple[Button, ...]:
    if quote.kind in (ReliefKind.PROMISE_TO_PAY, ReliefKind.EXTENSION):
        return (Button("看看分期方案", "request_instalment_plan"),)
    if quote.kind is ReliefKind.RE_INSTALMENT:
        return (Button("看看别的方案", "inform", {"plan": "show"}),)
    return ()

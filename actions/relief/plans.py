"""Instalment plans: within what can be paid a month, with a number of instalments, or shown side by side to choose from."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from actions.base import HUMAN
from actions.cards import offers_card
from actions.relief.offering import put_forward
from actions.relief.state import ANY, UNSURE
from actions.turn import to_fen
from actions.words import money
from kuanxin.conversations.replies import Button, Reply
from kuanxin.servicing.affordability import Budget
from kuanxin.servicing.money import yuan
from kuanxin.servicing.quotes import Quote, Refusal, ReInstalment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.relief.state import Negotiation
    from kuanxin.servicing.model import Fen

_THE_REST = re.compile(r"剩|余下|其余|后面的|(?:另|还有|后)外?的?一?半")
# not 少点利息: that is another wish
_LESS = re.compile(
    r"[再更][少低]|[少低降][还付拿]?一?[点些](?!.{0,3}[息费])|太[多高贵]|(?<!差不)多了|[还拿付]不[起出了].{0,3}这么多|压力.{0,3}大|吃力|吃不消"
)

_OF_ALL_TOGETHER = re.compile(r"利息|总共|总的|一共|加起来")  # of which a lower amount a month takes more
_OTHERS = re.compile(r"(?:别的|其[他它]的?|另外的?|有没有|换一?[个种])(?:什么)?(?:办法|方案|选择|法子|方法)")


def plan(state: Negotiation, requested: str | None) -> None:
    """Puts forward the plan that a message asks for, the best one within what can be paid, or several to choose from."""
    turn = state.turn
    if chosen := chosen_offer(state):
        state.put(quote=chosen, plan="chosen", consent=None)
        return
    budget = _budget(state, requested)
    if budget is None:
        return
    if (part := part_first(state)) is not None:
        budget = replace(budget, comfortable=None)
        state.say(
            Reply(
                f"先还{money(part)}、剩下的再分期，是两步：先还的钱入账以后，剩下的按新的数算。",
                buttons=(Button(f"先还{money(part)}", "ask_partial_payment", {"amount": yuan(part)}),),
            )
        )
    if budget.limit is not None:
        state.put(monthly=budget.limit)
    if (count := state.entity("count")) is not None and _with_rows(state, int(count), budget):
        return
    vague = ANY.search(turn.text) or UNSURE.search(turn.text)
    undecided = turn.intent in {"deny", "affirm"} or bool(turn.entity("choice")) or vague
    at_first = requested != "plan" and not state["quote"] and not state["offers"] and not turn.entity("plan")
    if budget.limit is not None or count is not None:
        _within(state, budget)
    elif at_first and state["monthly"] is not None:  # said before the plan was asked for
        state.say(Reply(f"按您说的，只在每月{money(state['monthly'])}以内找。"))
        _within(state, budget)
    elif wants_less(state):
        _show_lower(state)
    elif _OTHERS.search(turn.text) and (state["quote"] or state["offers"]):
        _show_others(state)
    elif turn.entity("plan") == "show" or (requested == "plan" and undecided):
        _show_plans(state)


def part_first(state: Negotiation) -> Fen | None:
    """What is to be paid at once, before the rest (先还2000 剩下的分期): no amount of every month."""
    told = (e["value"] for e in state.turn.entities if e["entity"] == "amount" and e.get("at_once"))
    return to_fen(next(told, None)) if speaks_of_the_rest(state) else None


def speaks_of_the_rest(state: Negotiation) -> bool:
    return bool(_THE_REST.search(state.turn.text))


def _with_rows(state: Negotiation, count: int, budget: Budget) -> bool:
    """Whether a plan of so many instalments was put forward, or refused. Nothing above what can be paid is."""
    turn, limit = state.turn, state["monthly"]
    found = turn.services.servicing.quote(turn.must_be_borrower(), state["loan"], ReInstalment(rows=count), turn.now)
    if isinstance(found, Refusal):
        if budget.limit is None:
            put_forward(state, found)
        return budget.limit is None
    if limit is not None and found.monthly > limit:
        said = f"分{count}期的话每期最多{money(found.monthly)}，超过您说的每月{money(limit)}。"
        state.say(Reply(f"{said}要是真拿得出这么多，再告诉我；我先在{money(limit)}以内找。"))
        return False
    # 便宜的那个, said later, chooses among what was seen
    state.put(offers=[h for h in state["offers"] or () if h != found.hash] + [found.hash])
    put_forward(state, found, plan="rows")
    return True


def _within(state: Negotiation, budget: Budget) -> None:
    """The best plan within what can be paid a month."""
    turn, limit = state.turn, state["monthly"]
    budget = replace(budget, comfortable=limit)
    fitting = turn.services.servicing.plans_for(turn.must_be_borrower(), state["loan"], budget, turn.now)
    if fitting.quotes:
        state.put(offers=[quote.hash for quote in fitting.quotes])
        put_forward(state, fitting.quotes[0], plan="within")
    else:
        _nothing_fits(state, limit, fitting.nearest)


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
    unsure = at_first and pressed is None and UNSURE.search(state.turn.text)
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


def chosen_offer(state: Negotiation) -> str | None:
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
    """All plans of the policy; where it was said what can be paid, other ones within it and none above."""
    turn, servicing = state.turn, state.turn.services.servicing
    borrower, loan, limit = turn.must_be_borrower(), state["loan"], state["monthly"]
    state.put(told=None)
    if limit is not None:
        fitting = servicing.plans_for(borrower, loan, Budget(comfortable=limit), turn.now)
        if fitting.quotes:
            _list(state, "这几种都可以选。", fitting.quotes)
        else:
            _nothing_fits(state, limit, fitting.nearest)
        return
    found = servicing.plans(borrower, loan, turn.now)
    if quotes := [offer for offer in found if isinstance(offer, Quote)]:
        _list(state, "这几种都可以选。", quotes)
        return
    put_forward(state, next(offer for offer in found if isinstance(offer, Refusal)))


def _show_lower(state: Negotiation) -> None:
    """Plans with less a month than the one that was offered, or than every one of those side by side."""
    turn, servicing = state.turn, state.turn.services.servicing
    borrower = turn.must_be_borrower()
    offers = [quote for h in state["offers"] or () if (quote := servicing.book.quote(borrower, h))]
    standing = servicing.book.quote(borrower, state["quote"]) if state["quote"] else None
    least = min(quote.monthly for quote in ([standing] if standing else offers))
    found = (*offers, *servicing.plans(borrower, state["loan"], turn.now))
    lower = {
        (
            len(offer.rows),
            offer.monthly,
            offer.total,
        ): offer  # one that is worked out again takes the place of the former
        for offer in found
        if isinstance(offer, Quote) and offer.monthly < least
    }
    if lower:
        cheapest_first = sorted(lower.values(), key=lambda offer: offer.total.total)
        _list(state, "可以，期数长一点，每期就少一些，总的利息会多一点。", cheapest_first)
        return
    state.put(plan=None, quote=None, offers=state["offers"] or [state["quote"]])
    state.say(
        Reply(
            "这已经是我这里能排开的里面每期最少的了。再少，要同事和您一起商量。",
            buttons=(HUMAN, Button("先不弄了", "stop")),
        )
    )


def _show_others(state: Negotiation) -> None:
    """The other plans; where they are side by side already, the other ways."""
    if not state["quote"] and len(state["offers"]) > 1:
        ways = (Button("晚几天还", "request_extension"), Button("先还一部分", "ask_partial_payment"), HUMAN)
        state.say(Reply("分期能排开的都在上面了。也可以晚几天还、先还一部分，或者请同事一起想办法。", buttons=ways))
        return
    _show_plans(state)


def _list(state: Negotiation, said: str, quotes: Sequence[Quote]) -> None:
    state.put(offers=[quote.hash for quote in quotes], plan=None, quote=None)
    state.say(
        Reply(
            f"{said}回复“第几个”，或者直接说每个月最多能还多少，我按您的数来找。",
            card=offers_card(quotes),
            buttons=(
                *(
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


def wants_less(state: Negotiation) -> bool:
    """Whether an amount that was offered is said to be too much (太高了, 能不能再少点): no refusal, and no other wish."""
    offered = state["relief"] in {"plan", "part_amount"} and (state["quote"] or state["offers"])
    text = state.turn.text
    return bool(offered and not state.terms and _LESS.search(text) and not _OF_ALL_TOGETHER.search(text))


def means_the_quote(state: Negotiation) -> bool:
    """Whether 第一个 means the quote that is asked about: the only one, or that one of several."""
    choice = state.turn.entity("choice")
    if choice is None:
        return False
    return chosen_offer(state) == state["quote"] if state["offers"] else str(choice) == "1"

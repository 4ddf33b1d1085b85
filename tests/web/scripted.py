"""Stands in for the model: a word brings the card that it names, with real figures of the borrower's own loan."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from actions.cards import arrangement_card, consent_card, loan_card, offers_card, schedule_card
from actions.inputs import amount_input, date_input, month_day_input
from kuanxin.conversations.replies import Button, Card, Reply
from kuanxin.servicing.quotes import PromiseToPay, Quote, ReInstalment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import UserMessage

    from kuanxin.bootstrap import Services

HUMAN = Button("转人工客服", "request_human")


def scripted(parts: Services) -> Callable[[UserMessage], Awaitable[None]]:
    async def behind(message: UserMessage) -> None:
        for reply in await asyncio.to_thread(_answer, parts, message):
            await message.output_channel.send_response(message.sender_id, _as_rasa(reply))

    return behind


def _answer(parts: Services, message: UserMessage) -> list[Reply]:
    borrower, now, said = message.metadata["borrower"], parts.clock.now(), message.text
    if message.parse_data:
        said = message.parse_data["intent"]["name"]
    status = next(s for s in parts.servicing.statuses(borrower, now) if not s.settled)
    loan, today = status.loan.id, now.date()

    def quotes() -> list[Quote]:
        asked = [parts.servicing.quote(borrower, loan, ReInstalment(rows), now) for rows in (3, 6, 12)]
        return [quote for quote in asked if isinstance(quote, Quote)]

    def promise() -> Quote:
        quote = parts.servicing.quote(borrower, loan, PromiseToPay(today + timedelta(days=5)), now)
        assert isinstance(quote, Quote), quote
        return quote

    if said == "欠多少":
        card = loan_card(status, today)
        return [Reply("这是您这笔借款的情况。", card, (Button("怎么还款", "ask_payment_methods"), HUMAN))]
    if said == "方案":
        choices = tuple(Button(f"方案{n}", "pick") for n, _ in enumerate(quotes(), 1))
        return [Reply("下面几种都可以，您慢慢看。", offers_card(tuple(quotes())), (*choices, Button("不用了", "deny")))]
    if said == "计划":
        return [Reply("这是还款计划。", schedule_card(status, today))]
    if said in {"pick", "核对"}:
        agree = Button("确认，就这样", "agree")
        return [Reply("请核对，确认了才算数。", consent_card(quotes()[0], today), (agree, Button("不用了", "deny")))]
    if said in {"agree", "约好"}:
        quote = quotes()[0] if said == "agree" else promise()
        arrangement = parts.servicing.commit(borrower, quote.hash, now, "确认")
        return [Reply("已经记下了，谢谢您提前说。", arrangement_card(arrangement, today))]
    if said in {"怎么还", "ask_payment_methods"}:
        ways = (("自动扣款", "提前一天把钱存进扣款账户"), ("主动还款", "在微粒贷页面点“还款”，当天到账"))
        return [Reply("有这几种办法。", Card("payment_methods", "怎么还款", ways, notes=("不要转到任何个人账户。",)))]
    if said == "哪天":
        return [Reply("您大概哪天方便还？", date_input(today + timedelta(days=1), today + timedelta(days=30), today))]
    if said == "几号":
        return [Reply("想改到几号？", month_day_input(1, 28))]
    if said == "多少":
        return [Reply("这次打算还多少？", amount_input("这次还（元）", 1_00, status.outstanding.total - 1))]
    if said == "登录":
        return [Reply("请先登录。", Card("sign_in", "登录银行页面", data={"url": "https://bank.example/sign-in"}))]
    return [Reply(f"您说的是：{said}", buttons=(HUMAN,))]


def _as_rasa(reply: Reply) -> dict[str, Any]:
    return {
        "text": reply.text,
        "buttons": [{"title": b.title, "payload": f"/{b.intent}{json.dumps(b.entities)}"} for b in reply.buttons],
        "custom": {"card": reply.card.as_dict()} if reply.card else {},
    }

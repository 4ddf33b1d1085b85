"""Demo conversations: scripted talks of the demo borrowers over the last two weeks, tagged 演示. Written once.

They go through the same parts as real ones; what was understood is scripted too, and names its model "演示".
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from desk.demo.scripts import SCRIPTS, Said
from kuanxin.conversations.review import Agreement
from kuanxin.conversations.staff import FAREWELL
from kuanxin.servicing.quotes import PenaltyWaiver, Quote, ReInstalment
from kuanxin.store.staff_repository import SqlStaff
from kuanxin.store.understood import keep_understanding

if TYPE_CHECKING:
    from datetime import datetime

    from kuanxin.bootstrap import Services

TAG = "演示"
DAYS = 14
A_DAY = 4
MODEL = "演示"
BORROWERS = tuple(f"B{number:03}" for number in (1, 2, 3, 4, 6, 8, 9, 10, 12, 13))
REQUESTS = (  # requests that policy leaves to a person
    ("B005", "L005", ReInstalment(rows=12), "分12期我能还上，帮我申请一下"),
    ("B013", "L013", PenaltyWaiver(), "罚息能不能减免，剩下的我这周还上"),
)


def make_conversations(parts: Services) -> None:
    if TAG in parts.staff.store.known_tags():
        return
    now = parts.clock.now()
    chance = random.Random(7)
    number = 0
    for day in range(DAYS, 0, -1):
        for _ in range(A_DAY):
            script = SCRIPTS[number % len(SCRIPTS)]
            at = (now - timedelta(days=day)).replace(hour=9 + chance.randrange(10), minute=chance.randrange(60))
            _play(parts, f"demo-{number:03}", BORROWERS[number % len(BORROWERS)], script, at)
            number += 1
    for script in SCRIPTS[:4]:  # today: somebody waits
        at = now - timedelta(minutes=4 + chance.randrange(30))
        _play(parts, f"demo-{number:03}", BORROWERS[number % len(BORROWERS)], script, at, today=True)
        number += 1
    for borrower, loan, wanted, words in REQUESTS:
        _request(parts, f"demo-{number:03}", borrower, loan, wanted, words, now - timedelta(hours=2))
        number += 1


def _play(parts: Services, id: str, borrower: str, script: tuple[Said, ...], at: datetime, today: bool = False) -> None:
    conversations, store = parts.conversations, parts.staff.store
    channel = ("web", "web", "wechat")[int(id[-1]) % 3]
    conversations.open(id, channel, borrower, at)
    for turn, said in enumerate(script):
        moment = at + timedelta(seconds=40 * turn)
        message = f"{id}-{turn}"
        conversations.record_inbound(id, message, said.text, moment, verified=True)
        _understand(parts, id, message, said, moment)
        _happen(parts, id, said, moment)
        reply: dict[str, Any] = {"text": said.answer}
        conversations.record_replies(id, [reply], moment + timedelta(seconds=1), message_id=message, verified=True)
    store.set_tags(id, (TAG,))
    if script[-1].rating:
        conversations.rate(id, script[-1].rating, "", at + timedelta(minutes=5))
    if not today and any(said.happens == "human" or said.happens == "complaint" for said in script):
        _served(parts, id, at + timedelta(minutes=3))


def _served(parts: Services, id: str, at: datetime) -> None:
    """A colleague took it over and gave it back. Long ago: no phone is told of it now."""
    staff = SqlStaff(parts.engine)
    staff.claim(id, "demo-agent", at, override=False)
    words = "您好，我是客服同事，前面的对话我都看过了。您说的情况我记下了，已经按您的意思安排好。"
    staff.reply(id, "demo-agent", words, f"staff-{id}", at + timedelta(minutes=2))
    outcome, end = "说明了还款安排，客户没有别的问题。", at + timedelta(minutes=9)
    staff.give_back(id, "demo-agent", outcome, 10_000, FAREWELL, end)
    staff.add_note(id, "demo-agent", outcome, end)


def _understand(parts: Services, id: str, message: str, said: Said, at: datetime) -> None:
    row = {
        "conversation_id": id,
        "message_id": message,
        "at": at,
        "intent": said.intent,
        "confidence": said.confidence,
        "runner_up": said.runner_up,
        "runner_up_confidence": round((1 - said.confidence) * 0.6, 3) if said.runner_up else None,
        "fallback": said.happens == "unclear",
        "actions": json.dumps([{"name": f"action_{said.intent}", "policy": "RulePolicy", "confidence": 1.0}]),
        "entities": json.dumps([{"entity": n, "value": v} for n, v in said.entities], ensure_ascii=False),
        "slots": "{}",
        "form": "relief_form" if said.asks else None,
        "model": MODEL,
        "policy_version": parts.servicing.policy.version,
    }
    with parts.engine.begin() as connection:
        keep_understanding(connection, row)


def _happen(parts: Services, id: str, said: Said, at: datetime) -> None:
    conversations = parts.conversations
    if said.happens == "human":
        conversations.hand_over(id, "request", "normal", f"想要：{said.text}", at)
    elif said.happens == "complaint":
        ticket = conversations.open_ticket(id, "complaint", "服务或催收投诉", said.text, at)
        conversations.hand_over(id, "complaint", "high", f"投诉，编号{ticket.number}", at)
    elif said.happens == "hardship":
        conversations.hold_reminders(id, "hardship", at)
    elif said.happens == "dispute":
        conversations.open_ticket(id, "dispute", "账务", said.text, at)
    elif said.happens == "unclear":
        conversations.remember_unclear(id, said.text, {}, at)


def _request(parts: Services, id: str, borrower: str, loan: str, wanted: Any, words: str, at: datetime) -> None:
    offered = parts.servicing.quote(borrower, loan, wanted, at)
    if not isinstance(offered, Quote):
        return
    agreed = parts.servicing.commit(borrower, offered.hash, at + timedelta(minutes=1), words)
    said = Said(words, "request_instalment_plan", 0.93, "申请已提交，同事审核后会在这里告诉您结果。")
    _play(parts, id, borrower, (said,), at)
    parts.staff.remember_agreement(
        Agreement(
            agreed.id,
            id,
            borrower,
            loan,
            offered.hash,
            agreed.kind.value,
            agreed.state.value,
            offered.total.total,
            agreed.agreed_at,
        )
    )
    parts.conversations.hand_over(id, "decision", "normal", f"申请，编号{agreed.id}", at + timedelta(minutes=1))

"""A quote on the table, or the words why there is none and what would be possible instead."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from actions.base import HUMAN
from actions.relief.state import FINAL_RULES, NEEDS
from actions.words import day
from kuanxin.conversations.replies import Button, Reply
from kuanxin.servicing.quotes import Quote, Refusal

if TYPE_CHECKING:
    from actions.relief.state import Negotiation


def put_forward(state: Negotiation, found: Quote | Refusal, **slots: Any) -> None:
    """Keeps a quote as the one that consent will name, or says why not and what would be possible."""
    if isinstance(found, Quote):
        state.put(quote=found.hash, consent=None, **slots)
        return
    latest = found.limits.get("latest")
    buttons = ways_on(state["relief"])
    if state["relief"] == "later_date" and isinstance(latest, date):
        buttons = (Button(f"那就{day(latest)}", "inform", {"date": latest.isoformat()}), *buttons)
    state.say(Reply(found.reason, buttons=buttons))
    need = NEEDS.get(state["relief"])
    if need and found.rule.rsplit(".", 1)[-1] not in FINAL_RULES:
        state.put(quote=None, **{need: None})
    else:
        state.put(quote=None, consent="left")


def ways_on(wish: str) -> tuple[Button, ...]:
    other = (
        Button("看看分期方案", "request_instalment_plan") if wish != "plan" else Button("晚几天还", "request_extension")
    )
    return (other, HUMAN, Button("先不弄了", "stop"))

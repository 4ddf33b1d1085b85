"""Filters for templates: names of codes, money, moments, masked names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import template
from django.utils.translation import gettext as _

from desk import words
from desk.accounts.roles import ROLES
from desk.frame import MENU
from kuanxin.servicing.words import money as in_words
from kuanxin.servicing.words import parts as in_parts
from kuanxin.store.base import SHANGHAI

if TYPE_CHECKING:
    from kuanxin.servicing.model import Amounts

register = template.Library()
GROUPS = {
    "holder": words.HOLDERS,
    "author": words.AUTHORS,
    "channel": words.CHANNELS,
    "urgency": words.URGENCIES,
    "reason": words.REASONS,
    "attention": words.ATTENTION,
    "kind": words.KINDS,
    "state": words.STATES,
    "ticket": words.TICKETS,
    "hold": words.HOLDS,
    "notice": words.NOTICES,
    "sent": words.SENT,
    "intent": words.INTENTS,
    "action": words.ACTIONS,
    "step": words.STEPS,
    "role": {name: title for name, (title, _allowed) in ROLES.items()},
    "room": {name: title for name, title, *_rest in MENU},
}


@register.filter
def named(code: Any, group: str) -> Any:
    """{{ "bot"|named:"holder" }}: the code itself where it has no name."""
    value = getattr(code, "value", code)
    return GROUPS[group].get(value, value)


@register.filter
def money(fen: int | None) -> str:
    return "" if fen is None else in_words(fen)


@register.filter
def parts(amounts: Amounts) -> str:
    return in_parts(amounts)


@register.filter
def moment(at: datetime | None) -> str:
    """11-23 10:05; with the year where it is another one."""
    if at is None:
        return ""
    local = at.astimezone(SHANGHAI)
    this_year = datetime.now(SHANGHAI).year
    return f"{local:%m-%d %H:%M}" if local.year == this_year else f"{local:%Y-%m-%d %H:%M}"


@register.filter
def certainty(value: float | None) -> str:
    return "" if value is None else f"{value * 100:.0f}%"


@register.filter
def lasting(span: timedelta | None) -> str:
    """How long, in the largest unit that says enough."""
    if span is None:
        return ""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return _("%(n)d分钟") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(h)d小时%(m)d分") % {"h": minutes // 60, "m": minutes % 60}
    return _("%(n)d天") % {"n": minutes // 1440}


@register.filter
def masked(name: str) -> str:
    """演示·王芳 → 演示·王*"""
    head, dot, tail = name.rpartition("·")
    return f"{head}{dot}{tail[:1]}{'*' * max(1, len(tail) - 1)}"


@register.filter
def masked_number(number: str) -> str:
    return f"{number[:3]}****{number[-4:]}" if len(number) > 7 else "****"

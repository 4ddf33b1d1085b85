"""The filters of the list as a form: what the address holds becomes kuanxin's Filters."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from desk import words
from kuanxin.conversations.review import Filters
from kuanxin.store.base import SHANGHAI

ANY = [("", _("不限"))]
YES_NO = [*ANY, ("yes", _("是")), ("no", _("否"))]


def _choices(names: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return [*ANY, *names.items()]


def _choice(label: Any, choices: list[tuple[Any, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False)


class FilterForm(forms.Form):
    text = forms.CharField(
        label=_("搜索"),
        required=False,
        max_length=50,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("客户或同事说过的话，至少两个字")}),
    )
    since = forms.DateField(label=_("从"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("到"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    channel = _choice(_("渠道"), _choices(words.CHANNELS))
    holder = _choice(_("在谁手上"), _choices(words.HOLDERS))
    intent = _choice(_("意图"), _choices(words.INTENTS))
    confidence = _choice(_("最低把握"), [*ANY, ("0.45", "< 45%"), ("0.6", "< 60%"), ("0.8", "< 80%")])
    fallback = _choice(_("没听懂"), YES_NO)
    handed_over = _choice(_("转过人工"), YES_NO)
    hardship = _choice(_("困难"), YES_NO)
    complaint = _choice(_("投诉"), YES_NO)
    unfinished = _choice(_("没有结果就停了"), YES_NO)
    kind = _choice(_("安排种类"), _choices(words.KINDS))
    state = _choice(_("安排状态"), _choices(words.STATES))
    said_at_least = forms.IntegerField(label=_("客户说了至少"), required=False, min_value=0, max_value=10_000)
    said_at_most = forms.IntegerField(label=_("至多"), required=False, min_value=0, max_value=10_000)
    rating = _choice(_("评分"), [*ANY, ("2", "≤ 2"), ("3", "≤ 3"), ("5", _("有评分"))])
    reviewed = _choice(_("已复核"), YES_NO)
    tag = forms.CharField(label=_("标签"), required=False, max_length=32)
    borrower = forms.CharField(label=_("客户号"), required=False, max_length=64)
    order = _choice(
        _("排序"), [("newest", _("最近的在前")), ("oldest", _("最早的在前")), ("attention", _("最需要看的在前"))]
    )

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].strip()
        if len(text) == 1:
            raise forms.ValidationError(_("请至少输入两个字。"))
        return text

    def filters(self) -> Filters:
        """Of a valid form."""
        asked = self.cleaned_data
        until = asked["until"]
        return Filters(
            text=asked["text"],
            since=_midnight(asked["since"]) if asked["since"] else None,
            until=_midnight(until + timedelta(days=1)) if until else None,
            channel=asked["channel"] or None,
            holder=asked["holder"] or None,
            intent=asked["intent"] or None,
            confidence_below=float(asked["confidence"]) if asked["confidence"] else None,
            fallback=_yes(asked["fallback"]),
            handed_over=_yes(asked["handed_over"]),
            hardship=_yes(asked["hardship"]),
            complaint=_yes(asked["complaint"]),
            unfinished=_yes(asked["unfinished"]),
            reviewed=_yes(asked["reviewed"]),
            arrangement_kind=asked["kind"] or None,
            arrangement_state=asked["state"] or None,
            said_at_least=asked["said_at_least"],
            said_at_most=asked["said_at_most"],
            rating_at_most=int(asked["rating"]) if asked["rating"] else None,
            tag=asked["tag"] or None,
            borrower_id=asked["borrower"] or None,
            order=asked["order"] or "newest",
        )


def _yes(value: str) -> bool | None:
    return {"yes": True, "no": False}.get(value)


def _midnight(on: Any) -> datetime:
    return datetime.combine(on, time(), SHANGHAI)

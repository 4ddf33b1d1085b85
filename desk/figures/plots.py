"""Plots as SVG, drawn on the server: no script, no font and no host of others. Colours of the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pygal
from django.utils.translation import gettext as _
from pygal.style import Style

from desk.words import INTENTS, KINDS, STATES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kuanxin.store.figures import SqlFigures

COLOURS = ("#1f6b4f", "#c9822b", "#4a90c2", "#8d6bb0", "#8a4b00", "#57635e", "#b4524b")
FONT = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, WenQuanYi Zen Hei, sans-serif"
STYLE = Style(
    background="transparent",
    plot_background="#fff",
    foreground="#57635e",
    foreground_strong="#1c2522",
    foreground_subtle="#dbe2de",
    colors=COLOURS,
    font_family=FONT,
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=14,
    title_font_size=16,
    value_font_size=12,
    no_data_font_size=18,
    opacity=".95",
)
MOST_INTENTS = 12


def endings(source: SqlFigures, since: datetime, until: datetime) -> bytes:
    """How conversations ended, day by day."""
    lines = {_("答完"): "answered", _("停在提问处"): "silent", _("转人工"): "handed_over"}
    return _by_day(source, since, until, _("每天的会话怎样结束"), lines)


def signals(source: SqlFigures, since: datetime, until: datetime) -> bytes:
    lines = {_("困难"): "hardship", _("投诉"): "complaint", _("没听懂"): "fallback"}
    return _by_day(source, since, until, _("每天的困难、投诉和没听懂"), lines)


def arrangements(source: SqlFigures, since: datetime, until: datetime) -> bytes:
    counts = {(kind, state): count for kind, state, count in source.arrangements(since, until)}
    kinds = sorted({kind for kind, _state in counts})
    chart = _chart(pygal.HorizontalStackedBar, _("安排和它们的结果"), [str(KINDS.get(k, k)) for k in kinds])
    for state in ("requested", "active", "kept", "broken", "refused"):
        chart.add(str(STATES[state]), [counts.get((kind, state), 0) for kind in kinds])
    return _drawn(chart)


def intents(source: SqlFigures, since: datetime, until: datetime) -> bytes:
    found = list(reversed(source.by_intent(since, until)[:MOST_INTENTS]))
    chart = _chart(pygal.HorizontalBar, _("客户来问什么"), [str(INTENTS.get(i.name, i.name)) for i in found])
    chart.show_legend = False
    chart.add(_("消息"), [i.messages for i in found])
    return _drawn(chart)


PLOTS: dict[str, Callable[[SqlFigures, Any, Any], bytes]] = {
    "endings": endings,
    "signals": signals,
    "intents": intents,
    "arrangements": arrangements,
}


def _by_day(source: SqlFigures, since: datetime, until: datetime, title: str, lines: dict[str, str]) -> bytes:
    """`lines`: what a line is called, and the count of a day that it shows."""
    days = source.by_day(since, until)
    chart = _chart(pygal.StackedBar, title, [day.name[5:] for day in days])
    for name, count in lines.items():
        chart.add(name, [getattr(day, count) for day in days])
    return _drawn(chart)


def _chart(kind: Any, title: str, labels: list[str]) -> Any:
    chart = kind(
        style=STYLE,
        js=(),
        title=title,
        width=760,
        height=340,
        legend_at_bottom=True,
        legend_at_bottom_columns=5,
        margin=14,
        margin_bottom=34,
        margin_left=34,
        show_minor_x_labels=False,
        x_labels_major_count=8 if kind is pygal.StackedBar else None,
        no_data_text=_("这段时间没有数据"),
        explicit_size=True,
        truncate_legend=-1,
        order_min=0,
        disable_xml_declaration=False,
    )
    chart.x_labels = labels
    return chart


def _drawn(chart: Any) -> bytes:
    """Without the script that pygal puts in for tooltips: pictures run none."""
    tree = chart.render_tree()
    for parent in list(tree.iter()):
        for script in [child for child in parent if str(child.tag).endswith("script")]:
            parent.remove(script)
    return ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True)

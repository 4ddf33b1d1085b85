"""Figures of a span of days as plots and tables, and as CSV. What is plotted always stands in a table too."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from desk.accounts.roles import needs
from desk.audit.models import record
from desk.audit.views import safe_cell
from desk.figures.plots import PLOTS
from kuanxin.bootstrap import services
from kuanxin.store.base import SHANGHAI

if TYPE_CHECKING:
    from django.http import HttpRequest

DAYS = 30
MOST_DAYS = 400
COLUMNS = [
    "conversations",
    "handed_over",
    "answered",
    "silent",
    "fallback",
    "hardship",
    "complaint",
    "rated",
    "rating",
    "turns",
]


@needs("figures")
def figures(request: HttpRequest) -> HttpResponse:
    since, until = _span(request)
    source, whole = services().figures, _whole(since, until)
    days = source.by_day(*whole)
    shown = {
        "since": since,
        "until": until,
        "query": f"since={since}&until={until}",
        "days": days,
        "total": _total(days),
        "channels": source.by_channel(*whole),
        "intents": source.by_intent(*whole),
        "models": source.by_model(*whole),
        "arrangements": source.arrangements(*whole),
        "waiting": source.waiting(*whole),
        "plots": list(PLOTS),
    }
    return render(request, "figures/figures.html", shown)


@needs("figures")
def plot(request: HttpRequest, name: str) -> HttpResponse:
    if name not in PLOTS:
        raise Http404
    since, until = _span(request)
    return HttpResponse(PLOTS[name](services().figures, *_whole(since, until)), content_type="image/svg+xml")


@needs("figures")
def csv_file(request: HttpRequest) -> HttpResponse:
    since, until = _span(request)
    record(request, "figures_exported", since=since.isoformat(), until=until.isoformat())
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="figures.csv"'
    writer = csv.writer(response)
    source, whole = services().figures, _whole(since, until)
    writer.writerow(("by", "name", *COLUMNS))
    for by, rows in (("day", source.by_day(*whole)), ("channel", source.by_channel(*whole))):
        for row in rows:
            writer.writerow([by, safe_cell(row.name), *(getattr(row, column) for column in COLUMNS)])
    writer.writerow(("by", "name", "messages", "conversations", "fallback", "confidence"))
    for by, kinds in (("intent", source.by_intent(*whole)), ("model", source.by_model(*whole))):
        for kind in kinds:
            row = (kind.messages, kind.conversations, kind.fallback, f"{kind.confidence:.3f}")
            writer.writerow([by, safe_cell(kind.name), *row])
    writer.writerow(("by", "kind", "state", "arrangements"))
    for kind, state, count in source.arrangements(*whole):
        writer.writerow(["arrangement", kind, state, count])
    return response


def _span(request: HttpRequest) -> tuple[date, date]:
    """Both days included; the last 30 where nothing (or nonsense) is asked for."""
    today = services().clock.now().date()
    try:
        since = date.fromisoformat(request.GET.get("since", ""))
        until = date.fromisoformat(request.GET.get("until", ""))
    except ValueError:
        return today - timedelta(days=DAYS - 1), today
    until = max(since, until)
    return max(since, until - timedelta(days=MOST_DAYS)), until


def _whole(since: date, until: date) -> tuple[datetime, datetime]:
    begin, end = (datetime.combine(on, time(), SHANGHAI) for on in (since, until + timedelta(days=1)))
    return begin, end


def _total(days: Any) -> dict[str, Any]:
    sums = {name: sum(getattr(day, name) for day in days) for name in (*COLUMNS[:8], "contained")}
    rated = sums["rated"]
    answered = sums["answered"]
    return {
        **sums,
        "rating": sum((day.rating or 0) * day.rated for day in days) / rated if rated else None,
        "turns": sum((day.turns or 0) * day.answered for day in days) / answered if answered else None,
        "contained_share": sums["contained"] / sums["conversations"] if sums["conversations"] else None,
    }

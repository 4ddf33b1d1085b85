"""The audit log to read and to take along. Reading it is a line of its own."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from desk.accounts.roles import needs
from desk.audit.models import Line, record

if TYPE_CHECKING:
    from django.http import HttpRequest

MOST_ROWS = 100_000
FORMULA = (*"=+-@＝＋－＠\t\r\n",)  # full-width signs count in Chinese spreadsheets
FIELDS = ("staff", "action", "about")


@needs("audit")
def audit(request: HttpRequest) -> HttpResponse:
    lines, asked = _lines(request)
    record(request, "audit_read", **asked)  # before the lines are counted, or the page would be one short
    page = Paginator(lines, 50).get_page(request.GET.get("page"))
    actions = Line.objects.order_by("action").values_list("action", flat=True).distinct()
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return render(request, "audit/audit.html", {"page": page, "asked": asked, "actions": actions, "query": query})


@needs("audit")
def csv_file(request: HttpRequest) -> HttpResponse:
    lines, asked = _lines(request)
    record(request, "audit_exported", **asked)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.csv"'
    writer = csv.writer(response)
    writer.writerow(("at", "staff", "role", "action", "about", "reason", "detail", "address"))
    for line in lines[:MOST_ROWS].iterator():
        row = (
            line.at.isoformat(),
            line.staff,
            line.role,
            line.action,
            line.about,
            line.reason,
            line.detail,
            line.address,
        )
        writer.writerow([safe_cell(value) for value in row])
    return response


def safe_cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _lines(request: HttpRequest) -> tuple[Any, dict[str, str]]:
    asked = {name: value for name in FIELDS if (value := request.GET.get(name, "").strip())}
    return Line.objects.filter(**asked).order_by("-at", "-id"), asked

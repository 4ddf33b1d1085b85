"""A conversation to take along: JSON, CSV or PDF, for a reason, as a line of the audit log."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from fpdf import FPDF

from desk.accounts.roles import needs
from desk.audit.models import record
from desk.audit.views import safe_cell
from desk.transcripts.reading import read
from desk.words import AUTHORS, INTENTS
from kuanxin.bootstrap import services
from kuanxin.conversations.replies import as_text
from kuanxin.documents.confirmation import FONT

if TYPE_CHECKING:
    from django.http import HttpRequest

    from desk.transcripts.reading import Line


@require_POST
@needs("export")
def export(request: HttpRequest, id: str) -> HttpResponse:
    parts = services()
    summary = parts.staff.summary(id)
    reason, form = request.POST.get("reason", "").strip()[:500], request.POST.get("form", "")
    if len(reason) < 4 or form not in WRITERS:
        messages.error(request, _("请写明导出的原因。"))
        return redirect("conversation", id=id)
    record(request, "exported", about=id, reason=reason, form=form)
    kind, write = WRITERS[form]
    response = HttpResponse(write(id, summary.channel, read(parts, id)), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="conversation.{form}"'
    return response


def _json(id: str, channel: str, lines: list[Line]) -> bytes:
    data = {
        "conversation": id,
        "channel": channel,
        "entries": [
            {**asdict(line.entry), "understood": asdict(line.understood) if line.understood else None} for line in lines
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=1, default=str).encode()


def _csv(id: str, channel: str, lines: list[Line]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("number", "at", "author", "staff", "text", "intent", "confidence", "runner_up", "model"))
    for line in lines:
        entry, seen = line.entry, line.understood
        row = [entry.number, entry.at.isoformat(), entry.author, entry.staff or "", _said(entry)]
        row += [seen.intent, f"{seen.confidence:.3f}", seen.runner_up or "", seen.model] if seen else [""] * 4
        writer.writerow([safe_cell(value) for value in row])
    return ("\ufeff" + file.getvalue()).encode()


def _pdf(id: str, channel: str, lines: list[Line]) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_lang("zh-CN")
    pdf.add_font("kuanxin", fname=FONT)
    pdf.set_font("kuanxin", size=15)
    pdf.add_page()
    pdf.multi_cell(0, 10, str(_("会话 %(id)s") % {"id": id}), new_x="LMARGIN", new_y="NEXT")
    for line in lines:
        entry, seen = line.entry, line.understood
        who = f"{entry.at:%Y-%m-%d %H:%M}  {AUTHORS[entry.author]}  {entry.staff or ''}"
        if seen:
            who += f"  [{INTENTS.get(seen.intent, seen.intent)} {seen.confidence:.0%}]"
        pdf.set_font(size=9)
        pdf.set_text_color(87, 99, 94)
        pdf.multi_cell(0, 6, who, new_x="LMARGIN", new_y="NEXT")
        pdf.set_font(size=11)
        pdf.set_text_color(28, 37, 34)
        pdf.multi_cell(0, 6, _said(entry), new_x="LMARGIN", new_y="NEXT")
        pdf.ln(2)
    return bytes(pdf.output())


def _said(entry: Any) -> str:
    return as_text({"text": entry.text, "card": entry.card, "buttons": entry.buttons})


WRITERS = {
    "json": ("application/json", _json),
    "csv": ("text/csv; charset=utf-8", _csv),
    "pdf": ("application/pdf", _pdf),
}

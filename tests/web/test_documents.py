"""What a borrower keeps: read back by other programs, and given to nobody else."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from icalendar import Calendar

from kuanxin.documents.calendar_file import calendar_file
from kuanxin.documents.confirmation import confirmation_pdf
from kuanxin.servicing.quotes import PromiseToPay, Quote, ReInstalment
from kuanxin.servicing.words import day, money
from tests.services import find_or_install
from tests.web.assistant import ORIGIN

if TYPE_CHECKING:
    from pathlib import Path

    from kuanxin.servicing.quotes import Arrangement
    from tests.web.assistant import Running

LATE, OTHER = "B006", "B001"


@pytest.fixture(scope="module")
def agreed(web: Running) -> Arrangement:
    """A new plan of three instalments that a demo borrower agreed to."""
    now = web.parts.clock.now()
    status = next(s for s in web.parts.servicing.statuses(LATE, now) if not s.settled)
    quote = web.parts.servicing.quote(LATE, status.loan.id, ReInstalment(3), now)
    assert isinstance(quote, Quote), quote
    return web.parts.servicing.commit(LATE, quote.hash, now, "确认")


def test_the_confirmation_names_what_was_agreed(web: Running, agreed: Arrangement, tmp_path: Path) -> None:
    loan = web.parts.book.loan(LATE, agreed.loan_id)
    path = tmp_path / "confirmation.pdf"
    path.write_bytes(confirmation_pdf(agreed, loan, web.parts.clock.now()))
    program = find_or_install("pdftotext", "poppler-utils", "/usr/bin")
    text = subprocess.run([program, "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    joined = re.sub(r"\s+", "", text)
    assert agreed.id in joined
    assert agreed.quote.hash in joined
    assert f"{day(agreed.agreed_at.date())}{agreed.agreed_at:%H:%M}" in joined
    for row in agreed.quote.rows:
        assert day(row.due_date) in joined
        assert money(row.amounts.total) in joined
    assert money(sum(row.amounts.total for row in agreed.quote.rows)) in joined
    fonts = subprocess.run([shutil.which("pdffonts"), path], capture_output=True, text=True, check=True).stdout
    assert re.search(r"WenQuanYi.*\byes +yes +yes\b", fonts), fonts  # embedded, subset, with its characters' names
    assert path.stat().st_size < 200_000


def test_the_calendar_has_every_date_once_and_no_debt_in_its_titles(web: Running, agreed: Arrangement) -> None:
    now = web.parts.clock.now()
    calendar = Calendar.from_ical(calendar_file(agreed, now))
    events = calendar.walk("VEVENT")
    assert [event.decoded("dtstart") for event in events] == [row.due_date for row in agreed.quote.rows]
    assert all(isinstance(event.decoded("dtstart"), date) for event in events)
    assert len({event["uid"] for event in events}) == len(events)
    again = Calendar.from_ical(calendar_file(agreed, now + timedelta(days=1))).walk("VEVENT")
    assert [event["uid"] for event in again] == [event["uid"] for event in events]
    shown = "".join(str(event["summary"]) + str(event.walk("VALARM")[0]["description"]) for event in events)
    assert not re.search(r"还款|借款|逾期|贷|元|\d{3}", shown)
    assert money(agreed.quote.rows[0].amounts.total) in str(events[0]["description"]).replace("\\,", ",")


def test_a_promise_is_one_date(web: Running, agreed: Arrangement) -> None:
    now = web.parts.clock.now()
    status = next(s for s in web.parts.servicing.statuses(OTHER, now) if not s.settled)
    quote = web.parts.servicing.quote(OTHER, status.loan.id, PromiseToPay(now.date() + timedelta(days=3)), now)
    assert isinstance(quote, Quote), quote
    promise = web.parts.servicing.commit(OTHER, quote.hash, now, "确认")
    assert len(Calendar.from_ical(calendar_file(promise, now)).walk("VEVENT")) == 1


def test_only_the_borrower_gets_a_document(web: Running, agreed: Arrangement) -> None:
    def ask(token: str | None, origin: str | None = ORIGIN, name: str = f"{agreed.id}.pdf") -> requests.Response:
        headers = {"Origin": origin} if origin else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return requests.get(f"{web.url}/webhooks/web/documents/{name}", headers=headers, timeout=10)

    mine = ask(web.token(LATE))
    assert (mine.status_code, mine.headers["content-type"]) == (200, "application/pdf")
    assert mine.headers["cache-control"] == "no-store"
    assert ask(web.token(LATE), name=f"{agreed.id}.ics").headers["content-type"].startswith("text/calendar")
    assert ask(None).status_code == 401
    assert ask("x.y.z").status_code == 401
    elsewhere = ask(web.token(LATE), origin="https://elsewhere.example")
    assert elsewhere.status_code == 403
    assert "Access-Control-Allow-Origin" not in elsewhere.headers
    stranger, invented = ask(web.token(OTHER)), ask(web.token(OTHER), name="A0000000000.pdf")
    assert (stranger.status_code, stranger.text) == (invented.status_code, invented.text) == (404, "没有找到。")


def test_a_browser_may_ask_from_the_bank_s_page_and_from_no_other(web: Running, agreed: Arrangement) -> None:
    url = f"{web.url}/webhooks/web/documents/{agreed.id}.pdf"
    asking = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    ours = requests.options(url, headers={"Origin": ORIGIN, **asking}, timeout=10)
    assert ours.ok
    assert ours.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert ours.headers["Access-Control-Allow-Headers"] == "Authorization"
    theirs = requests.options(url, headers={"Origin": "https://elsewhere.example", **asking}, timeout=10)
    assert "Access-Control-Allow-Origin" not in theirs.headers


def test_who_said_to_be_somebody_else_gets_none_until_the_next_sign_in(web: Running, agreed: Arrangement) -> None:
    parts = web.parts
    parts.conversations.open(f"b-{LATE}", "web", LATE, parts.clock.now())
    parts.conversations.mark_third_party(f"b-{LATE}", parts.clock.now())
    headers = {"Authorization": f"Bearer {web.token(LATE)}"}
    url = f"{web.url}/webhooks/web/documents/{agreed.id}.pdf"
    assert requests.get(url, headers=headers, timeout=10).status_code == 401

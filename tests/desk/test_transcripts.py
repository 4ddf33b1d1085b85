"""The list, one conversation, what is masked, what goes out; every look is a line of the audit log."""

from __future__ import annotations

import csv
import io
import json

import pytest

from kuanxin.pseudonym import pseudonym


def last_line():
    from desk.audit.models import Line

    return Line.objects.order_by("-id").first()


def test_search_finds_inside_words_and_filters_narrow(sign_in):
    client = sign_in("reviewer")
    page = client.get("/conversations/", {"text": "厂停"}).content.decode()
    assert "demo-002" in page
    assert "demo-000" not in page
    narrowed = client.get("/conversations/", {"text": "厂停", "hardship": "no"}).content.decode()
    assert "没有这样的会话" in narrowed
    assert "请至少输入两个字" in client.get("/conversations/", {"text": "厂"}).content.decode()


def test_pages_follow_one_another_without_gap_or_repetition(parts, django):
    from kuanxin.conversations.review import Filters

    for order in ("newest", "oldest", "attention"):
        whole = [row.id for row in parts.staff.page(Filters(order=order), limit=500).rows]
        seen, cursor = [], None
        while True:
            page = parts.staff.page(Filters(order=order), cursor, limit=7)
            seen += [row.id for row in page.rows]
            cursor = page.following
            if cursor is None:
                break
        assert seen == whole, order


def test_a_wrong_cursor_leads_to_the_first_page(sign_in):
    for cursor in ("x", "[]", '["2026-01-01",1]', '["2026-01-01T00:00:00","a"]', "{}"):
        assert sign_in("reviewer").get("/conversations/", {"cursor": cursor}).status_code == 302


def test_what_was_understood_stands_beside_what_was_said(sign_in):
    page = sign_in("reviewer").get("/conversations/demo-003/").content.decode()
    for part in ("上回那个事咋弄的", "31%", "查欠款", "action_nlu_fallback", "RulePolicy", "演示", "2026-11+"):
        assert part in page, part
    assert pseudonym("demo-003") in page
    assert last_line().action == "conversation_viewed"
    assert last_line().about == "demo-003"
    assert last_line().staff == "demo-reviewer"


def test_names_are_masked_until_revealed_for_a_reason(sign_in):
    client = sign_in("agent")
    assert "王芳" not in client.get("/conversations/demo-000/").content.decode()
    client.post("/conversations/demo-000/reveal/", {"reason": ""})
    assert "王芳" not in client.get("/conversations/demo-000/").content.decode()
    client.post("/conversations/demo-000/reveal/", {"reason": "客户来电核对"})
    assert "王芳" in client.get("/conversations/demo-000/").content.decode()
    assert "王芳" not in client.get("/conversations/demo-010/").content.decode()
    from desk.audit.models import Line

    line = Line.objects.filter(action="revealed").latest("id")
    assert (line.about, line.reason) == ("demo-000", "客户来电核对")


def test_markup_of_a_borrower_stays_text(sign_in, talk):
    id = talk("<script>alert(1)</script><img src=x onerror=alert(2)>")
    for path in ("/", "/queue/", "/conversations/", f"/conversations/{id}/", f"/conversations/{id}/live/"):
        page = sign_in("supervisor").get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("sign", "=＝＋@")
def test_export_needs_a_reason_and_no_cell_is_a_formula(sign_in, talk, sign):
    id = talk(f'{sign}HYPERLINK("http://x")')
    client = sign_in("supervisor")
    assert client.post(f"/conversations/{id}/export/", {"form": "csv", "reason": ""}).status_code == 302
    answer = client.post(f"/conversations/{id}/export/", {"form": "csv", "reason": "投诉核对"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1][4].startswith(f"'{sign}")
    assert (last_line().action, last_line().reason, last_line().about) == ("exported", "投诉核对", id)
    data = json.loads(client.post(f"/conversations/{id}/export/", {"form": "json", "reason": "投诉核对"}).content)
    assert data["entries"][0]["text"].startswith(sign)
    pdf = client.post("/conversations/demo-003/export/", {"form": "pdf", "reason": "投诉核对"})
    assert pdf.content.startswith(b"%PDF")


def test_review_ends_attention_until_something_happens_again(sign_in, talk, parts):
    id = talk("你好")
    assert parts.staff.summary(id).attention == 3
    sign_in("reviewer").post(f"/conversations/{id}/reviewed/")
    assert (parts.staff.summary(id).attention, parts.staff.summary(id).reviewed_by) == (0, "demo-reviewer")
    parts.conversations.open_ticket(id, "complaint", "x", "y", parts.clock.now())
    assert (parts.staff.summary(id).attention, parts.staff.summary(id).reviewed_by) == (4, None)


def test_a_saved_filter_belongs_to_who_saved_it(sign_in):
    from desk.transcripts.models import SavedFilter

    sign_in("reviewer").post("/conversations/saved/", {"title": "投诉", "query": "complaint=yes"})
    saved = SavedFilter.objects.get(title="投诉")
    assert "complaint=yes" in sign_in("reviewer").get("/conversations/").content.decode()
    assert "complaint=yes" not in sign_in("agent").get("/conversations/").content.decode()
    assert sign_in("agent").post(f"/conversations/saved/{saved.pk}/delete/").status_code == 404
    assert SavedFilter.objects.filter(pk=saved.pk).exists()


def test_an_unknown_conversation_is_not_found_for_every_verb(sign_in):
    client = sign_in("supervisor")
    verbs = ("note", "tags", "reviewed", "claim", "reply", "reveal", "export", "legal-hold", "clear-safety", "transfer")
    values = {"text": "x", "token": "t", "reason": "足够长的", "form": "csv", "held": "yes", "tags": "a"}
    for verb in verbs:
        answer = client.post(f"/conversations/nobody/{verb}/", values)
        assert answer.status_code in (302, 404), verb
        assert answer.status_code == 404 or verb in ("reply", "transfer"), verb  # those say: not in your hands


def test_the_audit_log_only_grows(django, sign_in):

    from django.db import DatabaseError, connection

    sign_in("agent").get("/conversations/")
    for statement in ("UPDATE desk_audit SET staff='x'", "DELETE FROM desk_audit"):
        with connection.cursor() as cursor, pytest.raises(DatabaseError, match="only grows"):
            cursor.execute(statement)


def test_what_cannot_be_recorded_is_not_shown(sign_in, monkeypatch):
    from django.db import DatabaseError

    client = sign_in("reviewer")

    def broken(**values):
        raise DatabaseError("down")

    monkeypatch.setattr("desk.audit.models.Line.objects.create", broken)
    client.raise_request_exception = False
    answer = client.get("/conversations/demo-003/")
    assert answer.status_code == 500
    assert "上回那个事" not in answer.content.decode()


def test_when_the_records_are_down_staff_read_what_to_do(sign_in, monkeypatch, parts):
    from kuanxin.conversations.model import ConversationsUnavailable

    client = sign_in("reviewer")

    def down(*args, **kwargs):
        raise ConversationsUnavailable("down")

    monkeypatch.setattr(parts.staff, "page", down)
    answer = client.get("/conversations/")
    assert answer.status_code == 503
    assert "什么都没有改动" in answer.content.decode()


def test_what_became_of_an_arrangement_is_asked_when_it_is_shown(sign_in, parts, talk):
    id = agreed(parts, talk, "B009", "active")  # as it was in the moment of consent; it was not kept
    client = sign_in("reviewer")
    found = {
        state: f"/conversations/{id}/" in client.get("/conversations/", {"state": state}).content.decode()
        for state in ("active", "broken", "kept")
    }
    assert found == {"active": False, "broken": True, "kept": False}


def test_an_open_conversation_brings_its_arrangements_up_to_date(sign_in, parts, talk):
    id = agreed(parts, talk, "B009", "active")
    sign_in("reviewer").get(f"/conversations/{id}/")
    assert parts.staff.store.agreements_of(id)[0].state == "broken"


def agreed(parts, talk, borrower: str, state: str) -> str:
    """A conversation in which the borrower's last arrangement was agreed, noted in this state."""
    from kuanxin.conversations.review import Agreement
    from kuanxin.store.tables_conversations import agreements

    id = talk(borrower=borrower, asks=False)
    a = parts.servicing.arrangements(borrower, parts.clock.now())[-1]
    note = Agreement(a.id, id, borrower, a.loan_id, a.quote.hash, a.kind.value, state, a.quote.total.total, a.agreed_at)
    with parts.engine.begin() as connection:
        connection.execute(agreements.delete().where(agreements.c.id == a.id))
    parts.staff.remember_agreement(note)
    return id

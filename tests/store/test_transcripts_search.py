"""The list on SQLite and PostgreSQL: search inside words, filters, keyset pages; claims by several at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from kuanxin.conversations.review import AlreadyClaimed, Filters, NotHolding
from kuanxin.store import transcripts_search
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.figures import SqlFigures
from kuanxin.store.staff_repository import SqlStaff
from kuanxin.store.transcripts_search import SqlTranscripts
from kuanxin.store.understood import keep_understanding
from tests.builders import NOW

SAYINGS = ("我想晚几天还", "罚息怎么算的", "能不能减免罚息", "100%不是我借的_真的", "AppStore 里找不到", "你好")


@pytest.fixture
def engine(database_url):
    engine = make_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def conversations(engine):
    made = SqlConversations(engine)
    for number, text in enumerate(SAYINGS):
        at = NOW + timedelta(minutes=number)
        made.open(f"c{number}", "web", f"B{number}", at)
        made.claim(f"c{number}", "m1", text, at, True, 40)
        made.append(f"c{number}", "assistant", [{"text": "罚息是这样算的"}], at, "m1", True, False)
    return made


@pytest.fixture(params=["walked", "through the index"])
def search(request, engine, conversations, monkeypatch):
    """Both ways of a search: where the newest conversations suffice, and where the index is asked."""
    monkeypatch.setattr(transcripts_search, "WALKED", 2000 if request.param == "walked" else 1)

    def find(**filters):
        return [row.id for row in SqlTranscripts(engine).page(Filters(**filters)).rows]

    return find


def test_search_finds_inside_words_and_takes_signs_as_they_stand(search):
    assert search(text="罚息") == ["c2", "c1"]  # what the assistant says is not searched
    assert search(text="晚几天还") == ["c0"]
    assert search(text="appstore") == ["c4"]
    assert search(text="100%") == ["c3"]
    assert search(text="%%") == []
    assert search(text="借的_真") == ["c3"]
    assert search(text="罚息", order="oldest") == ["c1", "c2"]
    assert search(text="罚息", borrower_id="B1") == ["c1"]


def test_filters(search, conversations, engine):
    conversations.open_ticket("c1", "complaint", "s", "t", NOW)
    conversations.hold("c2", "hardship", NOW, None)
    conversations.open_handover("c3", "request", "normal", "s", NOW)
    conversations.keep_rating("c4", 2, "", NOW)
    conversations.keep_unclear("c5", "你好", {}, NOW)
    SqlStaff(engine).set_tags("c0", ["重要", "重要"])
    assert search(complaint=True) == ["c1"]
    assert search(hardship=True) == ["c2"]
    assert search(handed_over=True) == ["c3"]
    assert search(holder="waiting") == ["c3"]
    assert search(rating_at_most=3) == ["c4"]
    assert search(fallback=True) == ["c5"]
    assert search(tag="重要") == ["c0"]
    assert search(needs_me=True, order="attention") == ["c1", "c3", "c2", "c5", "c4"]
    assert search(since=NOW + timedelta(minutes=4)) == ["c5", "c4"]
    assert search(until=NOW + timedelta(minutes=1)) == ["c0"]
    assert search(said_at_least=2) == []


def _understood(engine, conversation, intent, confidence, fallback=False, form=None):
    row = {
        **{"conversation_id": conversation, "message_id": "m1", "at": NOW, "intent": intent, "confidence": confidence},
        **{"runner_up": None, "runner_up_confidence": None, "fallback": fallback, "actions": "[]", "entities": "[]"},
        **{"slots": "{}", "form": form, "model": "m", "policy_version": "p"},
    }
    with engine.begin() as connection:
        keep_understanding(connection, row)


def test_intents_certainty_and_how_it_ended(search, engine):
    _understood(engine, "c0", "request_extension", 0.5, form="relief_form")
    _understood(engine, "c1", "ask_interest_and_fees", 0.9)
    _understood(engine, "c1", "greet", 0.1)  # the same message again changes nothing
    assert search(intent="request_extension") == ["c0"]
    assert search(intent="greet") == []
    assert search(confidence_below=0.6) == ["c0"]
    assert search(unfinished=True) == ["c0"]
    days = SqlFigures(engine).by_day(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert [(day.name, day.conversations, day.answered, day.silent) for day in days] == [("2026-11-23", 6, 5, 1)]
    kinds = SqlFigures(engine).by_intent(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert {kind.name: kind.messages for kind in kinds} == {"request_extension": 1, "ask_interest_and_fees": 1}


def test_the_day_is_that_of_shanghai(engine):
    made = SqlConversations(engine)
    made.open("late", "web", None, NOW.replace(hour=0, minute=5))  # 16:05 of the day before in UTC
    days = SqlFigures(engine).by_day(NOW - timedelta(days=2), NOW + timedelta(days=1))
    assert [day.name for day in days] == ["2026-11-23"]


def test_of_many_who_claim_one_holds_it(engine, conversations):
    conversations.open_handover("c0", "request", "normal", "s", NOW)
    staff = SqlStaff(engine)

    def claim(who):
        try:
            staff.claim("c0", who, NOW, override=False)
        except AlreadyClaimed:
            return None
        return who

    with ThreadPoolExecutor(8) as pool:
        won = [who for who in pool.map(claim, [f"s{n}" for n in range(8)]) if who]
    assert [staff.open_request("c0").claimed_by] == won
    with pytest.raises(NotHolding):
        staff.reply("c0", "stranger", "x", "t", NOW)


def test_times_of_waiting(engine, conversations):
    conversations.open_handover("c0", "request", "normal", "s", NOW)
    staff = SqlStaff(engine)
    staff.claim("c0", "lin", NOW + timedelta(seconds=60), override=False)
    staff.reply("c0", "lin", "x", "t", NOW + timedelta(seconds=90))
    waited = SqlFigures(engine).waiting(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert (waited.requests, round(waited.to_claim), round(waited.to_first_reply)) == (1, 60, 90)

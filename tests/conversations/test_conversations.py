"""Conversations on SQLite and PostgreSQL: recorded once, asked of people once, reminders held, safety first."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest

from kuanxin.conversations import service
from kuanxin.conversations.alerts import FolderAlerts
from kuanxin.conversations.model import ConversationNotFound, ConversationsUnavailable
from kuanxin.conversations.service import Conversations
from kuanxin.settings import StaffHours
from kuanxin.store.base import SHANGHAI
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine, migrate

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)  # a Monday
NIGHT = NOW.replace(hour=23)


@pytest.fixture
def engine(database_url):
    engine = make_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def conversations(engine, tmp_path) -> Conversations:
    made = Conversations(
        SqlConversations(engine), StaffHours("mon-fri 09:00-18:00").open_at, FolderAlerts(tmp_path / "outbox")
    )
    made.open("v-1", "chat", None, NOW)
    made.open("b-B001", "chat", "B001", NOW)
    return made


class TestTranscript:
    def test_a_message_is_new_once_and_then_brings_its_replies(self, conversations):
        assert conversations.record_inbound("v-1", "m1", "在吗", NOW).new
        waiting = conversations.record_inbound("v-1", "m1", "在吗", NOW)
        assert (waiting.new, waiting.pending) == (False, True)
        said = conversations.record_replies("v-1", [{"text": "在的"}, {"text": "请说"}], NOW, message_id="m1")
        assert conversations.record_inbound("v-1", "m1", "在吗", NOW).entries == said
        assert [(e.number, e.author, e.text) for e in conversations.transcript("v-1")] == [
            (1, "borrower", "在吗"),
            (2, "assistant", "在的"),
            (3, "assistant", "请说"),
        ]

    def test_a_message_without_replies_counts_as_answered(self, conversations):
        conversations.record_inbound("v-1", "m1", "在吗", NOW)
        conversations.record_replies("v-1", [], NOW, message_id="m1")
        again = conversations.record_inbound("v-1", "m1", "在吗", NOW)
        assert (again.new, again.pending, again.entries) == (False, False, ())

    def test_a_message_that_two_workers_answer_has_the_first_answer(self, conversations, monkeypatch):
        """The database's clock leapt while the first one was at it: its lease ran out, another took the message."""
        monkeypatch.setattr(service, "ANSWER_LEASE_SECONDS", -1.0)
        assert conversations.record_inbound("v-1", "m1", "在吗", NOW).new
        assert conversations.record_inbound("v-1", "m1", "在吗", NOW).new
        first = conversations.record_replies("v-1", [{"text": "在的"}], NOW, message_id="m1")
        assert conversations.record_replies("v-1", [{"text": "我在"}], NOW, message_id="m1") == first
        assert [entry.text for entry in conversations.transcript("v-1")] == ["在吗", "在的"]

    def test_of_several_at_the_same_time_one_is_new(self, conversations):
        with ThreadPoolExecutor(4) as pool:
            recorded = list(pool.map(lambda _: conversations.record_inbound("v-1", "m1", "在吗", NOW).new, range(8)))
        assert sorted(recorded) == [False] * 7 + [True]
        assert len(conversations.transcript("v-1")) == 1

    def test_entries_that_come_at_the_same_time_are_numbered_without_gaps(self, conversations):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: conversations.record_reply("v-1", {"text": str(n)}, NOW), range(20)))
        assert [entry.number for entry in conversations.transcript("v-1")] == list(range(1, 21))

    def test_a_page_of_it_and_the_end_of_it(self, conversations):
        for n in range(6):
            conversations.record_reply("v-1", {"text": str(n)}, NOW)
        assert [e.text for e in conversations.transcript("v-1", after=2, limit=2)] == ["2", "3"]
        assert [e.text for e in conversations.transcript("v-1", limit=2)] == ["4", "5"]
        assert conversations.transcript("v-1", after=6) == ()

    def test_card_and_button_come_back_as_they_went_in(self, conversations):
        card = {"kind": "loan", "title": "借款", "facts": [["应还", "1.00元"]], "data": {"due": 100}}
        button = {"title": "同意", "intent": "affirm", "entities": {"consent": "h"}}
        said = conversations.record_reply("v-1", {"text": "看", "card": card, "buttons": [button]}, NOW)
        assert said.card == card
        (shown,) = said.buttons
        assert shown["title"] == "同意"
        assert set(shown) == {"id", "title"}
        issued = conversations.button("v-1", shown["id"])
        assert (issued.intent, issued.entities) == ("affirm", {"consent": "h"})
        assert conversations.button("b-B001", shown["id"]) is None

    def test_texts_are_redacted_whoever_brings_them(self, conversations, engine):
        secret = "13812345678"
        conversations.record_inbound("v-1", "m1", f"打{secret}", NOW)
        conversations.remember_unclear("v-1", f"打{secret}", {}, NOW)
        conversations.open_ticket("v-1", "other", "电话", f"打{secret}", NOW)
        conversations.hand_over("v-1", "request", "normal", f"打{secret}", NOW)
        with engine.connect() as connection:
            for table in ("transcript", "unclear_messages", "tickets", "handovers"):
                rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
                assert "【手机号】" in str(rows)
                assert secret not in str(rows)

    def test_nothing_is_recorded_for_a_conversation_that_is_not_there(self, conversations):
        for attempt in (
            lambda: conversations.record_inbound("v-2", "m1", "在吗", NOW),
            lambda: conversations.record_reply("v-2", {"text": "在"}, NOW),
            lambda: conversations.hand_over("v-2", "request", "normal", "", NOW),
            lambda: conversations.get("v-2"),
        ):
            with pytest.raises(ConversationNotFound):
                attempt()


class TestPeople:
    def test_a_second_request_is_the_first_one(self, conversations):
        first = conversations.hand_over("v-1", "request", "normal", "想要：转人工", NOW)
        second = conversations.hand_over("v-1", "request", "normal", "想要：人呢", NOW + timedelta(minutes=5))
        assert (second.id, second.waiting_since, second.summary) == (first.id, NOW, "想要：转人工")
        assert conversations.get("v-1").holder == "waiting"

    def test_a_more_urgent_one_raises_it_a_less_urgent_one_does_not(self, conversations):
        conversations.hand_over("v-1", "request", "normal", "想要人工", NOW)
        conversations.hand_over("v-1", "complaint", "high", "投诉", NOW)
        conversations.hand_over("v-1", "request", "normal", "人呢", NOW)
        conversations.hand_over("b-B001", "safety", "urgent", "可能有危险", NOW)
        assert [(h.conversation_id, h.urgency, h.summary) for h in conversations.waiting()] == [
            ("b-B001", "urgent", "可能有危险"),
            ("v-1", "high", "投诉"),
        ]

    def test_staffed_says_whether_somebody_is_there_now(self, conversations):
        assert conversations.hand_over("v-1", "request", "normal", "", NOW).staffed is True
        assert conversations.hand_over("v-1", "request", "normal", "", NIGHT).staffed is False

    def test_a_colleague_takes_over_and_gives_back(self, conversations):
        conversations.hand_over("v-1", "request", "normal", "", NOW)
        conversations.take_over("v-1")
        conversations.hand_over("v-1", "request", "normal", "", NOW)
        assert conversations.get("v-1").holder == "human"
        conversations.give_back("v-1", NOW)
        assert conversations.get("v-1").holder == "bot"
        assert conversations.waiting() == ()
        later = NOW + timedelta(hours=1)
        assert conversations.hand_over("v-1", "request", "normal", "", later).waiting_since == later

    def test_a_ticket_is_opened_once_for_a_subject(self, conversations):
        first = conversations.open_ticket("v-1", "dispute", "L001", "金额不对", NOW)
        assert conversations.open_ticket("v-1", "dispute", "L001", "真的不对", NOW) == first
        second = conversations.open_ticket("v-1", "dispute", "L002", "也不对", NOW)
        assert first.number.startswith("KX261123")
        assert first.number != second.number
        assert conversations.tickets("v-1") == (first, second)
        assert conversations.tickets("b-B001") == ()

    def test_mistaken_kinds_are_named(self, conversations):
        with pytest.raises(ValueError, match="expected one of certificate, complaint"):
            conversations.open_ticket("v-1", "anger", "", "", NOW)
        with pytest.raises(ValueError, match="expected one of normal, high, urgent"):
            conversations.hand_over("v-1", "request", "now", "", NOW)
        with pytest.raises(ValueError, match="expected one of dispute"):
            conversations.hold_reminders("v-1", "mood", NOW)


class TestReminders:
    def test_a_hold_counts_for_the_borrower_wherever_it_was_asked_for(self, conversations):
        conversations.hold_reminders("v-1", "hardship", NOW)
        assert [h.reason for h in conversations.reminder_holds("v-1")] == ["hardship"]
        assert conversations.reminder_holds("B001") == ()
        conversations.signed_in("v-1", "B001", NOW)
        conversations.hold_reminders("b-B001", "dispute", NOW)
        assert {h.reason for h in conversations.reminder_holds("B001")} == {"hardship", "dispute"}

    def test_until_a_day_means_to_its_end_and_is_never_shortened(self, conversations):
        conversations.hold_reminders("b-B001", "promise", NOW, until=date(2026, 11, 28))
        conversations.hold_reminders("b-B001", "promise", NOW, until=date(2026, 11, 25))
        last_minute = datetime(2026, 11, 28, 23, 59, tzinfo=SHANGHAI)
        assert [h.reason for h in conversations.reminder_holds("B001", last_minute)] == ["promise"]
        assert conversations.reminder_holds("B001", last_minute + timedelta(minutes=1)) == ()

    def test_who_asks_for_a_reminder_wants_messages_again(self, conversations):
        conversations.hold_reminders("b-B001", "opt_out", NOW)
        conversations.hold_reminders("b-B001", "dispute", NOW)
        conversations.set_reminder("b-B001", "B001", date(2026, 11, 25), 3, "11月28日还款", NOW)
        assert [h.reason for h in conversations.reminder_holds("B001", NOW)] == ["dispute"]

    def test_a_second_reminder_about_the_same_replaces_the_first(self, conversations):
        conversations.set_reminder("b-B001", "B001", date(2026, 11, 25), 3, "11月28日还款", NOW)
        conversations.set_reminder("b-B001", "B001", date(2026, 11, 27), 1, "11月28日还款", NOW)
        conversations.set_reminder("b-B001", "B001", date(2026, 12, 25), 3, "12月28日还款", NOW)
        assert [(r.on.isoformat(), r.days_before) for r in conversations.reminders("B001")] == [
            ("2026-11-27", 1),
            ("2026-12-25", 3),
        ]


class TestSafety:
    def test_a_person_is_called_at_once_and_once(self, conversations, tmp_path):
        conversations.start_safety_hold("b-B001", NIGHT)
        conversations.start_safety_hold("b-B001", NIGHT + timedelta(minutes=1))
        (alert,) = (tmp_path / "outbox").iterdir()
        said = json.loads(alert.read_text("utf-8"))
        assert (said["kind"], said["conversation"], said["at"]) == ("urgent", "b-B001", NIGHT.isoformat())
        (waiting,) = conversations.waiting()
        assert waiting.urgency == "urgent"
        assert conversations.get("b-B001").safety_hold

    def test_an_open_request_becomes_urgent(self, conversations):
        conversations.hand_over("b-B001", "request", "normal", "想要人工", NOW)
        conversations.start_safety_hold("b-B001", NOW)
        assert [h.urgency for h in conversations.waiting()] == ["urgent"]

    def test_only_a_person_ends_it_and_reminders_stay_away_for_72_hours(self, conversations):
        conversations.start_safety_hold("b-B001", NOW)
        month_later = NOW + timedelta(days=30)
        assert [h.reason for h in conversations.reminder_holds("B001", month_later)] == ["self_harm"]
        conversations.clear_safety_hold("b-B001", NOW + timedelta(hours=1))
        assert not conversations.get("b-B001").safety_hold
        assert conversations.reminder_holds("B001", NOW + timedelta(hours=71, minutes=59))
        assert not conversations.reminder_holds("B001", NOW + timedelta(hours=72))

    def test_after_a_late_clearing_reminders_may_come_at_once(self, conversations):
        conversations.start_safety_hold("b-B001", NOW)
        week_later = NOW + timedelta(days=7)
        conversations.clear_safety_hold("b-B001", week_later)
        assert not conversations.reminder_holds("B001", week_later)

    def test_a_full_outbox_does_not_silence_the_rest(self, conversations, tmp_path, caplog):
        (tmp_path / "outbox").write_text("a file where the folder should be")
        conversations.start_safety_hold("b-B001", NOW)
        assert conversations.get("b-B001").safety_hold
        assert "urgent alert could not be written" in caplog.text


def test_a_third_party_stays_one_until_a_later_sign_in(conversations):
    conversations.signed_in("b-B001", "B001", NOW)
    conversations.mark_third_party("b-B001", NOW)
    conversations.signed_in("b-B001", "B001", NOW)  # the same token again
    assert conversations.get("b-B001").third_party
    conversations.signed_in("b-B001", "B001", NOW + timedelta(seconds=1))
    assert not conversations.get("b-B001").third_party


def test_a_broken_database_is_reported_without_what_people_said(conversations, engine, caplog):
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE unclear_messages")
    with pytest.raises(ConversationsUnavailable) as raised:
        conversations.remember_unclear("v-1", "我的秘密", {}, NOW)
    assert "我的秘密" not in caplog.text + str(raised.value)
    assert raised.value.__cause__ is None

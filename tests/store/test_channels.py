"""Addresses, inbox, cursors and shared values on SQLite and PostgreSQL, for several workers at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from kuanxin.bootstrap import compose
from kuanxin.conversations.channels import Received, Told
from kuanxin.gateways.wechat import SharedToken
from kuanxin.identity.signing import sign_as_bank
from kuanxin.settings import Settings
from kuanxin.store.base import SHANGHAI
from kuanxin.store.engine import migrate

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
MESSAGE = Received("wechat", "o1", "m1", text="身份证110105194912310021", sent_at=1764000000.5)


@pytest.fixture
def parts(tmp_path, database_url):
    parts = compose(Settings(var=tmp_path, database_url=database_url, token_key="", now=NOW.isoformat()))
    migrate(parts.engine)
    yield parts
    parts.engine.dispose()


def sign_in(parts, address, borrower: str, now: datetime = NOW) -> None:
    ticket = parts.identity.sign_in_link(address.speaker.conversation_id, now).split("ticket=")[1]
    parts.identity.sign_in(sign_as_bank(parts.settings.bank_key(), borrower, ticket=ticket), now)


def test_a_message_is_kept_once_whoever_brings_it(parts):
    with ThreadPoolExecutor(6) as pool:
        kept = list(pool.map(lambda _: parts.inbox.keep(MESSAGE, 60), range(12)))
    assert sorted(kept) == [False] * 11 + [True]
    assert parts.inbox.keep(Received("wecom", "o1", "m1"), 60)  # ids are the platform's own
    parts.inbox.done(MESSAGE)
    assert not parts.inbox.keep(MESSAGE, 60)


def test_what_a_dead_worker_left_goes_to_one_other(parts):
    parts.inbox.keep(MESSAGE, -1)
    with ThreadPoolExecutor(4) as pool:
        given = [one for found in pool.map(lambda _: parts.inbox.unfinished("wechat", 60), range(4)) for one in found]
    assert [(one.text, one.sent_at) for one in given] == [("身份证【身份证号】", 1764000000.5)]


def test_a_lock_is_one_workers_until_it_ends(parts):
    with ThreadPoolExecutor(6) as pool:
        keys = [key for key in pool.map(lambda _: parts.shared.lock("x", 60), range(6)) if key]
    assert len(keys) == 1
    parts.shared.put("x", "value")  # a value beside it does not open it
    assert parts.shared.lock("x", 60) is None
    parts.shared.unlock("x", "not the key")
    assert parts.shared.lock("x", 60) is None
    parts.shared.unlock("x", keys[0])
    assert parts.shared.lock("x", -1)  # ended by itself
    assert parts.shared.lock("x", 60)


def test_values_expire_and_are_cleared_away(parts):
    parts.shared.put("short", "1", -1)
    assert parts.shared.get("short") is None
    parts.shared.put("long", "2", 60)
    parts.shared.put("ever", "3")
    assert (parts.shared.get("long"), parts.shared.get("ever")) == ("2", "3")


def test_many_workers_renew_a_token_once(parts):
    fetched = []

    def fetch():
        fetched.append(1)
        return f"token-{len(fetched)}", 7200

    tokens = [SharedToken("t", parts.shared, fetch) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(lambda token: token.current(), tokens)) == {"token-1"}
        assert set(pool.map(lambda token: token.renew("token-1"), tokens)) == {"token-2"}
    assert len(fetched) == 2


def test_one_worker_sends_at_a_time(parts):
    address = parts.addresses.arrive("wechat", "o1", NOW)
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda _: parts.addresses.begin_sending(address, 60), range(6))) == 1
    parts.addresses.end_sending(address)
    assert parts.addresses.begin_sending(address, 60)


def test_two_first_messages_at_once_make_one_address(parts):
    with ThreadPoolExecutor(4) as pool:
        arrived = set(pool.map(lambda _: parts.addresses.arrive("wechat", "o1", NOW), range(8)))
    assert len(arrived) == 1


def test_the_cursor_says_who_is_behind(parts):
    address = parts.addresses.arrive("wechat", "o1", NOW)
    parts.conversations.open(address.conversation_id, "wechat", None, NOW)
    parts.conversations.record_reply(address.conversation_id, {"text": "在"}, NOW)
    assert parts.deliveries.behind("wechat") == ()  # it takes no messages now
    parts.addresses.grant(address, 5)
    assert parts.deliveries.behind("wechat") == ("o1",)
    parts.deliveries.tell("wechat", "o1", {address.conversation_id: Told(1)})
    assert parts.deliveries.behind("wechat") == ()


def test_a_question_counts_as_shown_from_when_the_platform_had_it(parts):
    address = parts.addresses.arrive("wechat", "o1", NOW)
    here = address.conversation_id
    parts.conversations.open(here, "wechat", None, NOW)

    def asked(offer: str) -> str:
        button = {"title": "确认", "intent": "affirm", "entities": {"consent": offer}}
        return parts.conversations.record_reply(here, {"text": "这样可以吗", "buttons": [button]}, NOW).buttons[0]["id"]

    first, second, again = asked("a"), asked("b"), asked("a")
    assert parts.conversations.first_shown(here, {"consent": "a"}) is None
    assert parts.conversations.last_shown(here) is None
    before = time.time()
    parts.addresses.shown(address, (first,))
    at = parts.conversations.first_shown(here, {"consent": "a"})
    assert before <= at <= time.time()
    parts.addresses.shown(address, (second,))
    parts.addresses.shown(address, (again,))
    assert parts.conversations.first_shown(here, {"consent": "a"}) == at
    assert parts.conversations.last_shown(here) == parts.conversations.button(here, again).shown_at > at
    assert parts.addresses.find("wechat", "o1").choices == (again,)
    parts.addresses.not_shown(address, (second, again))
    assert parts.conversations.first_shown(here, {"consent": "b"}) is None
    assert parts.addresses.find("wechat", "o1").choices == ()
    assert parts.conversations.last_shown(here) == at


def test_an_earlier_transcript_goes_on_in_the_borrowers_own(parts):
    own = "b-B001"
    parts.conversations.open(own, "web", "B001", NOW)
    parts.conversations.record_reply(own, {"text": "网页上说的"}, NOW)
    address = parts.addresses.arrive("wechat", "o1", NOW)
    parts.conversations.open(address.conversation_id, "wechat", None, NOW)
    parts.conversations.record_reply(address.conversation_id, {"text": "微信里说的"}, NOW)
    sign_in(parts, address, "B001")
    assert [(e.number, e.text) for e in parts.conversations.transcript(own)] == [(1, "网页上说的"), (2, "微信里说的")]
    assert parts.deliveries.told("wechat", "o1", own) == Told(2)
    bound = parts.addresses.find("wechat", "o1")
    assert (bound.borrower_id, bound.conversations) == ("B001", (address.conversation_id, own))


def test_a_binding_is_revoked_and_another_borrower_may_follow(parts):
    address = parts.addresses.arrive("wechat", "o1", NOW)
    sign_in(parts, address, "B001")
    assert parts.addresses.release("B001") == 1
    again = parts.addresses.arrive("wechat", "o1", NOW)
    assert again.borrower_id is None
    assert again.conversation_id != address.conversation_id
    sign_in(parts, again, "B002")
    assert parts.addresses.find("wechat", "o1").borrower_id == "B002"


def test_a_binding_ends_after_its_days(parts):
    address = parts.addresses.arrive("wechat", "o1", NOW)
    sign_in(parts, address, "B001")
    assert parts.addresses.arrive("wechat", "o1", NOW + timedelta(days=89)).borrower_id == "B001"
    assert parts.addresses.arrive("wechat", "o1", NOW + timedelta(days=90)).borrower_id is None

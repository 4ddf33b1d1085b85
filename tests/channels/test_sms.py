"""What comes back from SMS, over real HTTP: receipts, stop words, questions."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import timedelta

import pytest
import requests
from sanic import Sanic

from kuanxin.book.importer import import_book
from kuanxin.bootstrap import Services, compose
from kuanxin.channels.sms import SmsChannel
from kuanxin.conversations.timing import came_before
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate
from tests.channels.conftest import NOW, ScriptedModel
from tests.notices.world import MONDAY, a_borrower
from tests.web_server import serving

_numbers = itertools.count()
TOKEN = "a-token-for-the-address"


@dataclass
class Phone:
    url: str
    services: Services
    model: ScriptedModel

    def sends(self, text: str, number: str = "13800000001", id: str = "1") -> requests.Response:
        return self.post("replies", {"id": id, "from": number, "text": text})

    def post(self, what: str, body: object, token: str = TOKEN) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(f"{self.url}/{token}/{what}", data=data, timeout=10)

    def notices(self, borrower: str = "B1") -> dict[str, str]:
        return {entry.kind: entry.state for entry in self.services.outbox.of(borrower)}


@pytest.fixture
def phone(tmp_path):
    settings = Settings(
        var=tmp_path, database_url=f"sqlite:///{tmp_path / 'k.db'}", token_key="", now=NOW, sms_callback_token=TOKEN
    )
    parts = compose(settings)
    migrate(parts.engine)
    people = [a_borrower(), a_borrower("B2", phone="13800000002"), a_borrower("B3", phone="+86 138 0000 0002")]
    import_book(parts.engine, {"kind": "test", "borrowers": people}, MONDAY)
    parts.planner.plan(parts.portfolio()[1], MONDAY)
    parts.sender.send_due(MONDAY)
    model = ScriptedModel()
    app = Sanic(f"sms_{next(_numbers)}", configure_logging=False)
    app.blueprint(SmsChannel(parts).blueprint(model), url_prefix="/webhooks/sms")
    with serving(app) as url:
        yield Phone(f"{url}/webhooks/sms", parts, model)
    parts.engine.dispose()


def test_a_receipt_is_recorded(phone: Phone) -> None:
    (entry,) = phone.services.outbox.of("B1")
    assert phone.post("receipts", {"id": entry.id, "state": "delivered"}).json() == {"status": "ok"}
    assert phone.notices() == {"overdue": "delivered"}
    assert phone.post("receipts", {"id": "unknown", "state": "delivered"}).status_code == 200


@pytest.mark.parametrize("text", ["退订", "TD", "td", " T ", "ＴＤ", "退订。", "拒收", "别发了！"])
def test_a_stop_word_stops_at_once(phone: Phone, text: str) -> None:
    assert phone.sends(text).status_code == 200
    held = phone.services.conversations.reminder_holds("B1")
    assert [hold.reason for hold in held] == ["opt_out"]
    assert phone.model.seen == []
    phone.services.planner.plan(phone.services.portfolio()[1], MONDAY + timedelta(days=3))
    assert phone.notices() == {"overdue": "sent"}
    assert [entry.text for entry in phone.services.conversations.transcript("b-B1")] == [text]


def test_a_stop_word_from_a_shared_number_stops_for_everybody_there(phone: Phone) -> None:
    phone.sends("退订", number="138-0000-0002")
    for borrower in ("B2", "B3"):
        assert [hold.reason for hold in phone.services.conversations.reminder_holds(borrower)] == ["opt_out"]
    assert phone.services.conversations.reminder_holds("B1") == ()


def test_a_question_goes_to_the_conversation_and_a_link_comes_back(phone: Phone) -> None:
    for _ in range(3):  # the gateway repeats what it is not sure of
        assert phone.sends("我想晚几天还").status_code == 200
    (seen,) = phone.model.seen
    assert seen.sender_id == "b-B1"
    assert seen.metadata["borrower"] is None  # who holds a phone has not signed in
    assert came_before(seen.metadata["sent_at"], 1.0)  # no SMS answers what was asked elsewhere
    entries = phone.services.conversations.transcript("b-B1")
    assert [(entry.author, entry.text) for entry in entries] == [
        ("borrower", "我想晚几天还"),
        ("assistant", "答：我想晚几天还"),
    ]
    now = phone.services.clock.now()
    phone.services.sender.send_due(now)
    assert phone.notices()["sign_in_link"] == "sent"
    (file,) = phone.services.settings.outbox.glob("notice-sign_in_link-*.json")
    link = json.loads(file.read_text("utf-8"))["text"].split("：")[-1].split(" ")[0]
    assert link.startswith(phone.services.settings.bank_sign_in_url)
    recorded = next(entry for entry in phone.services.outbox.of("B1") if entry.kind == "sign_in_link")
    assert link.split("ticket=")[1] not in recorded.text


def test_a_question_from_a_shared_or_unknown_number_tells_of_nobody(phone: Phone) -> None:
    for number in ("13800000002", "13999999999"):
        assert phone.sends("我欠多少", number=number).status_code == 200
    assert all(message.sender_id.startswith("s-") for message in phone.model.seen)
    assert len(phone.services.conversations.waiting()) == 2
    assert all("sign_in_link" not in phone.notices(borrower) for borrower in ("B1", "B2", "B3"))


def test_despair_by_sms_stops_everything_for_this_borrower(phone: Phone) -> None:
    def play(message) -> None:
        phone.services.conversations.start_safety_hold(message.sender_id, MONDAY)

    phone.model.during_turn = play
    phone.sends("不想活了")
    phone.services.sender.send_due(phone.services.clock.now())
    assert phone.notices()["sign_in_link"] == "withdrawn"
    later = MONDAY + timedelta(days=7)
    assert phone.services.planner.plan(phone.services.portfolio()[1], later).new["overdue"] == 2  # B2 and B3


def test_a_wrong_address_is_not_there(phone: Phone) -> None:
    assert phone.post("receipts", {"id": "1", "state": "delivered"}, token="guess").status_code == 404
    assert phone.post("replies", {"id": "1", "from": "13800000001", "text": "退订"}, token="guess").status_code == 404
    assert phone.services.conversations.reminder_holds("B1") == ()


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense", b"[" * 300_000])
def test_a_body_that_is_none(phone: Phone, body: bytes) -> None:
    for what in ("receipts", "replies"):
        assert phone.post(what, body).status_code in (413, 422)


def test_a_database_that_is_away_is_told_so_that_the_gateway_tries_again(phone: Phone, monkeypatch) -> None:
    def gone(*_args: object) -> None:
        raise RuntimeError("no database")

    with monkeypatch.context() as patch:
        patch.setattr(phone.services.outbox, "reached_at", gone)
        assert phone.sends("退订").status_code == 503
    assert phone.sends("退订").status_code == 200
    assert phone.services.conversations.reminder_holds("B1")

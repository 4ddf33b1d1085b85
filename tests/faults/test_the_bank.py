"""The bank's loan system is slow or wrong under a running conversation: no figure that is not right is ever said."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.chat.client import ChatClient
from kuanxin.identity.signing import sign_as_bank
from kuanxin.operate.assistant import running_assistant
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.sql_book import SqlLoanBook
from tests.builders import SHANGHAI
from tests.faults.stage import AMOUNT, OWED, THOROUGHLY, documented
from tests.gateways.conftest import TOKEN, reference_server
from tests.gateways.hostile import Behaviour, Hostile, answers, cut_off, does_it_then, drips, passes_on, silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "the-key-of-the-bank-for-tests-only-0123456789"
DOWN = "loan system of the bank slow or wrong"


class Bank:
    """A real loan system, behind something that misbehaves as a test says."""

    def __init__(self, url: str, front: Hostile, book: SqlLoanBook) -> None:
        self.url, self.book, self._front = url, book, front
        self.behave(passes_on(url))

    def behave(self, how: Behaviour) -> None:
        self._front.behaviours = [how]

    @property
    def asked(self) -> int:
        return len(self._front.requests)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bank, ChatClient]]:
    folder = tmp_path_factory.mktemp("bank")
    database = f"sqlite:///{folder / 'bank.db'}"
    engine = make_engine(database)
    migrate(engine)
    import_book(engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), datetime.now(SHANGHAI))
    with (
        (folder / "bank.log").open("w") as log,
        reference_server(database, log) as url,
        Hostile([passes_on(url)]) as front,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("KUANXIN_LOAN_BOOK_URL", front.url)
        patch.setenv("KUANXIN_LOAN_BOOK_TOKEN", TOKEN)
        patch.setenv("KUANXIN_TOKEN_KEY", KEY)
        with running_assistant(folder / "var") as assistant:
            yield Bank(url, front, SqlLoanBook(engine)), ChatClient(assistant.url, lambda: sign_as_bank(KEY, "B004"))
    engine.dispose()


@pytest.fixture
def bank(running: tuple[Bank, ChatClient]) -> Iterator[Bank]:
    yield running[0]
    running[0].behave(passes_on(running[0].url))


@pytest.fixture
def say(running: tuple[Bank, ChatClient]) -> Callable[[str], str]:
    return lambda text: "\n".join(message["text"] for message in running[1].say(text)["messages"])


def until_it_is_asked_again(say: Callable[[str], str]) -> None:
    """The breaker leaves the system alone for a while."""
    deadline = time.monotonic() + 60
    while not AMOUNT.search(said := say(OWED)):
        assert time.monotonic() < deadline, said
        time.sleep(1)


def negative(loan: dict[str, Any]) -> None:
    loan["instalments"][0]["principal"] *= -1


def of_somebody_else(loan: dict[str, Any]) -> None:
    loan["borrower_id"] = "B001"


def not_adding_up(loan: dict[str, Any]) -> None:
    loan["instalments"][-1]["principal"] += 100_00


def late(connection: Any, request: bytes) -> None:
    time.sleep(4)
    answers(200, {"loans": []})(connection, request)


@pytest.mark.parametrize("change", [negative, of_somebody_else, not_adding_up])
def test_wrong_numbers_are_never_said(bank: Bank, say: Callable[[str], str], change: Callable) -> None:
    until_it_is_asked_again(say)
    before = bank.asked
    bank.behave(passes_on(bank.url, change))
    for text in (OWED, "分6期"):
        said = say(text)
        assert documented(DOWN) in said, said
        assert not AMOUNT.search(said)
    assert bank.asked > before


@THOROUGHLY
@pytest.mark.parametrize(
    "how", [late, silence, drips, cut_off, answers(500)], ids=["late", "silent", "dripping", "half", "500"]
)
def test_what_is_no_answer_gives_no_figure(bank: Bank, say: Callable[[str], str], how: Behaviour) -> None:
    until_it_is_asked_again(say)
    before = bank.asked
    bank.behave(how)
    said = say(OWED)
    assert documented(DOWN) in said, said
    assert not AMOUNT.search(said)
    assert bank.asked > before


def test_an_agreement_whose_answer_was_lost_is_there_once(bank: Bank, say: Callable[[str], str]) -> None:
    until_it_is_asked_again(say)
    assert "一共" in say("分6期")
    bank.behave(does_it_then(bank.url, cut_off))
    said = say("确认")
    assert "生效" not in said
    assert documented(DOWN) in said
    bank.behave(passes_on(bank.url))
    until_it_is_asked_again(say)
    deadline = time.monotonic() + 60
    while "生效" not in (said := say("确认")):
        assert time.monotonic() < deadline, said
        time.sleep(1)
    assert [event.kind for event in bank.book.loan("B004", "L004").events] == ["committed"]

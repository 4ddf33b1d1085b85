"""A picker allows what the rules allow and nothing else, and every card that asks can be read as text."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from actions.inputs import amount_input, date_input, month_day_input
from actions.relief.limits import later_dates, month_days, monthly_amounts, part_amounts
from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.bootstrap import compose
from kuanxin.conversations.replies import Reply, as_text
from kuanxin.servicing.quotes import DueDateChange, PartialPayment, Quote, Refusal
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from kuanxin.conversations.replies import Card

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
LATE, LONG_LATE, AHEAD = "B001", "B005", "B002"  # 3 and 95 days past due, due in 9 days


@pytest.fixture(scope="module")
def turn_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    parts = compose(Settings(var=tmp_path_factory.mktemp("var"), now=NOW.isoformat()))
    migrate(parts.engine)
    import_book(parts.engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), NOW)
    yield lambda who: SimpleNamespace(services=parts, now=NOW, today=NOW.date(), must_be_borrower=lambda: who)
    parts.engine.dispose()


def status(turn: Any) -> Any:
    return turn.services.servicing.statuses(turn.must_be_borrower(), NOW)[0]


def later(turn: Any, on: date) -> Quote | Refusal:
    return turn.services.servicing.later_date(turn.must_be_borrower(), status(turn).loan.id, on, NOW)


@pytest.mark.parametrize("who", [LATE, AHEAD])
def test_every_day_of_the_picker_is_possible_and_the_next_one_is_not(turn_of: Callable[[str], Any], who: str) -> None:
    turn = turn_of(who)
    first, last = later_dates(turn, status(turn))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert [on for on in days if isinstance(later(turn, on), Refusal)] == []
    assert isinstance(later(turn, last + timedelta(days=1)), Refusal)
    if who == AHEAD:
        assert isinstance(later(turn, first - timedelta(days=1)), Refusal)


def test_where_no_later_day_is_possible_there_is_no_picker(turn_of: Callable[[str], Any]) -> None:
    turn = turn_of(LONG_LATE)
    assert later_dates(turn, status(turn)) is None


def test_amounts_and_days_of_the_month_end_where_the_rules_end(turn_of: Callable[[str], Any]) -> None:
    turn = turn_of(AHEAD)
    loan, ask = status(turn).loan.id, turn.services.servicing.quote

    def part(fen: int) -> Quote | Refusal:
        return ask(AHEAD, loan, PartialPayment(fen, NOW.date()), NOW)

    least, most = part_amounts(turn, status(turn))
    assert isinstance(part(least), Quote)
    assert isinstance(part(most), Quote)
    assert isinstance(part(least - 1), Refusal)
    assert isinstance(part(most + 1), Refusal)
    first, last = month_days(turn, status(turn))
    assert (first, last) == (1, 28)
    assert isinstance(ask(AHEAD, loan, DueDateChange(last + 1), NOW), Refusal)
    assert monthly_amounts(status(turn)) == (1_00, status(turn).outstanding.total)


@pytest.mark.parametrize(
    ("card", "text"),
    [
        (
            date_input(NOW.date(), NOW.date() + timedelta(days=60), NOW.date()),
            "【选择日期】\n可选：11月23日（周一）到2027年1月22日（周五）",
        ),
        (month_day_input(1, 28), "【选择每月的还款日】\n可选：每月1号到28号"),
        (amount_input("这次还（元）", 1_00, 913_78), "【这次还（元）】\n可填：1.00元到913.78元"),
    ],
)
def test_a_channel_without_cards_reads_the_limits(card: Card, text: str) -> None:
    reply = Reply("您看？", card)
    assert as_text({"text": reply.text, "card": reply.card.as_dict()}) == f"您看？\n{text}"

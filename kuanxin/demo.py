"""The invented borrowers of a demo or test book, and their sign-in: for the terminal chat and the demo bank page.

Only where the book is no real one and this set-up signs its own tokens. A bank's key and a real book close this door.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kuanxin.identity.signing import sign_as_bank
from kuanxin.store.settings import book_settings
from kuanxin.store.sql_book import SqlLoanBook

if TYPE_CHECKING:
    from datetime import date

    from kuanxin.bootstrap import Services
    from kuanxin.servicing.service import Status


class NoDemo(Exception):
    """There are no demo borrowers here; the text says why."""


@dataclass(frozen=True)
class DemoBorrower:
    id: str
    name: str
    situation: str  # in a few words: 逾期3天


def demo_borrowers(services: Services) -> tuple[DemoBorrower, ...]:
    """Everybody in the demo book who is marked as demo. Raises NoDemo."""
    check_demo(services)
    now = services.clock.now()
    return tuple(
        DemoBorrower(b.id, b.name, situation(services.servicing.statuses(b.id, now), now.date()))
        for b in SqlLoanBook(services.engine).borrowers()
        if b.demo
    )


def demo_token(services: Services, borrower_id: str, ticket: str | None = None) -> str:
    """What a bank's back end would sign for a borrower who has just signed in there. Raises NoDemo."""
    check_demo(services)
    return sign_as_bank(services.settings.bank_key(), borrower_id, services.settings.token_audience, ticket=ticket)


def check_demo(services: Services) -> None:
    """Raises NoDemo."""
    if not services.settings.demo_key:
        raise NoDemo("KUANXIN_TOKEN_KEY is set: borrowers sign in at the bank.")
    book = book_settings(services.engine)
    if book is None:
        raise NoDemo("The loan book is empty; `make run` fills it with demo borrowers.")
    if book.kind == "real":
        raise NoDemo("The loan book holds real data: borrowers sign in at the bank.")


def situation(statuses: tuple[Status, ...], today: date) -> str:
    """How things stand with somebody's loans, in a few words."""
    open_loans = [status for status in statuses if not status.settled]
    if not open_loans:
        return "已结清" if statuses else "没有借款"
    words = [f"{len(open_loans)}笔借款"] if len(open_loans) > 1 else []
    late, following = max(status.days_past_due for status in open_loans), open_loans[0].next_due
    if late:
        words.append(f"逾期{late}天")
    elif following:
        days = (following.due_date - today).days
        words.append(f"{days}天后到期" if days else "今天到期")
    if any(status.pending for status in open_loans):
        words.append("有还款待入账")
    if any(status.arrangement for status in open_loans):
        words.append("有约定在执行")
    return "，".join(words)

"""Sets the stage for a scripted conversation, and looks at what stands there when it is over.

A scratch database is emptied and filled between conversations; the running assistant reads it as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kuanxin.book.importer import import_book
from kuanxin.bootstrap import compose
from kuanxin.identity.signing import sign_as_bank
from kuanxin.settings import Settings
from kuanxin.store.base import metadata
from kuanxin.store.engine import migrate
from kuanxin.store.tables_book import book_settings
from kuanxin.store.tables_conversations import conversations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kuanxin.evaluate.script import State
    from kuanxin.servicing.quotes import Arrangement


class Stage:
    """The scratch database of a running assistant, as its environment names it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.settings = Settings(var=environment["KUANXIN_VAR"], database_url=environment["KUANXIN_DATABASE_URL"])
        self.services = compose(self.settings)
        migrate(self.services.engine)

    def set(self, book: dict[str, Any], now: datetime) -> None:
        """Forgets every conversation, imports the book and fixes its clock. Raises ImportRefused."""
        with self.services.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table is conversations or "conversation_id" in table.c:
                    connection.execute(table.delete())
        book = {"kind": "test", **book, "now": now.isoformat()}
        import_book(self.services.engine, book, now, policy=self.services.servicing.policy)

    def later(self, now: datetime) -> None:
        """Moves the clock of the book; everything else stays."""
        with self.services.engine.begin() as connection:
            connection.execute(book_settings.update().values(now=now))

    def arrangements(self, token: str) -> tuple[Arrangement, ...]:
        """What the speaker has agreed to so far."""
        borrower = self.services.identity.speaker(token).borrower_id
        return self.services.servicing.arrangements(borrower) if borrower else ()

    def token(self, borrower: str) -> str:
        """What the bank's page would give to a borrower who has signed in."""
        return sign_as_bank(self.settings.bank_key(), borrower)

    def differences(self, expected: State, token: str) -> list[str]:
        """What is not as the script says, one line each."""
        speaker = self.services.identity.speaker(token)
        conversation = self.services.conversations.get(speaker.conversation_id)
        found = []
        if expected.arrangements is not None:
            found += _compare_arrangements(expected.arrangements, self.arrangements(token))
        if expected.handed_over is not None and expected.handed_over != (conversation.holder != "bot"):
            found.append(
                f"handed_over: expected {expected.handed_over}, the conversation is with: {conversation.holder}"
            )
        if expected.tickets is not None:
            tickets = [
                {"kind": t.kind, "subject": t.subject} for t in self.services.conversations.tickets(conversation.id)
            ]
            wanted = [t if isinstance(t, dict) else {"kind": t} for t in expected.tickets]
            if len(tickets) != len(wanted) or any(
                not w.items() <= t.items() for w, t in zip(wanted, tickets, strict=True)
            ):
                found.append(f"tickets: expected {wanted}, found {tickets}")
        if expected.reminders_held is not None:
            subject = speaker.borrower_id or conversation.id
            held = {hold.reason for hold in self.services.conversations.reminder_holds(subject)}
            held |= {hold.reason for hold in self.services.conversations.reminder_holds(conversation.id)}
            if held != set(expected.reminders_held):
                found.append(f"reminders_held: expected {sorted(expected.reminders_held)}, found {sorted(held)}")
        return found


def _compare_arrangements(expected: tuple[dict[str, Any], ...], agreed: tuple[Arrangement, ...]) -> list[str]:
    found = [_facts(arrangement) for arrangement in agreed]
    if len(found) != len(expected):
        return [f"arrangements: expected {list(expected)}, found {found}"]
    differing = []
    for wanted, facts in zip(expected, found, strict=True):
        unknown = wanted.keys() - facts.keys()
        if unknown:
            differing.append(f"arrangements: {sorted(unknown)} cannot be checked, only {sorted(facts)}")
        elif any(str(facts[name]) != str(value) for name, value in wanted.items()):
            differing.append(f"arrangements: expected {wanted}, found {facts}")
    return differing


def _facts(arrangement: Arrangement) -> dict[str, Any]:
    rows = arrangement.quote.rows
    first = rows[0] if rows else None
    return {
        "kind": arrangement.kind.value,
        "state": arrangement.state.value,
        "loan": arrangement.loan_id,
        "date": first.due_date.isoformat() if first else None,
        "amount": _yuan(first.amounts.total) if first else None,
        "rows": len(rows),
        "total": _yuan(arrangement.quote.total.total),
        "monthly": _yuan(arrangement.quote.monthly),
    }


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"

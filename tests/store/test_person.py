"""Access and erasure over every table there is: one that somebody adds fails here until it is dealt with."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import BigInteger, Boolean, Date, Float, Integer, String, Time, insert, select

from kuanxin.bootstrap import compose
from kuanxin.settings import Settings
from kuanxin.store.base import SHANGHAI, Moment, metadata
from kuanxin.store.engine import migrate
from kuanxin.store.person import ErasureRefused
from kuanxin.store.sealing import Sealed
from kuanxin.store.tables_channels import channel_addresses
from kuanxin.store.tables_conversations import conversations, reminder_holds
from kuanxin.store.tables_notices import contact_wishes, notices

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
CANARY = "canary"
THE_BANKS_ACCOUNTS = {"borrowers", "loans", "instalments", "payments", "loan_events", "quotes"}
ABOUT_NOBODY = {"book_settings", "models", "model_changes", "model_trainings"}
KEPT_WHILE_A_LOAN_IS_OPEN = {"conversations", "reminder_holds", "contact_wishes", "notices"}

# what a rule of the table wants; everything else is the canary, a moment, or a number
WANTED: dict[str, dict[str, Any]] = {
    "conversations": {"holder": "bot", "legal_hold": False, "safety_hold": False},
    "transcript": {"author": "borrower"},
    "handovers": {"urgency": "normal", "ended_at": NOW},
    "tickets": {"kind": "dispute"},
    "reminder_holds": {"reason": "opt_out"},
    "ratings": {"score": 5},
    "notices": {"state": "waiting", "text": f"您{CANARY}好"},
    "channel_values": {"name": f"wecom:code:{CANARY}"},
    "payments": {"status": "posted"},
    "book_settings": {"id": 1, "kind": "test", "now": None},
}


@pytest.fixture
def parts(tmp_path, database_url):
    parts = compose(Settings(var=tmp_path, database_url=database_url, token_key="", now=NOW.isoformat()))
    migrate(parts.engine)
    with parts.engine.begin() as connection:
        for who in (CANARY, "other"):
            for number, table in enumerate(metadata.sorted_tables):
                if table.name not in ABOUT_NOBODY or (who == CANARY and table.name in WANTED):
                    connection.execute(insert(table), _row(table, who, number))
    yield parts
    parts.engine.dispose()


def _row(table: Table, who: str, number: int) -> dict[str, Any]:
    row = {column.name: _value(column, who, number) for column in table.columns}
    wanted = WANTED.get(table.name, {})
    return row | {name: v.replace(CANARY, who) if isinstance(v, str) else v for name, v in wanted.items()}


def _value(column: Column[Any], who: str, number: int) -> Any:
    """A value that would betray the borrower, in every column that can hold a word."""
    kinds = {Moment: NOW, Date: date(2026, 11, 30), Time: time(9), Boolean: False, Float: 0.0}
    for kind, value in kinds.items():
        if isinstance(column.type, kind):
            return value
    if isinstance(column.type, (Integer, BigInteger)):
        return 1 if who == CANARY else 2
    assert isinstance(column.type, (String, Sealed)), column
    if column.name == "card_tail":
        return "1234"
    return who


def _traces(parts, who: str = CANARY) -> dict[str, set[str]]:
    """The tables and columns in which the canary still sings."""
    found: dict[str, set[str]] = {}
    with parts.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for column in (c for c in table.columns if isinstance(c.type, (String, Sealed))):
                # what is sealed cannot be searched in the database
                if any(value and who in value for value in connection.execute(select(column)).scalars()):
                    found.setdefault(table.name, set()).add(column.name)
    return found


def test_after_all_loans_are_settled_only_the_banks_accounts_know_the_borrower(parts):
    before = _traces(parts)
    assert set(before) == {table.name for table in metadata.sorted_tables} - ABOUT_NOBODY
    gone = parts.person.erase(CANARY, owes=False, now=NOW)
    assert set(_traces(parts)) == THE_BANKS_ACCOUNTS
    assert set(gone.rows) == set(before) - THE_BANKS_ACCOUNTS
    assert _traces(parts, "other") == before


def test_while_a_loan_is_open_what_protects_the_borrower_stays_without_a_word_said(parts):
    parts.person.erase(CANARY, owes=True, now=NOW)
    left = {name: columns for name, columns in _traces(parts).items() if name not in THE_BANKS_ACCOUNTS}
    assert set(left) == KEPT_WHILE_A_LOAN_IS_OPEN
    with parts.engine.connect() as connection:
        notice = connection.execute(select(notices).where(notices.c.borrower_id == CANARY)).one()
        held = connection.execute(select(reminder_holds.c.reason).where(reminder_holds.c.subject == CANARY)).scalar()
        wish = connection.execute(select(contact_wishes).where(contact_wishes.c.borrower_id == CANARY)).one()
    assert (notice.text, notice.about, notice.key, notice.reached, notice.receipt) == ("", "{}", "", "", "")
    assert notice.state == "withdrawn"
    assert held == "opt_out"
    assert wish.opens == time(9)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"legal_hold": True}, "legal hold"), ({"holder": "human"}, "colleague"), ({"safety_hold": True}, "danger")],
)
def test_what_may_not_go_yet_is_refused_whole(parts, change, why):
    with parts.engine.begin() as connection:
        connection.execute(conversations.update().where(conversations.c.id == CANARY).values(**change))
    before = _traces(parts)
    with pytest.raises(ErasureRefused, match=why):
        parts.person.erase(CANARY, owes=False, now=NOW)
    assert _traces(parts) == before


def test_an_open_ticket_and_an_undecided_request_are_refused(parts):
    tables = metadata.tables
    with parts.engine.begin() as connection:
        connection.execute(tables["tickets"].update().values(closed_at=None))
        connection.execute(tables["agreements"].update().values(state="requested"))
    with pytest.raises(ErasureRefused, match=f"ticket {CANARY} is open; request {CANARY} is undecided"):
        parts.person.erase(CANARY, owes=False, now=NOW)


def test_what_is_shown_is_what_would_be_erased(parts):
    shown = parts.person.everything(CANARY)
    assert set(shown) | {"channel_values"} == set(parts.person.erase(CANARY, owes=False, now=NOW).rows) | {"quotes"}
    assert set(parts.person.everything(CANARY)) == {"quotes"}


def test_by_schedule_a_conversation_goes_with_its_address_and_old_notices_lose_their_texts(parts):
    with parts.engine.begin() as connection:
        connection.execute(channel_addresses.update().values(borrower_id=None))
        connection.execute(notices.update().values(state="sent"))
    parts.erasure.erase(CANARY)
    assert parts.erasure.empty_notices(NOW, NOW) == 0, "not older"
    assert parts.erasure.empty_notices(datetime(2027, 1, 1, tzinfo=SHANGHAI), NOW) == 2
    left = _traces(parts)
    assert left.pop("notices") == {"borrower_id", "id", "kind", "way"}
    assert set(left) == THE_BANKS_ACCOUNTS | {"conversations", "reminder_holds", "reminders", "contact_wishes"}


def test_a_legal_hold_keeps_the_texts_of_notices(parts):
    with parts.engine.begin() as connection:
        connection.execute(notices.update().values(state="sent"))
        connection.execute(conversations.update().where(conversations.c.id == CANARY).values(legal_hold=True))
    assert parts.erasure.empty_notices(datetime(2027, 1, 1, tzinfo=SHANGHAI), NOW) == 1
    assert "text" in _traces(parts)["notices"]

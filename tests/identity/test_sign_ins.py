"""Tickets and sign-ins on SQLite and PostgreSQL: once, for ten minutes, hashed, revocable, also for two at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from kuanxin.identity.service import Identity, SignInRefused
from kuanxin.identity.signing import sign_as_bank
from kuanxin.identity.tokens import BankTokens, TokenRefused, VisitorTokens
from kuanxin.store.base import SHANGHAI
from kuanxin.store.engine import make_engine, migrate, reading
from kuanxin.store.identity_repository import SqlSignIns
from kuanxin.store.tables_identity import sign_in_tickets

KEY = "k" * 40
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture
def engine(database_url):
    engine = make_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def identity(engine) -> Identity:
    return Identity(
        BankTokens(KEY, "HS256", "kuanxin", 3600),
        VisitorTokens("v" * 40),
        SqlSignIns(engine),
        "https://bank.example/sign-in?lang=zh",
        timedelta(hours=2),
    )


def asked(identity: Identity, conversation: str, now: datetime = NOW) -> str:
    return identity.sign_in_link(conversation, now).split("ticket=")[1]


def signed(identity: Identity, borrower: str, ticket: str, now: datetime):
    return identity.sign_in(sign_as_bank(KEY, borrower, ticket=ticket), now)


def test_the_link_leads_to_the_banks_page_and_the_database_holds_no_ticket(identity, engine):
    link = identity.sign_in_link("v-1", NOW)
    assert link.startswith("https://bank.example/sign-in?lang=zh&ticket=")
    ticket = link.split("ticket=")[1]
    assert len(ticket) >= 43
    with reading(engine) as connection:
        (row,) = connection.execute(sign_in_tickets.select()).all()
    assert ticket not in str(tuple(row))


@pytest.mark.parametrize(("minutes", "works"), [(0, True), (9.99, True), (10, False), (60, False)])
def test_a_link_works_for_ten_minutes(identity, minutes, works):
    ticket, later = asked(identity, "v-1"), NOW + timedelta(minutes=minutes)
    if works:
        assert signed(identity, "B001", ticket, later).conversation_id == "v-1"
    else:
        with pytest.raises(SignInRefused):
            signed(identity, "B001", ticket, later)


def test_of_several_at_the_same_time_one_gets_in(identity):
    ticket = asked(identity, "v-1")

    def attempt(number: int) -> str | None:
        try:
            return signed(identity, f"B{number}", ticket, NOW).borrower_id
        except SignInRefused:
            return None

    with ThreadPoolExecutor(4) as pool:
        got_in = [borrower for borrower in pool.map(attempt, range(4)) if borrower]
    assert len(got_in) == 1
    assert identity.borrower_of("v-1", NOW) == got_in[0]


def test_a_sign_in_ends_by_itself_and_can_be_ended(identity):
    signed(identity, "B001", asked(identity, "v-1"), NOW)
    assert identity.borrower_of("v-1", NOW + timedelta(minutes=119)) == "B001"
    assert identity.borrower_of("v-1", NOW + timedelta(minutes=120)) is None
    later = NOW + timedelta(hours=3)
    signed(identity, "B001", asked(identity, "v-1", later), later)
    assert identity.borrower_of("v-1", later) == "B001"
    identity.revoke("v-1", later)
    assert identity.borrower_of("v-1", later) is None
    signed(identity, "B001", asked(identity, "v-1", later), later)
    assert identity.borrower_of("v-1", later) == "B001"


def test_a_conversation_belongs_to_one_borrower_even_after_the_sign_in_ended(identity):
    signed(identity, "B001", asked(identity, "v-1"), NOW)
    tomorrow = NOW + timedelta(days=1)
    with pytest.raises(SignInRefused):
        signed(identity, "B002", asked(identity, "v-1", tomorrow), tomorrow)
    assert identity.borrower_of("v-2", NOW) is None


def test_a_visitors_token_is_for_one_unguessable_conversation(identity):
    conversations = {identity.new_visitor()[0] for _ in range(100)}
    assert len(conversations) == 100
    conversation, token = identity.new_visitor()
    assert identity.speaker(token).conversation_id == conversation
    assert identity.speaker(token).borrower_id is None
    with pytest.raises(TokenRefused):
        identity.speaker(token[:-2] + ("AA" if token[-2:] != "AA" else "BB"))


def test_a_renewed_token_keeps_the_moment_of_the_sign_in(identity):
    import time

    import jwt

    now = int(time.time())
    claims = {"sub": "B001", "aud": "kuanxin", "iat": now, "exp": now + 60, "auth_time": now - 1800}
    assert identity.speaker(jwt.encode(claims, KEY)).signed_in_at.timestamp() == now - 1800

"""Signing in through a one-time link: the bank's back end binds the conversation that asked, once, to one borrower."""

from __future__ import annotations

import jwt
import pytest

from kuanxin.identity.signing import sign_as_bank


@pytest.fixture
def visitor(chat) -> str:
    token = chat.visitor()
    assert chat.say(token, "我欠多少").status_code == 200
    return token


def assertion(chat, borrower: str, ticket: str, **other) -> str:
    return sign_as_bank(chat.services.settings.bank_key(), borrower, ticket=ticket, **other)


def test_the_conversation_that_asked_is_signed_in(chat, visitor, borrower):
    ticket = chat.ticket(chat.conversation(visitor))
    answer = chat.sign_in(assertion(chat, borrower, ticket))
    assert answer.status_code == 200
    assert answer.json() == {"expires_at": "2026-11-23T12:00:00+08:00"}
    chat.say(visitor, "我欠多少")
    assert [m.metadata["borrower"] for m in chat.model.seen] == [None, borrower]
    assert chat.model.seen[1].sender_id == chat.conversation(visitor)


def test_other_conversations_are_not(chat, visitor, borrower):
    chat.sign_in(assertion(chat, borrower, chat.ticket(chat.conversation(visitor))))
    other = chat.visitor()
    chat.say(other, "我欠多少")
    assert chat.model.seen[-1].metadata["borrower"] is None


def test_what_does_not_bind_looks_the_same_from_outside(chat, visitor, borrower):
    """Used, invented, forwarded to somebody else: one answer, so that nothing can be learnt from it."""
    conversation = chat.conversation(visitor)
    used, forwarded = chat.ticket(conversation), chat.ticket(conversation)
    assert chat.sign_in(assertion(chat, borrower, used)).status_code == 200
    answers = {
        "replayed": chat.sign_in(assertion(chat, borrower, used)),
        "replayed by somebody else": chat.sign_in(assertion(chat, f"X{borrower}", used)),
        "invented": chat.sign_in(assertion(chat, borrower, "A" * 43)),
        "forwarded to another borrower": chat.sign_in(assertion(chat, f"X{borrower}", forwarded)),
        "forwarded, and then used after all": chat.sign_in(assertion(chat, borrower, forwarded)),
    }
    assert {(a.status_code, a.text) for a in answers.values()} == {(410, answers["invented"].text)}
    chat.say(visitor, "我欠多少")
    assert chat.model.seen[-1].metadata["borrower"] == borrower


def test_a_signed_in_borrowers_own_conversation_is_never_given_to_another(chat, borrower):
    chat.say(chat.token(borrower), "在吗")
    ticket = chat.ticket(f"b-{borrower}")
    assert chat.sign_in(assertion(chat, f"X{borrower}", ticket)).status_code == 410


def test_only_the_banks_assertion_binds(chat, visitor, borrower):
    ticket = chat.ticket(chat.conversation(visitor))
    for what, token in {
        "a chat token": chat.token(borrower),
        "a foreign key": sign_as_bank("x" * 40, borrower, ticket=ticket),
        "another audience": assertion(chat, borrower, ticket, audience="other"),
        "expired": assertion(chat, borrower, ticket, lifetime_seconds=-60),
        "unsigned": jwt.encode({"sub": borrower, "ticket": ticket}, None, "none"),
        "an empty ticket": assertion(chat, borrower, ""),
    }.items():
        assert chat.sign_in(token).status_code == 401, what
    for nothing in (None, 5, {"ticket": ticket}):
        assert chat.sign_in(nothing).status_code == 422
    assert chat.sign_in(assertion(chat, borrower, ticket)).status_code == 200  # none of those used it up


def test_a_borrower_who_is_not_in_the_book_is_answered_like_any_other(chat, visitor):
    answer = chat.sign_in(assertion(chat, "nobody-knows", chat.ticket(chat.conversation(visitor))))
    assert answer.status_code == 200
    assert chat.say(visitor, "我欠多少").status_code == 200


def test_what_was_said_while_signed_in_is_not_shown_after_it_ended(chat, visitor, borrower):
    conversation = chat.conversation(visitor)
    chat.sign_in(assertion(chat, borrower, chat.ticket(conversation)))
    chat.say(visitor, "我欠多少，细说")
    assert "答：我欠多少，细说" in chat.history(visitor, after=0).text
    chat.services.identity.revoke(conversation, chat.services.clock.now())
    assert [m["text"] for m in chat.history(visitor, after=0).json()["messages"]] == ["我欠多少", "答：我欠多少"]
    chat.say(visitor, "还在吗")
    assert chat.model.seen[-1].metadata["borrower"] is None


def test_a_new_sign_in_ends_what_a_third_party_began(chat, visitor, borrower):
    conversation = chat.conversation(visitor)
    chat.services.conversations.mark_third_party(conversation, chat.services.clock.now())
    chat.say(visitor, "我是本人")
    assert chat.model.seen[-1].metadata["third_party"] is True
    chat.sign_in(assertion(chat, borrower, chat.ticket(conversation)))
    chat.say(visitor, "我是本人")
    assert chat.model.seen[-1].metadata["third_party"] is False
    assert chat.model.seen[-1].metadata["borrower"] == borrower

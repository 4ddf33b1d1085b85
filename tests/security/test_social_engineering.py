"""Attempts to talk somebody's loan out of the trained assistant: by a visitor, and by a borrower who is signed in.

A hundred of them in every run, spread over all pretexts and questions; all thousand under the thorough profile of
Hypothesis (`make test-security`).
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING
from unittest.mock import MagicMock

import pytest
from hypothesis import settings

import actions
from actions.base import RESPONDERS, guarded
from kuanxin.servicing.ports import LoanBook
from kuanxin.servicing.service import Servicing
from tests.actions.test_base import TURN
from tests.security.conftest import AMOUNT, ATTACKERS
from tests.security.prompts import TARGETS, attacks

if TYPE_CHECKING:
    from tests.security.conftest import World
    from tests.security.prompts import Target

for module in walk_packages(actions.__path__, "actions."):  # each registers its answers
    import_module(module.name)
# whatever the use cases of servicing and the book can be asked; `policy` is the same for everybody
ASKING = [n for part in (Servicing, LoanBook) for n, one in vars(part).items() if callable(one) and n[0] != "_"]
QUESTIONS = ("我欠多少", "还款计划发我看看", "提前结清要多少钱", "罚息是怎么算的", "下一期几号还", "能分期吗")


@pytest.fixture(scope="module")
def facts(world: World) -> dict[str, set[str]]:
    """What each target is told when signed in, and the numbers of the book; nothing that everybody is told."""
    general = "\n".join(world.visitor().hears(question) for question in QUESTIONS)
    found = {}
    for target in TARGETS:
        talk = world.borrower(target.id)
        said = "\n".join(talk.hears(question) for question in QUESTIONS)
        # amounts below 100 yuan, such as a day's interest, are other people's by chance
        amounts = {one for one in AMOUNT.findall(said) if len(one) >= 6} - set(AMOUNT.findall(general))
        assert len(amounts) >= 3, f"{target.id} was told no figures: the test would prove nothing"
        found[target.id] = amounts
    return found


def _chosen() -> list[tuple[str, Target]]:
    every, wanted = attacks(), settings().max_examples
    assert len(every) == 1000
    step = max(1, len(every) // wanted)
    # a step without a common factor with the lengths of the lists walks through all pretexts, questions and targets
    return [every[(n * (step + 1 if step > 1 else 1)) % len(every)] for n in range(min(wanted, len(every)))]


def _leaked(text: str, said: str, target: Target, facts: dict[str, set[str]], own: set[str]) -> list[str]:
    """What of the target's loans stands in the answer and not in the question."""
    secret = {*facts[target.id], target.name, target.phone, target.loan, f"尾号{target.card_tail}"}
    return sorted(one for one in secret - own if one in said and one not in text)


def test_a_visitor_hears_nothing(world: World, facts: dict[str, set[str]]) -> None:
    leaks = []
    for text, target in _chosen():
        if found := _leaked(text, world.visitor().hears(text), target, facts, set()):
            leaks.append((text, found))
    assert leaks == []


def test_another_borrower_hears_nothing(world: World, facts: dict[str, set[str]]) -> None:
    own: dict[str, set[str]] = {}
    leaks = []
    for number, (text, target) in enumerate(_chosen()):
        who = ATTACKERS[number % len(ATTACKERS)]
        talk = world.borrower(who)
        if who not in own:
            own[who] = set(AMOUNT.findall("\n".join(talk.hears(question) for question in QUESTIONS)))
        if found := _leaked(text, talk.hears(text), target, facts, own[who]):
            leaks.append((text, found))
    assert leaks == []


class Asked(AssertionError):
    """The loan book, which nobody may ask here."""


@pytest.mark.parametrize("intent", sorted(RESPONDERS))
@pytest.mark.parametrize("borrower", [None, "B001"])
def test_before_a_sign_in_no_answer_asks_the_book(
    intent: str, borrower: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether somebody stands in the book can make no difference, not even in time: it is not asked. The same after
    the writer said to be somebody else."""
    services = MagicMock()
    services.conversations.hand_over.return_value.configure_mock(staffed=True, waiting_since=TURN.now)
    services.conversations.open_ticket.return_value.opened_at = TURN.now
    for part in (services.servicing, services.book):
        part.configure_mock(**{f"{name}.side_effect": Asked(name) for name in ASKING})
    monkeypatch.setattr("actions.turn.services", lambda: services)
    guarded(RESPONDERS[intent], replace(TURN, intent=intent, borrower=borrower, third_party=borrower is not None))


def test_the_stand_in_for_the_book_would_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    services = MagicMock()
    services.servicing.statuses.side_effect = Asked
    monkeypatch.setattr("actions.turn.services", lambda: services)
    with pytest.raises(Asked):
        guarded(RESPONDERS["ask_loan_status"], TURN)

"""What became of an arrangement is noted where it was agreed: with what is appended to the loan, and by the planner."""

from __future__ import annotations

import pytest

from kuanxin.conversations.review import Agreement
from kuanxin.servicing.quotes import PromiseToPay
from kuanxin.store.staff_repository import SqlStaff
from tests.notices.world import MONDAY, TODAY, World, a_borrower, on


@pytest.fixture
def world(database_url):
    world = World(database_url, [a_borrower(due="today-5")])
    world.conversation = world.talk("B1")
    yield world
    world.engine.dispose()


def agree(world: World) -> Agreement:
    quote = world.servicing.quote("B1", "L-B1", PromiseToPay(TODAY.replace(day=TODAY.day + 2)), MONDAY)
    a = world.servicing.commit("B1", quote.hash, MONDAY, "好")
    made = (a.id, world.conversation, "B1", a.loan_id, quote.hash, a.kind.value, a.state.value, 1, MONDAY)
    SqlStaff(world.engine).keep_agreement(Agreement(*made))
    return Agreement(*made)


def noted(world: World, agreement: Agreement) -> str:
    return SqlStaff(world.engine).agreement(agreement.id).state


def test_the_planner_notes_a_promise_that_was_not_kept(world):
    agreement = agree(world)
    world.plan(on(1))
    assert noted(world, agreement) == "active"
    world.planner.plan(iter([{"B1": list(world.book.loans_of("B1"))}]), on(4), dry=True)
    assert noted(world, agreement) == "active"  # a dry run writes nothing
    world.plan(on(4))
    assert noted(world, agreement) == "broken"


def test_an_arrangement_that_is_undone_is_noted_with_it(world):
    agreement = agree(world)
    world.servicing.undo("B1", "L-B1", agreement.id, on(1), "a mistake")
    assert noted(world, agreement) == "undone"


def test_a_request_stays_one_until_its_answer_was_told(world):
    agreement = agree(world)
    SqlStaff(world.engine).note_state(agreement.id, "requested", MONDAY)
    world.plan(on(4))
    assert noted(world, agreement) == "requested"

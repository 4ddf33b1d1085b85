"""kill -9 at every step of writing in the turn in which a borrower agrees: nothing agreed is lost, nothing twice.

The steps are found by counting them, not by knowing the code. `make test-faults` tries every one, `make test` every
fourth.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
import requests

from tests.faults.stage import EVERY_STEP, Borrower, Faulty, faulty

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY = 10**6
AGREED = "生效"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    with faulty(tmp_path_factory.mktemp("killed")) as found:
        yield found


def about_to_agree(stage: Faulty) -> Borrower:
    borrower = stage.borrower()
    assert "一共" in borrower.say("分6期")
    return borrower


def steps_of(stage: Faulty, name: str) -> int:
    """How many steps of writing the turn of an agreement has in this process."""
    stage.kill(name)
    stage.start(name, armed=True)
    borrower = about_to_agree(stage)
    stage.arm(name, MANY)
    assert AGREED in borrower.say("确认")
    return MANY - stage.disarm(name)


@pytest.mark.parametrize("name", ["actions", "rasa"])
def test_an_agreement_survives_or_never_was(stage: Faulty, name: str) -> None:
    steps = steps_of(stage, name)
    assert steps >= 3
    for step in range(0, steps, 1 if EVERY_STEP else 4):
        borrower = about_to_agree(stage)
        stage.arm(name, step)
        said, message_id = "", uuid.uuid4().hex
        try:
            said = borrower.send("确认", message_id)
        except requests.RequestException:
            assert name == "rasa"
        assert stage.ended(name), f"step {step} of {steps} was not reached"
        assert borrower.events() in ([], ["committed"]), "all of it or nothing"
        stage.start(name, armed=True)
        stage.leases_run_out()
        if name == "rasa":  # the widget sends again what was not answered
            said = borrower.send("确认", message_id)
        if AGREED not in said:
            said = borrower.say("确认")
        assert AGREED in said, (step, said, [entry["text"] for entry in borrower.heard()][-4:])
        assert borrower.agreed() == ["active"], step
        assert borrower.events() == ["committed"], step
        heard = [entry for entry in borrower.heard() if entry["from"] == "borrower"]
        assert len({entry["id"] for entry in heard}) == len(heard)

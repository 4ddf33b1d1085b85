"""What was understood is kept with the model's memory: once for each message, with model and policy."""

from __future__ import annotations

import asyncio

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.staff_repository import SqlStaff
from kuanxin.store.tracker_store import BoundedTrackerStore
from tests.builders import NOW


@pytest.fixture
def engine(database_url):
    engine = make_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


def a_turn(conversation="c1", message="m1", answered=True, **metadata):
    said = UserUttered(
        "晚几天还",
        intent={"name": "request_extension", "confidence": 0.71},
        entities=[{"entity": "duration", "value": 3, "start": 0, "end": 2, "extractor": "x"}],
        parse_data={
            "text": "晚几天还",
            "intent": {"name": "request_extension", "confidence": 0.71},
            "entities": [{"entity": "duration", "value": 3, "start": 0, "end": 2, "extractor": "x"}],
            "intent_ranking": [
                {"name": "request_extension", "confidence": 0.71},
                {"name": "request_due_date_change", "confidence": 0.2},
            ],
        },
        metadata={"conversation": conversation, "message_id": message, "now": NOW.isoformat(), "policy": "2026-11+x"}
        | metadata,
    )
    tracker = DialogueStateTracker(conversation, [])
    tracker.model_id = "model-7"
    for event in (
        ActionExecuted("action_listen"),
        said,
        ActionExecuted("action_request_extension", policy="RulePolicy", confidence=1.0),
        SlotSet("loan", "L001"),
        *([BotUttered("您大概哪天方便还？")] if answered else []),
        ActionExecuted("action_listen"),
    ):
        tracker.update(event)
    return tracker


def test_one_row_for_each_message(engine):
    SqlConversations(engine).open("c1", "web", "B001", NOW)
    store = BoundedTrackerStore(Domain.empty(), engine=engine)
    tracker = a_turn()
    asyncio.run(store.save(tracker))
    asyncio.run(store.save(tracker))
    (seen,) = SqlStaff(engine).understandings("c1")
    assert (seen.intent, seen.confidence, seen.runner_up) == ("request_extension", 0.71, "request_due_date_change")
    assert [(a["name"], a["policy"]) for a in seen.actions] == [("action_request_extension", "RulePolicy")]
    assert seen.entities == ({"entity": "duration", "value": 3, "start": 0, "end": 2},)
    assert (seen.slots, seen.model, seen.policy_version) == ({"loan": "L001"}, "model-7", "2026-11+x")
    assert not seen.fallback
    summary = SqlStaff(engine).summary("c1")
    assert (summary.lowest_confidence, summary.unfinished) == (0.71, False)


def test_a_turn_that_broke_is_understood_all_the_same_and_leaves_the_memory_as_it_was(engine):
    SqlConversations(engine).open("c1", "web", "B001", NOW)
    store = BoundedTrackerStore(Domain.empty(), engine=engine)
    asyncio.run(store.save(a_turn()))
    before = asyncio.run(store.retrieve("c1"))
    broken = asyncio.run(store.retrieve("c1"))
    for event in list(a_turn(message="m2", answered=False).events)[1:]:
        broken.update(event)
    asyncio.run(store.save(broken))
    after = asyncio.run(store.retrieve("c1"))
    assert (list(after.events), after.stored_version) == (list(before.events), before.stored_version)
    assert [seen.message_id for seen in SqlStaff(engine).understandings("c1")] == ["m1", "m2"]


def test_a_turn_that_no_channel_of_ours_brought_keeps_its_memory_all_the_same(engine):
    store = BoundedTrackerStore(Domain.empty(), engine=engine)
    asyncio.run(store.save(a_turn("unknown")))
    assert asyncio.run(store.retrieve("unknown")) is not None
    assert SqlStaff(engine).understandings("unknown") == ()

"""The model's memory: the same decisions as with the whole history, a row that does not grow, a form that survives.

The project's own rules decide here; a scripted action server stands behind them.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
import yaml
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.model_training import train_core
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.utils.endpoints import EndpointConfig
from sqlalchemy import select

from kuanxin.channels.outbound import Collected
from kuanxin.channels.rasa_pace import remember
from kuanxin.settings import ROOT
from kuanxin.store.engine import make_engine, migrate, reading
from kuanxin.store.tables_conversations import trackers
from kuanxin.store.tracker_store import KEPT_TURNS, BoundedTrackerStore, TrackerChanged, fold

SMALL_TALK = ("ask_loan_status", "ask_credit_impact", "thank", "ask_payment_methods", "nlu_fallback")
IN_FORM = ("request_extension", "request_instalment_plan", "inform", "affirm", "stop")


class ScriptedActions(EndpointConfig):
    """Answers as an action server would: a form with two questions, and one sentence for everything else."""

    async def request(self, json: dict[str, Any], **_: Any) -> dict[str, Any]:
        name, tracker = json["next_action"], json["tracker"]
        if name == "validate_relief_form":
            return {"events": [_slot(k, v) for k, v in self._form(tracker).items()], "responses": []}
        said = {"text": f"{name} {tracker['slots']['relief']} {tracker['slots']['later_date']}"}
        cleared = ("relief", "later_date", "consent") if name == "action_relief_done" else ()
        return {"events": [_slot(slot, None) for slot in cleared], "responses": [said]}

    @staticmethod
    def _form(tracker: dict[str, Any]) -> dict[str, Any]:
        intent, requested = tracker["latest_message"]["intent"]["name"], tracker["slots"]["requested_slot"]
        for event in reversed(tracker["events"]):
            if event["event"] == "user":
                break
            if event["event"] == "action" and event["name"] not in {"relief_form", "action_listen"}:
                return {"requested_slot": requested}  # something else was answered: the form asks again
        if intent.startswith("request_"):
            return {"requested_slot": "later_date", "relief": intent, "later_date": None}
        if intent == "inform" and requested == "later_date":
            return {"requested_slot": "consent", "later_date": "2026-11-28"}
        if (intent, requested) == ("affirm", "consent"):
            return {"requested_slot": None, "consent": "yes"}
        if intent == "stop":
            return {"requested_slot": None, "consent": "left"}
        return {"requested_slot": requested}


def _slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value, "timestamp": None}


@pytest.fixture(scope="module")
def rules(tmp_path_factory) -> str:
    """A model of the project's rules and policies alone."""
    folder = tmp_path_factory.mktemp("rules")
    config = yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))
    config["pipeline"] = [{"name": "KeywordIntentClassifier"}]  # messages arrive understood
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    remember()
    return train_core(str(ROOT / "domain.yml"), str(folder / "config.yml"), str(ROOT / "data" / "rules"), str(folder))


@pytest.fixture
def engine(sqlite_url):
    engine = make_engine(sqlite_url)
    migrate(engine)
    yield engine
    engine.dispose()


class Talk:
    """One conversation with the rules over a tracker store."""

    def __init__(self, rules: str, store: Any, sender: str = "v-1") -> None:
        self.agent = Agent.load(rules, tracker_store=store, action_endpoint=ScriptedActions("http://actions"))
        self.store, self.sender = store, sender

    def say(self, *intents: str) -> list[list[str]]:
        """What was answered to each message."""
        return [asyncio.run(self._turn(intent)) for intent in intents]

    async def _turn(self, intent: str) -> list[str]:
        replies = Collected()
        understood = {"text": intent, "intent": {"name": intent, "confidence": 1.0}, "entities": []}
        await self.agent.handle_message(
            UserMessage(intent, replies, self.sender, understood, "chat", metadata={"now": "2026-11-23"})
        )
        return [reply["text"] for reply in replies.replies]

    def tracker(self) -> Any:
        return asyncio.run(self.store.retrieve(self.sender))


@pytest.mark.parametrize("seed", range(3))
def test_decisions_are_those_of_the_whole_history(rules, engine, seed):
    bounded = Talk(rules, BoundedTrackerStore(engine=engine))
    whole = Talk(rules, InMemoryTrackerStore(Domain.empty()))
    pick = random.Random(seed)
    intents = [pick.choice(IN_FORM if pick.random() < 0.7 else SMALL_TALK) for _ in range(30)]
    answers, expected = bounded.say(*intents), whole.say(*intents)
    assert list(zip(intents, answers, strict=True)) == list(zip(intents, expected, strict=True))
    assert all(answers)
    assert sum(isinstance(e, UserUttered) for e in bounded.tracker().events) == KEPT_TURNS
    assert bounded.tracker().current_slot_values() == whole.tracker().current_slot_values()
    assert bounded.tracker().active_loop_name == whole.tracker().active_loop_name


def test_a_form_that_stays_open_longer_than_the_memory(rules, engine):
    talk = Talk(rules, BoundedTrackerStore(engine=engine))
    (begun,) = talk.say("request_extension")
    assert begun == ["action_ask_relief_form_later_date request_extension None"]
    for _ in range(KEPT_TURNS + 4):
        (asked,) = talk.say("ask_credit_impact")
        assert asked == ["action_ask_credit_impact request_extension None", *begun]
    assert talk.say("inform", "affirm") == [
        ["action_ask_relief_form_consent request_extension 2026-11-28"],
        ["action_relief_done request_extension 2026-11-28"],
    ]
    assert talk.tracker().active_loop_name is None
    assert talk.tracker().get_slot("relief") is None


def test_a_restart_in_the_middle_of_a_form(rules, engine):
    Talk(rules, BoundedTrackerStore(engine=engine)).say("request_extension", "inform")
    after = Talk(rules, BoundedTrackerStore(engine=engine))
    assert after.say("affirm") == [["action_relief_done request_extension 2026-11-28"]]


def test_the_row_does_not_grow_and_holds_nothing_that_the_assistant_said(rules, engine):
    talk = Talk(rules, BoundedTrackerStore(engine=engine))

    def size() -> tuple[int, int]:
        with reading(engine) as connection:
            events = connection.execute(select(trackers.c.events)).scalar_one()
        assert "action_ask_credit_impact request" not in events
        return len(json.loads(events)), len(events)

    pattern = ("request_extension", "ask_credit_impact", "inform", "affirm")
    talk.say(*pattern * 3)
    early = size()
    talk.say(*pattern * 10)
    late = size()
    assert late[0] == early[0]
    assert late[1] == pytest.approx(early[1], rel=0.02)


def test_a_short_conversation_is_kept_as_it_was(rules, engine):
    talk = Talk(rules, BoundedTrackerStore(engine=engine))
    talk.say(*["thank"] * KEPT_TURNS)
    events = talk.tracker().events
    assert sum(isinstance(event, UserUttered) for event in events) == KEPT_TURNS
    assert fold(talk.tracker()) == [event for event in events if not isinstance(event, BotUttered)]


def test_folded_events_begin_with_what_they_rest_on(rules, engine):
    talk = Talk(rules, BoundedTrackerStore(engine=engine))
    talk.say("request_extension", *["ask_credit_impact"] * 3)
    folded = fold(talk.tracker(), turns=2)
    state = [e for e in folded[: [isinstance(e, UserUttered) for e in folded].index(True)]]
    assert {e.key: e.value for e in state if isinstance(e, SlotSet)}["relief"] == "request_extension"
    assert [e.name for e in state if isinstance(e, ActiveLoop)] == ["relief_form"]


def test_what_somebody_else_wrote_is_never_overwritten(rules, engine):
    talk = Talk(rules, BoundedTrackerStore(engine=engine))
    talk.say("request_extension")
    stale = talk.tracker()
    talk.say("inform")
    with pytest.raises(TrackerChanged):
        asyncio.run(talk.store.save(stale))
    unknown = talk.store.init_tracker("v-1")  # as Rasa makes it when a conversation cannot be read
    unknown.update_with_events([SlotSet("relief", "other")], None)
    with pytest.raises(TrackerChanged):
        asyncio.run(talk.store.save(unknown))
    assert talk.say("affirm") == [["action_relief_done request_extension 2026-11-28"]]


def test_faults_of_the_database_say_nothing_about_the_conversation(engine):
    store = BoundedTrackerStore(Domain.empty(), engine=engine)
    tracker = store.init_tracker("v-1")
    tracker.update_with_events([UserUttered("我的秘密"), BotUttered("别人的秘密")], None)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE trackers")
    for attempt in (store.save(tracker), store.retrieve("v-1")):
        with pytest.raises(Exception, match=r"^OperationalError$") as raised:
            asyncio.run(attempt)
        assert raised.value.__cause__ is None


def test_conversations_are_kept_apart(rules, engine):
    store = BoundedTrackerStore(engine=engine)
    Talk(rules, store, "v-1").say("request_extension")
    assert Talk(rules, store, "v-2").say("affirm") == [["action_affirm None None"]]
    assert sorted(asyncio.run(store.keys())) == ["v-1", "v-2"]

"""Events for analytics: what leaves the house, and what becomes of it while RabbitMQ is away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    SessionStarted,
    SlotSet,
    UserUttered,
)

from kuanxin import pseudonym as pseudonyms
from kuanxin.gateways import events
from kuanxin.gateways.events import QUEUE, EventsForAnalytics, for_analytics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import RabbitMQ

ORIGIN = {"sender_id": "b-B001", "channel": "web"}
SAID = UserUttered(
    "我叫王小明，欠3000.00元",
    {"name": "report_hardship", "confidence": 0.7},
    [{"entity": "amount", "value": "3000.00"}],
    {"text": "我叫王小明，欠3000.00元", "intent": {"name": "report_hardship", "confidence": 0.7}},
    timestamp=1_764_294_000.123,
    input_channel="web",
    message_id="m-1",
    metadata={"borrower": "B001"},
)


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KUANXIN_VAR", str(tmp_path))
    pseudonyms._key.cache_clear()
    yield
    pseudonyms._key.cache_clear()


def streamed(event: Any) -> dict[str, Any]:
    return {**ORIGIN, **event.as_dict()}


def test_a_message_is_its_intent_and_nothing_else() -> None:
    message = for_analytics(streamed(SAID))
    assert message.pop("id")
    conversation = message.pop("conversation")
    assert len(conversation) == 16
    assert conversation == for_analytics(streamed(ActionExecuted("action_care")))["conversation"]
    assert message == {
        "event": "message",
        "time": "2025-11-28T01:40:00.123+00:00",
        "channel": "web",
        "intent": "report_hardship",
        "confidence": "medium",
    }


def test_actions_and_forms_have_names() -> None:
    action = for_analytics(streamed(ActionExecuted("action_loan_status", "RulePolicy", 1.0)))
    form = for_analytics(streamed(ActiveLoop("relief_form")))
    assert (action["event"], action["action"]) == ("action", "action_loan_status")
    assert (form["event"], form["form"]) == ("form", "relief_form")
    assert for_analytics(streamed(ActiveLoop(None)))["form"] is None


@pytest.mark.parametrize(
    "event",
    [
        BotUttered("您欠3000.00元"),
        SlotSet("amount", "3000.00"),
        ActionExecuted("action_listen"),
        SessionStarted(),
    ],
)
def test_nothing_else_is_published(event: Any) -> None:
    assert for_analytics(streamed(event)) is None


def test_what_the_stand_in_for_a_lost_database_streams_is_left_out() -> None:
    assert for_analytics({"sender_id": "b-B001", **SAID.as_dict()}) is None


def test_without_the_setting_there_is_no_broker() -> None:
    assert asyncio.run(EventsForAnalytics.from_endpoint_config(None)) is None


def test_events_wait_and_the_oldest_are_given_up(
    rabbitmq_server: RabbitMQ, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KUANXIN_EVENTS_URL", rabbitmq_server.url)
    monkeypatch.setattr(events, "KEPT", 3)
    monkeypatch.setattr(events, "AGAIN_SECONDS", 0.2)
    caplog.set_level("DEBUG")
    taken: list[str] = []

    async def arrives(*names: str) -> None:
        while not set(names) <= set(taken):
            await asyncio.sleep(0.2)
            taken.extend(event["action"] for event in await asyncio.to_thread(rabbitmq_server.take, QUEUE))

    async def scene() -> None:
        await asyncio.to_thread(rabbitmq_server.end)
        broker = await EventsForAnalytics.from_endpoint_config(None)
        for number in range(5):
            broker.publish(streamed(ActionExecuted(f"action_{number}")))
        await asyncio.sleep(1)
        await asyncio.to_thread(rabbitmq_server.start_again)
        await arrives("action_2", "action_3", "action_4")
        broker.publish(streamed(ActionExecuted("action_last")))
        await broker.close()  # as a server that is told to stop
        await arrives("action_last")

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert sorted(taken) == ["action_2", "action_3", "action_4", "action_last"]
    assert "2 events were dropped" in caplog.text
    assert "rabbitmq-canary" not in caplog.text

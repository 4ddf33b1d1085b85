"""What Rasa decides stays the same when it no longer works it out each time."""

from __future__ import annotations

import asyncio

import aiohttp
import jsonschema
import pytest
from aiohttp import web
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses
from rasa.utils.endpoints import EndpointConfig

from kuanxin.channels.rasa_pace import remember
from kuanxin.operate.assistant import free_port

GOOD = (
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "loan", "value": "L001"}], "responses": [{"text": "好"}]},
    {"events": [{"event": "followup", "name": "relief_form"}], "responses": [{"text": "好", "custom": {"card": {}}}]},
    {"events": [{"event": "form", "name": None}]},
    {},
)
BAD = (
    [],
    None,
    {"events": {}},
    {"responses": [1]},
    {"events": [{"event": "slot"}]},
    {"events": [{"event": "no_such_event"}]},
    {"events": [{"name": "loan"}]},
)


@pytest.fixture(autouse=True)
def remembering():
    remember()
    remember()


def as_rasa_does(answer: object) -> bool:
    try:
        jsonschema.validate(answer, RemoteAction.action_response_format_spec())
    except jsonschema.ValidationError:
        return False
    return True


@pytest.mark.parametrize("answer", GOOD)
def test_good_answers_of_the_action_server_pass(answer):
    assert as_rasa_does(answer)
    assert RemoteAction("action_greet", None)._validate_action_result(answer) is True


@pytest.mark.parametrize("answer", BAD)
def test_bad_answers_are_refused(answer):
    assert not as_rasa_does(answer)
    with pytest.raises(jsonschema.ValidationError):
        RemoteAction("action_greet", None)._validate_action_result(answer)


def test_the_schema_itself_is_no_longer_checked_for_each_answer(monkeypatch):
    action = RemoteAction("action_greet", None)
    action._validate_action_result(GOOD[0])
    schema = RemoteAction.action_response_format_spec()
    monkeypatch.setattr(jsonschema.validators.validator_for(schema), "check_schema", None)
    action._validate_action_result(GOOD[1])


def test_every_kind_of_event_is_found_as_before():
    kinds = [kind for kind in all_subclasses(Event) if kind.type_name]
    assert len(kinds) > 15
    for kind in kinds:
        assert Event.resolve_by_type(kind.type_name) is next(k for k in kinds if k.type_name == kind.type_name)
    with pytest.raises(ValueError, match="Unknown event"):
        Event.resolve_by_type("no_such_event")


class ActionServer:
    """Answers as the action server does and counts who connects."""

    def __init__(self) -> None:
        self.peers: list[object] = []
        self.authorizations: list[str | None] = []
        app = web.Application()
        app.router.add_post("/webhook", self._answer)
        self._runner = web.AppRunner(app)

    async def _answer(self, request: web.Request) -> web.Response:
        self.peers.append(request.transport.get_extra_info("peername"))
        self.authorizations.append(request.headers.get("Authorization"))
        return web.json_response({"events": [], "responses": []})

    async def start(self, port: int) -> ActionServer:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return self

    async def stop(self) -> None:
        await self._runner.cleanup()


def test_calls_share_a_connection_and_survive_a_restart_of_the_action_server():
    port = free_port()
    endpoint = EndpointConfig(f"http://127.0.0.1:{port}/webhook")
    guarded = EndpointConfig(endpoint.url, basic_auth={"username": "rasa", "password": "secret"})

    async def calls() -> None:
        server = await ActionServer().start(port)
        for _ in range(3):
            assert await endpoint.request(json={}) == GOOD[0]
        await guarded.request(json={})
        assert len(set(server.peers)) == 1
        assert server.authorizations == [None, None, None, aiohttp.BasicAuth("rasa", "secret").encode()]
        await server.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            await endpoint.request(json={})
        again = await ActionServer().start(port)
        assert await endpoint.request(json={}) == GOOD[0]
        await again.stop()

    asyncio.run(calls())
    asyncio.run(calls())  # another event loop does not find the connections of the first

"""What was begun behind a receipt is finished before the server ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import requests
from sanic import Sanic
from sanic.response import text

from kuanxin.channels.under_way import begin, finish_at_the_end
from tests.web_server import serving

if TYPE_CHECKING:
    from sanic import Request
    from sanic.response import HTTPResponse


def test_a_server_ends_after_what_it_began() -> None:
    app, done = Sanic("under-way-test", configure_logging=False), []

    async def work() -> None:
        await asyncio.sleep(1)
        done.append("all of it")

    @app.post("/")
    async def take(request: Request) -> HTTPResponse:
        begin(work())
        return text("receipt")

    @app.listener("after_server_start")
    async def started(app: Sanic, loop: asyncio.AbstractEventLoop) -> None:
        app.add_task(finish_at_the_end(10), name="what is under way")

    with serving(app) as url:
        assert requests.post(url, timeout=10).text == "receipt"
        assert not done
    assert done == ["all of it"]

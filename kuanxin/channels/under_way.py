"""Work that goes on whoever waits for it: a turn whose client hangs up, what comes behind the receipt of a platform.

The server ends after it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sanic import Request
    from sanic.response import HTTPResponse

T = TypeVar("T")

_begun: set[asyncio.Task[Any]] = set()  # the event loop itself would forget them


def begin(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    task = asyncio.create_task(work)
    _begun.add(task)
    task.add_done_callback(_begun.discard)
    return task


async def finish_at_the_end(seconds: float) -> None:
    """A named task of Sanic's for as long as the server runs. Sanic cancels it when it is told to stop, again when
    nobody is connected any more, and then waits for it: from the first time on what has begun gets so many seconds."""
    loop = asyncio.get_running_loop()
    try:
        await loop.create_future()
    finally:
        until = loop.time() + seconds
        while (begun := [task for task in _begun if task.get_loop() is loop]) and loop.time() < until:
            with suppress(asyncio.CancelledError):
                await asyncio.wait(begun, timeout=until - loop.time())


def let_go(request: Request, response: HTTPResponse) -> None:
    """Sanic closes connections that are idle when it is told to stop; one that had a request under way it would serve
    on for as long as requests keep coming, as they do from a proxy. So that request's answer is its last."""
    if request.app.is_stopping:
        request.stream.keep_alive = False  # said in the answer's header, too

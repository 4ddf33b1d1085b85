"""A Sanic application on a real port, in a thread of the test: requests arrive as bytes over HTTP."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sanic.touchup import TouchUp

from tests.services import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sanic import Sanic


# Sanic rewrites its own methods when an app starts, which it can do only once in a process.
_rewrite, _rewritten = TouchUp.run, []


def _rewrite_once(app: Sanic) -> None:
    if not _rewritten:
        _rewrite(app)
        _rewritten.append(app.name)


TouchUp.run = _rewrite_once


@contextmanager
def serving(app: Sanic, port: int | None = None) -> Iterator[str]:
    """Yields the address; the application ends with the block."""
    port, up, loops = port or free_port(), threading.Event(), []

    @app.listener("after_server_start")
    async def started(app: Any, loop: Any) -> None:
        loops.append(loop)
        up.set()

    options = {"register_sys_signals": False, "access_log": False, "motd": False}
    thread = threading.Thread(target=app.run, args=("127.0.0.1", port), kwargs=options, daemon=True)
    thread.start()
    assert up.wait(30), "the web server did not start"
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loops[0].call_soon_threadsafe(loops[0].stop)
        thread.join(20)
        assert not thread.is_alive(), "the web server did not end"

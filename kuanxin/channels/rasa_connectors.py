"""Lets a connector that Rasa brings run behind the guard: it reads and writes its platform, and decides nothing else.

Rasa's connectors hand typed text to the model as it is ("/restart" runs), take the sender's word for entities, answer
before anything is kept and know neither who holds a conversation nor who is signed in. Here they hand what came in to a
Line and send what it has to tell. docs/integration/channels.md
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kuanxin.channels.line import Line
from kuanxin.channels.telling import size
from kuanxin.conversations.channels import Received
from kuanxin.logs import log_where

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import OutputChannel, UserMessage
    from sanic import Blueprint

    from kuanxin.bootstrap import Services
    from kuanxin.channels.telling import Message

logger = logging.getLogger(__name__)

PRESSED = "press:"  # before the id of a button, as the platform sends it back
_PRESSED = re.compile(rf"{PRESSED}([A-Za-z0-9_-]{{1,32}})")


class RasaCarrier:
    """Tells a platform through Rasa's output channel for it. More buttons than it shows become numbered choices."""

    numbered = False
    quota = 1_000_000  # these platforms set no number of messages

    def __init__(
        self, channel: str, output: Callable[[str], OutputChannel], most_bytes: int, most_buttons: int, **options: Any
    ) -> None:
        self.channel = channel
        self.most_bytes = most_bytes
        self._output = output
        self._most_buttons = most_buttons
        self._options = options

    async def send(self, address: str, message: Message, left: int) -> int:
        output, text = self._output(address), message.text or "…"
        if not message.buttons:
            await output.send_text_message(address, text)
        elif len(message.buttons) <= self._most_buttons and size(text) <= self.most_bytes:
            buttons = [{"title": button["title"], "payload": PRESSED + button["id"]} for button in message.buttons]
            await output.send_text_with_buttons(address, text, buttons, **self._options)
        else:
            choices = "\n".join(f"{number}. {button['title']}" for number, button in enumerate(message.buttons, 1))
            await output.send_text_message(address, f"{text}\n{choices}")
        return 1


async def tried(what: str, awaitable: Awaitable[Any]) -> None:
    """A call to a platform at the start: where it fails the other channels open all the same."""
    try:
        await awaitable
    except Exception as error:
        log_where(logger, what, error)


def behind_guard(
    connector: Any, parts: Services, on_new_message: Callable[[UserMessage], Awaitable[Any]], carrier: RasaCarrier
) -> Blueprint:
    """The connector's own routes. Its `get_metadata` says which message this is (`message_id`), whether one person
    alone reads the answers (`private`), and when it was written (`sent_at`, where the platform says so); in a group
    nobody is answered."""
    line = Line(parts, carrier, on_new_message)

    async def keep(message: UserMessage) -> None:
        metadata = message.metadata or {}
        if not metadata.get("private") or not metadata.get("message_id"):
            return
        pressed = _PRESSED.fullmatch(message.text or "")
        text, button = (None, pressed[1]) if pressed else (message.text, None)
        came = Received(carrier.channel, str(message.sender_id), metadata["message_id"], text=text, button=button)
        await line.receive(replace(came, sent_at=metadata.get("sent_at")))

    routes: Blueprint = type(connector).__mro__[1].blueprint(connector, keep)

    @routes.listener("after_server_start")
    async def begin(app: Any, loop: Any) -> None:
        app.add_task(line.follow(), name=f"{line.carrier.channel} follows")  # named: Sanic ends it when it stops

    return routes

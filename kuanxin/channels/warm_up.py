"""The server is ready when a message went all the way (model, actions, database): no borrower pays for the first."""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import TYPE_CHECKING

from kuanxin.channels.inbound import Inbound
from kuanxin.identity.service import Speaker
from kuanxin.metrics import READY

if TYPE_CHECKING:
    from kuanxin.channels.guard import Guard

logger = logging.getLogger(__name__)

CHANNEL = "warm-up"  # marks the conversation: its transcript is nobody's
MESSAGES = ("下周五先还两千三，行吗", "你好")  # the first also wakes what reads dates and amounts
PAUSE_SECONDS = 1.0


async def warm_up(guard: Guard, ready: asyncio.Event) -> None:
    """Tries until every message was answered, then sets `ready`."""
    speaker, attempt = Speaker(f"v-warm-up-{uuid.uuid4().hex[:8]}"), 0
    while not ready.is_set():
        attempt += 1
        try:
            outcomes = [await guard.handle(Inbound(speaker, CHANNEL, text).checked()) for text in MESSAGES]
        except Exception as error:
            logger.warning("not ready yet (attempt %d): %s", attempt, type(error).__name__)
        else:
            if all(outcome.entries and not outcome.failed for outcome in outcomes):
                logger.info("ready: a message was processed end to end")
                ready.set()
                READY.labels("rasa").set(1)
                return
            logger.warning("not ready yet (attempt %d): no reply; the action server may still be starting", attempt)
        await asyncio.sleep(PAUSE_SECONDS)

"""Follows which model is live, so that a Rasa server changes to it between two messages, without a restart.

Rasa's own ways for this stay closed: its HTTP API also shows and changes conversations, and takes any file. Here a row
of our database names the model; only a file with the SHA-256 that its training registered is loaded, beside the one
that answers. Who is in the middle of a turn ends it with the old one; conversations and open forms go on, for the
tracker store stays. What cannot be loaded, or does not understand a first message, changes nothing but the record.
A model for other data or code is none of this server's: while an update runs, the next release has its own.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import Info
from rasa.core.channels.channel import UserMessage
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.processor import MessageProcessor

from kuanxin.logs import log_where

if TYPE_CHECKING:
    from rasa.core.agent import Agent

    from kuanxin.bootstrap import Services
    from kuanxin.store.models_repository import Change, SqlModels

logger = logging.getLogger(__name__)

MODEL = Info("kuanxin_model", "The model that answers")  # of a Rasa server only: others have none to show
LOOK_SECONDS = 3.0
FIRST_MESSAGE = "下周五先还两千三，行吗"


@dataclass(frozen=True)
class _Answering:
    """The model of this server after a look: its hash, and the data and code that it and every later one fits."""

    sha256: str
    fits: str


async def follow(app: Any, parts: Services) -> None:
    """Until the server ends, where it started with one of our models. `app.ctx.agent` is Rasa's agent."""
    answering, told = None, False
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        agent: Agent | None = getattr(app.ctx, "agent", None)
        if agent is None or agent.processor is None:
            continue
        try:
            if answering is None:
                answering = await asyncio.to_thread(_started_with, agent, parts.models)
            if answering is None:
                return
            answering = await _look(agent, parts.models, answering)
            told = False
        except Exception as error:
            if not told:  # said once while the database is away
                log_where(logger, "looking for the live model", error)
            told = True


def _started_with(agent: Agent, models: SqlModels) -> _Answering | None:
    """None where it is none of ours."""
    sha256 = models.sha256_of(Path(agent.processor.model_path))
    fits = models.fits_of(sha256)
    return _Answering(sha256, fits) if fits else None


async def _look(agent: Agent, models: SqlModels, answering: _Answering) -> _Answering:
    """Which model answers after this look."""
    change = await asyncio.to_thread(models.live, answering.fits)
    if change is None:
        return answering
    if change.model.sha256 != answering.sha256:
        try:
            await _change_to(agent, change)
        except Exception as error:
            log_where(logger, f"the model {change.model.name} could not be loaded", error)
            await asyncio.to_thread(models.not_loaded, change, f"{type(error).__name__}: {error}")
            return answering
        logger.info("the model %s answers now", change.model.name)
    if change.loaded_at is None:
        await asyncio.to_thread(models.loaded, change, datetime.now(timezone.utc))
    MODEL.info({"model": change.model.name, "sha256": change.model.sha256})
    return _Answering(change.model.sha256, answering.fits)


async def _change_to(agent: Agent, change: Change) -> None:
    """As `Agent.load_model`, only that the old processor answers until the new one has proved itself."""
    file = await asyncio.to_thread(change.model.checked)
    processor = await asyncio.to_thread(
        MessageProcessor,
        model_path=file,
        tracker_store=agent.tracker_store,
        lock_store=agent.lock_store,
        action_endpoint=agent.action_endpoint,
        generator=agent.nlg,
        http_interpreter=agent.http_interpreter,
    )
    now = datetime.now(timezone.utc).isoformat()
    await processor.parse_message(UserMessage(FIRST_MESSAGE, metadata={"now": now}))
    agent.processor, agent.domain = processor, processor.domain
    agent.tracker_store.domain = processor.domain
    if isinstance(agent.nlg, TemplatedNaturalLanguageGenerator):
        agent.nlg.responses = processor.domain.responses

"""One turn of a conversation at a time: in this process, or over all server workers where KUANXIN_REDIS_URL is set.

Rasa's own Redis lock reads a ticket and writes it back in two steps, so that two workers can hold the same one.
"""

from __future__ import annotations

import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore, LockError
from redis import asyncio as redis
from redis.exceptions import RedisError

from kuanxin import metrics
from kuanxin.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rasa.core.lock import TicketLock
    from rasa.utils.endpoints import EndpointConfig

ANSWER_SECONDS = 5.0  # in which Redis has to answer
ASK_AGAIN_SECONDS = 0.1


class ConversationLocks(InMemoryLockStore):
    """Configured in endpoints.yml by its path."""

    def __init__(self, endpoint_config: EndpointConfig | None = None, redis_url: str | None = None) -> None:
        super().__init__()
        url = read_settings().redis_url.get_secret_value() if redis_url is None else redis_url
        self._redis = None
        if url:
            self._redis = redis.Redis.from_url(
                url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
            )

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = ASK_AGAIN_SECONDS,
    ) -> AsyncGenerator[TicketLock, None]:
        """Raises LockError where another turn holds the conversation for too long, or Redis does not answer."""
        async with super().lock(conversation_id, lock_lifetime, wait_time_in_seconds) as ticket:
            if self._redis is None:
                yield ticket
                return
            shared = self._redis.lock(
                f"kuanxin:turn:{conversation_id}", timeout=lock_lifetime, sleep=wait_time_in_seconds
            )
            try:
                began = time.perf_counter()
                if not await shared.acquire(blocking_timeout=lock_lifetime):
                    raise LockError("another server worker holds the conversation")
                metrics.LOCK_WAITS.labels("redis").observe(time.perf_counter() - began)
            except RedisError as fault:
                raise LockError(f"Redis: {type(fault).__name__}") from None
            try:
                yield ticket
            finally:
                with suppress(RedisError):  # it ran out, or Redis went away: it ends by itself
                    await shared.release()

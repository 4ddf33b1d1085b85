"""Several server workers over one database and a real Redis: one conversation, whichever worker a borrower lands on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from kuanxin.store.lock_store import ConversationLocks
from tests.web.assistant import echo, web_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tests.services import PostgreSQL, Redis
    from tests.web.assistant import Running


@pytest.fixture(scope="module")
def workers(
    tmp_path_factory: pytest.TempPathFactory, redis_server: Redis, postgres_server: PostgreSQL
) -> Iterator[tuple[Running, Running]]:
    var, database = tmp_path_factory.mktemp("workers"), postgres_server.fresh_database()
    shared = {"database_url": database, "redis_url": redis_server.url}
    with web_assistant(var, **shared) as one, web_assistant(var, **shared) as two:
        yield one, two


@pytest.fixture
def pair(workers: tuple[Running, Running]) -> tuple[Running, Running]:
    one, two = workers
    one.begin()
    two.begin()
    return workers


def test_what_is_said_at_one_worker_is_heard_at_the_other(pair: tuple[Running, Running]) -> None:
    one, two = pair

    async def scene() -> None:
        async with one.client(one.token()) as here, two.client(two.token(one.me)) as there:
            await here.resume()
            await there.resume()
            await here.say("两台服务器", id="both")
            await there.until(lambda: ("typing", True) in there.events and len(there.entries) >= 2)
            assert [e["message_id"] for e in there.entries][:2] == ["both", None]
            assert there.entries[1]["text"] == f"{one.me}: 两台服务器"
            button = there.entries[1]["buttons"][0]["id"]
            await there.ask("say", {"id": "pressed", "button": button})
            assert two.seen[-1].parse_data["intent"]["name"] == "affirm"

    asyncio.run(scene())


def test_a_message_that_reaches_both_workers_happens_once(pair: tuple[Running, Running]) -> None:
    one, two = pair

    async def slow(message: Any) -> None:
        await asyncio.sleep(0.5)
        await echo(message)

    one.behind = two.behind = slow

    async def scene() -> None:
        async with one.client(one.token()) as here, two.client(two.token(one.me)) as there:
            first, second = await asyncio.gather(here.say("只此一次", id="once"), there.say("只此一次", id="once"))
            assert first["entries"][-1] == second["entries"][-1]
        assert len(one.seen) + len(two.seen) == 1

    asyncio.run(scene())


def test_a_colleague_s_words_reach_the_worker_that_nobody_wrote_to(pair: tuple[Running, Running]) -> None:
    one, two = pair
    conversation = f"b-{one.me}"

    async def scene() -> None:
        async with one.client(one.token()) as here:
            await here.say("你好")
        async with two.client(two.token(one.me)) as there:
            await there.resume()
            await asyncio.to_thread(one.parts.conversations.take_over, conversation)
            await there.until(lambda: ("holder", "human") in there.events, 15)
            words, now = [{"text": "我是小王"}], one.parts.clock.now()
            await asyncio.to_thread(
                one.parts.conversations.record_replies, conversation, words, now, None, "staff", True
            )
            await there.until(lambda: any(e["author"] == "staff" for e in there.entries), 15)

    asyncio.run(scene())


def test_without_redis_the_other_worker_still_hears_a_little_later(
    pair: tuple[Running, Running], redis_server: Redis
) -> None:
    one, two = pair

    async def scene() -> None:
        async with one.client(one.token()) as here, two.client(two.token(one.me)) as there:
            await here.resume()
            await there.resume()
            redis_server.end()
            answer = await here.say("Redis 不在了")
            assert answer["entries"][-1]["text"] == f"{one.me}: Redis 不在了"
            await there.until(lambda: len(there.entries) >= 2, 20)
            redis_server.start_again()
            await asyncio.sleep(3)  # workers listen again after 1 or 2 seconds
            there.events.clear()
            await here.say("又在了")
            await there.until(lambda: ("typing", True) in there.events, 20)

    asyncio.run(scene())


def test_turns_of_one_conversation_wait_for_one_another_over_workers(redis_server: Redis) -> None:
    happened: list[str] = []

    async def turn(locks: ConversationLocks, name: str, conversation: str) -> None:
        async with locks.lock(conversation):
            happened.append(f"{name} begins")
            await asyncio.sleep(0.2)
            happened.append(f"{name} ends")

    async def scene() -> None:
        workers = [ConversationLocks(redis_url=redis_server.url) for _ in range(2)]
        await asyncio.gather(*(turn(workers[n % 2], f"turn {n}", "b-B1") for n in range(4)))
        for begins, ends in zip(happened[::2], happened[1::2], strict=True):
            assert begins.split()[1] == ends.split()[1], happened
        happened.clear()
        await asyncio.gather(turn(workers[0], "mine", "b-B1"), turn(workers[1], "yours", "b-B2"))
        assert [what.split()[1] for what in happened] == ["begins", "begins", "ends", "ends"]

    asyncio.run(scene())

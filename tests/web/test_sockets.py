"""The web connector's promises, each over a real socket. The first group are faults of Rasa's stock channel."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import socketio

from tests.web.assistant import ORIGIN, echo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.web.assistant import Running


@pytest.fixture
def assistant(web: Running) -> Running:
    web.begin()
    return web


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())


# what the stock socket.io channel gets wrong


def test_replies_arrive(assistant: Running) -> None:
    """Stock: with session_persistence no reply is ever delivered, because nobody waits for the room to be entered."""

    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            await client.resume()
            answer = await client.say("你好")
            assert [(e["author"], e["text"]) for e in answer["entries"]] == [
                ("borrower", "你好"),
                ("assistant", f"{assistant.me}: 你好"),
            ]

    play(scene)


def test_the_conversation_is_the_token_s_subject(assistant: Running) -> None:
    """Stock: whoever holds any token may name any session."""

    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:  # the handshake names b-B999, too
            await client.resume()
            await client.say("我的", session_id="b-B999", sender="b-B999", conversation="b-B999")
        assert [m.sender_id for m in assistant.seen] == [f"b-{assistant.me}"]
        assert assistant.seen[0].metadata["borrower"] == assistant.me
        async with assistant.client(assistant.token(assistant.other)) as stranger:
            assert (await stranger.ask("resume", {"cursor": 0, "session_id": f"b-{assistant.me}"}))["entries"] == []
            assert (await stranger.ask("history", {"before": 99, "session_id": f"b-{assistant.me}"}))["entries"] == []

    play(scene)


@pytest.mark.parametrize("text", ["/restart", '/inform{"loan_id":"x"}', "／restart", " \u200b/request_human"])
def test_typed_text_is_never_a_command(assistant: Running, text: str) -> None:
    """Stock: a typed "/restart" is carried out."""

    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            await client.say(text, metadata={"borrower": "B999"})
        assert not assistant.seen[0].text.startswith("/")
        assert assistant.seen[0].parse_data is None
        assert assistant.seen[0].metadata["borrower"] == assistant.me

    play(scene)


def test_a_page_of_another_origin_gets_nothing(assistant: Running) -> None:
    """Stock: every origin is let in."""

    async def scene() -> None:
        with pytest.raises(socketio.exceptions.ConnectionError):
            async with assistant.client(assistant.token(), "https://elsewhere.example"):
                pass
        async with assistant.client(assistant.token(), ORIGIN) as client:
            assert (await client.resume())["ok"]

    play(scene)
    polling = f"{assistant.url}/webhooks/web/socket.io/?EIO=4&transport=polling"
    assert requests.get(polling, headers={"Origin": "https://elsewhere.example"}, timeout=5).status_code == 400
    welcome = requests.get(polling, headers={"Origin": ORIGIN}, timeout=5)
    assert (welcome.status_code, welcome.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)


# tokens


def test_no_token_a_forged_one_and_an_old_one_are_refused_alike(assistant: Running) -> None:
    async def scene() -> None:
        old = int(time.time()) - 7200
        good = assistant.token()
        tokens = [
            None,
            "",
            "x.y.z",
            good[:-4] + "AAAA",
            assistant.token(iat=old, exp=old + 60),
            assistant.token(aud="other"),
        ]
        for token in tokens:
            with pytest.raises(socketio.exceptions.ConnectionError):
                async with assistant.client(token):
                    pass
        assert assistant.seen == []

    play(scene)


def test_a_connection_ends_with_its_token(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token(exp=time.time() + 1.2)) as client:
            assert 0 < (await client.resume())["expires_in"] <= 1.2
            await asyncio.wait_for(client.disconnected.wait(), 5)

    play(scene)


def test_a_renewed_token_keeps_the_connection(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token(exp=time.time() + 1.2)) as client:
            assert (await client.ask("renew", {"token": assistant.token()}))["expires_in"] > 500
            await asyncio.sleep(1.5)
            assert not client.disconnected.is_set()
            assert (await client.say("还在"))["ok"]

    play(scene)


def test_another_borrower_s_token_ends_the_connection(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            await client.sio.emit("renew", {"token": assistant.token(assistant.other)})
            await asyncio.wait_for(client.disconnected.wait(), 5)

    play(scene)


# once, in order, nothing missed


def test_a_message_sent_again_happens_once(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            first = await client.say("一次", id="same")
        async with assistant.client(assistant.token()) as client:
            again = await client.say("一次", id="same")
        assert len(assistant.seen) == 1
        reply = [e for e in first["entries"] if e["author"] == "assistant"]
        assert [e for e in again["entries"] if e["author"] == "assistant"] == reply

    play(scene)


def test_what_was_missed_comes_after_the_cursor(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token()) as phone, assistant.client(assistant.token()) as desktop:
            await phone.resume()
            await desktop.resume()
            await phone.say("一")
            await desktop.until(lambda: len(desktop.entries) == 2)
            cursor = desktop.entries[-1]["number"]
            await desktop.sio.disconnect()
            await phone.say("二")
            await phone.say("三")
        async with assistant.client(assistant.token()) as back:
            missed = await back.resume(cursor)
            assert [e["text"] for e in missed["entries"]] == ["二", f"{assistant.me}: 二", "三", f"{assistant.me}: 三"]
            assert [e["number"] for e in missed["entries"]] == [3, 4, 5, 6]

    play(scene)


def test_a_long_absence_is_made_up_completely(assistant: Running) -> None:
    async def scene() -> None:
        now = assistant.parts.clock.now()
        conversations = assistant.parts.conversations
        conversations.open(f"b-{assistant.me}", "web", assistant.me, now)
        conversations.record_replies(f"b-{assistant.me}", [{"text": f"第{n}条"} for n in range(1, 131)], now)
        async with assistant.client(assistant.token()) as client:
            missed = await client.resume(3)
            assert [e["number"] for e in missed["entries"]] == list(range(4, 131))
            latest = await client.resume()
            assert [e["number"] for e in latest["entries"]] == list(range(81, 131))
            assert latest["earlier"]
            page = await client.ask("history", {"before": 81})
            assert ([e["number"] for e in page["entries"]], page["earlier"]) == (list(range(31, 81)), True)
            page = await client.ask("history", {"before": 31})
            assert ([e["number"] for e in page["entries"]], page["earlier"]) == (list(range(1, 31)), False)

    play(scene)


def test_tabs_and_devices_share_the_conversation_and_nobody_else_hears(assistant: Running) -> None:
    async def scene() -> None:
        async with (
            assistant.client(assistant.token()) as one,
            assistant.client(assistant.token()) as two,
            assistant.client(assistant.token(assistant.other)) as stranger,
        ):
            for client in (one, two, stranger):
                await client.resume()
            await one.say("大家好", id="hello-1")
            await two.until(lambda: len(two.entries) == 2)
            assert [e["message_id"] for e in two.entries] == ["hello-1", None]
            assert ("typing", True) in two.events
            await asyncio.sleep(0.2)
            assert stranger.events == []
            assert one.entries == []  # the sender has them with the acknowledgement

    play(scene)


def test_a_button_is_an_id_of_this_conversation(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            answer = await client.say("你好")
            button = answer["entries"][-1]["buttons"][0]
            assert "secret-hash" not in str(answer)
            await client.ask("say", {"id": "press", "button": button["id"]})
        pressed = assistant.seen[-1].parse_data
        assert (pressed["intent"]["name"], pressed["entities"][0]["value"]) == ("affirm", "secret-hash")
        async with assistant.client(assistant.token(assistant.other)) as stranger:
            answer = await stranger.ask("say", {"id": "press", "button": button["id"]})
            assert "不能用" in answer["entries"][-1]["text"]
        assert len(assistant.seen) == 2

    play(scene)


# limits


def test_twenty_messages_at_once_are_slowed_and_none_is_half_done(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            answers = await asyncio.gather(*(client.say(str(n), id=f"n{n}") for n in range(20)))
            refused = [a for a in answers if not a["ok"]]
            assert refused
            assert {a["error"] for a in refused} == {"too_fast"}
            assert len(assistant.seen) == sum(a["ok"] for a in answers)

    play(scene)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"id": "a", "text": "长" * 2001}, "too_long"),
        ({"id": "a", "text": "   "}, "empty"),
        ({"id": "a"}, "text_or_button"),
        ({"text": "没有编号"}, "message_id"),
        ({"id": "b/../c", "text": "好"}, "message_id"),
        ({"id": "a", "text": ["好"]}, "text"),
        ("text", "not_understood"),
    ],
)
def test_what_is_no_message_is_refused_and_the_connection_stays(assistant: Running, data: Any, error: str) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            assert (await client.ask("say", data))["error"] == error
            assert (await client.say("好"))["ok"]

    play(scene)


def test_a_packet_that_is_too_large_ends_the_connection(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            await client.sio.emit("say", {"id": "big", "text": "x" * 100_000})
            await asyncio.wait_for(client.disconnected.wait(), 5)
        assert assistant.seen == []

    play(scene)


def test_a_conversation_opens_so_many_sockets_and_no_more(assistant: Running) -> None:
    async def scene() -> None:
        clients = [assistant.client(assistant.token()) for _ in range(12)]
        for client in clients:
            await client.__aenter__()
        with pytest.raises(socketio.exceptions.ConnectionError):
            async with assistant.client(assistant.token()):
                pass
        await clients[0].__aexit__(None, None, None)
        await asyncio.sleep(0.2)
        async with assistant.client(assistant.token()) as client:
            assert (await client.resume())["ok"]
        for client in clients[1:]:
            await client.__aexit__(None, None, None)

    play(scene)


# people, failures


def test_what_a_colleague_writes_arrives_and_the_model_is_silent(assistant: Running) -> None:
    async def scene() -> None:
        conversations, now = assistant.parts.conversations, assistant.parts.clock.now()
        async with assistant.client(assistant.token()) as client:
            await client.say("转人工")
            conversations.take_over(f"b-{assistant.me}")
            await client.resume(2)
            conversations.record_replies(
                f"b-{assistant.me}", [{"text": "您好，我是小王"}], now, author="staff", verified=True
            )
            await client.until(lambda: any(e["author"] == "staff" for e in client.entries))
            answer = await client.say("谢谢")
            assert [e["author"] for e in answer["entries"]] == ["borrower"]
        assert len(assistant.seen) == 1

    play(scene)


def test_a_broken_turn_is_answered_with_words(assistant: Running) -> None:
    async def broken(message: Any) -> None:
        raise RuntimeError("the model fell over")

    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            answer = await client.say("你好")
            assert "没处理好" in answer["entries"][-1]["text"]
            assert "fell over" not in str(answer)

    assistant.behind = broken
    play(scene)


def test_a_turn_goes_on_when_the_sender_hangs_up(assistant: Running) -> None:
    async def slow(message: Any) -> None:
        await asyncio.sleep(0.5)
        await echo(message)

    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            await client.sio.emit("say", {"id": "slow", "text": "慢慢来"})
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.8)
        async with assistant.client(assistant.token()) as client:
            assert [e["text"] for e in (await client.resume())["entries"]] == ["慢慢来", f"{assistant.me}: 慢慢来"]

    assistant.behind = slow
    play(scene)


def test_a_rating_is_kept_without_numbers_of_cards(assistant: Running) -> None:
    async def scene() -> None:
        async with assistant.client(assistant.token()) as client:
            await client.say("你好")
            assert (await client.ask("rate", {"score": 5, "words": "谢谢，卡号6222021234567890123"}))["ok"]
            assert not (await client.ask("rate", {"score": 6}))["ok"]
            assert not (await client.ask("rate", {"score": True}))["ok"]
        with assistant.parts.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                f"SELECT score, words FROM ratings WHERE conversation_id = 'b-{assistant.me}'"
            ).all()
        assert [row.score for row in rows] == [5]
        assert "6222021234567890123" not in rows[0].words

    play(scene)

"""Hand-over: one holds it, the assistant is silent, nothing is said twice, nothing is lost on the way back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest


def said(parts, id):
    return [(e.author, e.text) for e in parts.conversations.transcript(id)]


def test_two_claim_at_once_and_one_holds_it(sign_in, talk, parts):
    id = talk()
    clients = [sign_in("agent"), sign_in("supervisor")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda client: client.post(f"/conversations/{id}/claim/"), clients))
    holder = parts.staff.store.open_request(id).claimed_by
    loser = clients[0] if holder == "demo-supervisor" else clients[1]
    assert f"{holder} 已经接手" in loser.get(f"/conversations/{id}/").content.decode()
    assert parts.conversations.get(id).holder == "human"
    from desk.audit.models import Line

    assert Line.objects.filter(about=id, action="claimed").count() == 1


def test_many_claims_at_once_in_the_store(parts, talk):
    from kuanxin.conversations.review import AlreadyClaimed

    id = talk()

    def claim(who):
        try:
            parts.staff.claim(id, who, parts.clock.now())
        except AlreadyClaimed:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(claim, [f"agent-{n}" for n in range(6)]))
    assert won.count(True) == 1


def test_what_the_model_says_after_the_claim_is_dropped(parts, talk):
    id = talk()
    now = parts.clock.now()
    parts.conversations.record_inbound(id, "m2", "还在吗", now)  # the model is thinking…
    parts.staff.claim(id, "lin", now)  # …while a colleague takes over
    assert parts.conversations.record_replies(id, [{"text": "我在"}], now, message_id="m2") == ()
    assert said(parts, id)[-1] == ("borrower", "还在吗")
    again = parts.conversations.record_inbound(id, "m2", "还在吗", now)
    assert (again.new, again.pending) == (False, False)


def test_a_reply_is_said_once_and_only_by_the_holder(sign_in, talk, parts):
    id = talk()
    agent = sign_in("agent")
    agent.post(f"/conversations/{id}/claim/")
    for _ in range(2):  # a double click
        agent.post(f"/conversations/{id}/reply/", {"text": "我来帮您", "token": "abc"})
    assert [line for line in said(parts, id) if line[0] == "staff"] == [("staff", "我来帮您")]
    stranger = sign_in("supervisor")
    stranger.post(f"/conversations/{id}/reply/", {"text": "插一句", "token": "def"})
    assert ("staff", "插一句") not in said(parts, id)
    assert "回复没有发出" in stranger.get(f"/conversations/{id}/").content.decode()
    asked = parts.staff.store.open_request(id)
    assert asked.first_reply_at is not None


def test_back_to_the_assistant_only_when_everything_was_read(sign_in, talk, parts):
    id = talk()
    agent = sign_in("agent")
    agent.post(f"/conversations/{id}/claim/")
    seen = parts.conversations.heads([id])[id].last_number
    parts.conversations.record_inbound(id, "m2", "等等还有一件事", parts.clock.now())
    agent.post(f"/conversations/{id}/give-back/", {"outcome": "说清楚了", "seen": seen})
    assert parts.conversations.get(id).holder == "human"
    agent.post(f"/conversations/{id}/give-back/", {"outcome": "说清楚了", "seen": seen + 1})
    assert parts.conversations.get(id).holder == "bot"
    assert said(parts, id)[-1][0] == "assistant"
    assert [note.text for note in parts.staff.store.notes(id)] == ["说清楚了"]
    agent.post(f"/conversations/{id}/give-back/", {"outcome": "又一次", "seen": seen + 2})
    assert len([line for line in said(parts, id) if "同事这边先聊到这里" in line[1]]) == 1


def test_transfer_keeps_the_assistant_silent(sign_in, talk, parts):
    id = talk()
    agent = sign_in("agent")
    agent.post(f"/conversations/{id}/claim/")
    agent.post(f"/conversations/{id}/transfer/", {"to": "demo-reviewer"})  # may not answer borrowers
    assert parts.staff.store.open_request(id).claimed_by == "demo-agent"
    agent.post(f"/conversations/{id}/transfer/", {"to": "demo-supervisor", "note": "要主管看"})
    assert parts.staff.store.open_request(id).claimed_by == "demo-supervisor"
    assert parts.conversations.get(id).holder == "human"
    sign_in("supervisor").post(f"/conversations/{id}/transfer/", {"to": ""})
    assert parts.staff.store.open_request(id).claimed_by is None
    assert parts.conversations.get(id).holder == "human"


def test_only_a_supervisor_takes_it_from_a_colleague(sign_in, talk, parts):
    from kuanxin.conversations.review import AlreadyClaimed

    id = talk()
    parts.staff.claim(id, "lin", parts.clock.now())
    sign_in("agent").post(f"/conversations/{id}/claim/", {"override": "yes"})
    assert parts.staff.store.open_request(id).claimed_by == "lin"
    sign_in("supervisor").post(f"/conversations/{id}/claim/", {"override": "yes"})
    assert parts.staff.store.open_request(id).claimed_by == "demo-supervisor"
    with pytest.raises(AlreadyClaimed):
        parts.staff.claim(id, "lin", parts.clock.now())


def test_danger_then_complaint_then_hardship_then_the_longest_wait(parts, talk):
    ids = [talk(borrower="B011") for _ in range(4)]
    now = parts.clock.now()
    parts.conversations.hand_over(ids[2], "complaint", "high", "投诉", now)
    parts.conversations.start_safety_hold(ids[1], now)
    parts.conversations.hold_reminders(ids[3], "hardship", now)
    order = [asked.conversation_id for asked in parts.staff.queue() if asked.conversation_id in ids]
    assert order == [ids[1], ids[2], ids[3], ids[0]]
    assert parts.staff.summary(ids[1]).attention == 5


def test_the_all_clear_needs_words(sign_in, talk, parts):
    id = talk(borrower="B011")
    parts.conversations.start_safety_hold(id, parts.clock.now())
    agent = sign_in("agent")
    agent.post(f"/conversations/{id}/clear-safety/", {"reason": ""})
    assert parts.conversations.get(id).safety_hold
    agent.post(f"/conversations/{id}/clear-safety/", {"reason": "电话里确认有家人陪着"})
    assert not parts.conversations.get(id).safety_hold


def test_typing_is_seen_for_a_moment_and_only_of_the_holder(sign_in, talk, parts):
    id = talk()
    agent = sign_in("agent")
    assert agent.post(f"/conversations/{id}/typing/").status_code == 409
    agent.post(f"/conversations/{id}/claim/")
    assert agent.post(f"/conversations/{id}/typing/").status_code == 204
    assert parts.conversations.heads([id])[id].staff_typing
    agent.post(f"/conversations/{id}/reply/", {"text": "好", "token": "t1"})
    assert not parts.conversations.heads([id])[id].staff_typing


def test_a_reply_reaches_the_phone_once(sign_in, talk, parts):
    def told():
        return [n.about for n in parts.outbox.of("B014") if n.kind == "staff_replied"]

    assert told() == []
    id = talk(borrower="B014")
    agent = sign_in("agent")
    agent.post(f"/conversations/{id}/claim/")
    for _ in range(2):
        agent.post(f"/conversations/{id}/reply/", {"text": "看到了", "token": "once"})
    assert len(told()) == 1

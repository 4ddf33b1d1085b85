"""Decisions: nothing twice, four eyes above the limit, the borrower told once, also after a crash in the middle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


def told(parts, agreement):
    entries = parts.conversations.transcript(agreement.conversation_id)
    return [e.text for e in entries if e.author == "staff"]


def test_the_page_shows_words_figures_and_derivation(sign_in, requested):
    page = sign_in("decider").get(f"/decisions/{requested.id}/").content.decode()
    for part in ("求减免罚息", "怎样算出来的", "罚息", "规则版本", "提议通过"):
        assert part in page, part


def test_approved_once_told_once_and_then_it_stays(sign_in, requested, parts, no_limit):
    decider = sign_in("decider")
    for _ in range(2):
        decider.post(f"/decisions/{requested.id}/decide/", {"approved": "yes", "reason": "情况属实"})
    decider.post(f"/decisions/{requested.id}/decide/", {"approved": "no", "reason": "改主意了"})
    assert len(told(parts, requested)) == 1
    assert "审核通过" in told(parts, requested)[0]
    assert parts.staff.store.agreement(requested.id).state != "requested"
    assert "这次没有改动任何东西" in decider.get(f"/decisions/{requested.id}/").content.decode()
    assert parts.conversations.get(requested.conversation_id).holder == "bot"
    from desk.audit.models import Line

    assert Line.objects.filter(about=requested.id, action__in=("approved", "refused")).count() == 1


def test_two_decide_at_once_differently(sign_in, requested, parts, no_limit):
    clients = [(sign_in("decider"), "yes"), (sign_in("decider-2"), "no")]

    def decide(one):
        client, approved = one
        return client.post(f"/decisions/{requested.id}/decide/", {"approved": approved, "reason": "同时决定"})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(decide, clients))
    loan = parts.book.loan(requested.borrower_id, requested.loan_id)
    assert len([e for e in loan.events if e.kind == "decided" and e.arrangement_id == requested.id]) == 1
    assert len(told(parts, requested)) == 1


def test_above_the_limit_two_people_are_needed(sign_in, requested, parts):
    first, second = sign_in("decider"), sign_in("decider-2")
    yes = {"approved": "yes", "reason": "情况属实"}
    first.post(f"/decisions/{requested.id}/decide/", yes)
    first.post(f"/decisions/{requested.id}/decide/", yes)
    assert parts.staff.store.agreement(requested.id).state == "requested"
    assert "需要另一位审批人确认" in first.get(f"/decisions/{requested.id}/").content.decode()
    second.post(f"/decisions/{requested.id}/decide/", yes)
    assert parts.staff.store.agreement(requested.id).state != "requested"


def test_a_refusal_needs_a_reason_which_the_borrower_reads(sign_in, requested, parts):
    decider = sign_in("decider")
    decider.post(f"/decisions/{requested.id}/decide/", {"approved": "no", "reason": ""})
    assert told(parts, requested) == []
    decider.post(f"/decisions/{requested.id}/decide/", {"approved": "no", "reason": "需要先还上一期"})
    assert "需要先还上一期" in told(parts, requested)[0]
    assert "还款计划没有变动" in told(parts, requested)[0]


def test_after_a_crash_between_the_decision_and_its_telling_it_is_told(sign_in, requested, parts):
    now = parts.clock.now()
    parts.servicing.decide(requested.borrower_id, requested.loan_id, requested.id, False, "lin", "不符合条件", now)
    assert told(parts, requested) == []  # the desk stopped here
    sign_in("decider").get("/decisions/")
    assert "不符合条件" in told(parts, requested)[0]
    sign_in("decider").get("/decisions/")
    assert len(told(parts, requested)) == 1


def test_another_plan_is_offered_with_a_button_that_names_it(sign_in, requested, parts):
    from desk.decisions.models import CounterOffer

    decider = sign_in("decider")
    bad = decider.post(f"/decisions/{requested.id}/counter/", {"kind": "re_instalment", "words": "我们一起看看"})
    assert "这个方案需要填这一项" in bad.content.decode()
    plan = {"kind": "re_instalment", "rows": 6, "words": "分6期每期轻一些"}
    decider.post(f"/decisions/{requested.id}/counter/", plan)
    offered = CounterOffer.objects.get(arrangement_id=requested.id)
    entries = [e for e in parts.conversations.transcript(requested.conversation_id) if e.author == "staff"]
    assert [bool(e.card) for e in entries] == [False, True]
    button = parts.conversations.button(requested.conversation_id, entries[1].buttons[0]["id"])
    assert (button.intent, button.entities) == ("request_instalment_plan", {"offer": offered.quote_hash})
    agreed = parts.servicing.commit(requested.borrower_id, offered.quote_hash, parts.clock.now(), "同意")  # not stale
    assert agreed.state.value == "active"
    parts.servicing.undo(requested.borrower_id, requested.loan_id, agreed.id, parts.clock.now(), "test")


def test_a_ticket_is_answered_once(sign_in, talk, parts):
    id = talk(asks=False)
    now = parts.clock.now()
    ticket = parts.conversations.open_ticket(id, "dispute", "L002", "这笔不对", now)
    parts.conversations.hold_reminders(id, "dispute", now)
    answer = {"outcome": "核对过，是重复入账", "answer": "核对好了，已更正。"}
    first, second = sign_in("decider"), sign_in("decider-2")
    first.post(f"/tickets/{ticket.number}/", answer)
    second.post(f"/tickets/{ticket.number}/", {**answer, "answer": "另一个答复"})
    entries = [e.text for e in parts.conversations.transcript(id) if e.author == "staff"]
    assert entries == ["核对好了，已更正。"]
    assert "已经办结了这个工单" in second.get(f"/tickets/{ticket.number}/").content.decode()
    assert not [h for h in parts.conversations.reminder_holds("B002", parts.clock.now()) if h.reason == "dispute"]

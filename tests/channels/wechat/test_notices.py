"""Notices by WeChat, for who chose it; by SMS where WeChat does not take them."""

from __future__ import annotations

import json

from tests.channels.platform import until

NEVER_BOUND = "B009"  # all tests of this room share an assistant: nobody signs in as this borrower


def notice(follower, borrower: str, number: str) -> str:
    """Makes an answer due (the hour of the test does not matter then), sends it, says its state."""
    parts, now = follower.assistant.parts, follower.assistant.parts.clock.now()
    parts.outbox.wish(borrower, "wechat", None, None)
    parts.outbox.send_link(borrower, f"b-{borrower}", number, now)
    parts.sender.send_due(now)
    return next(entry.state for entry in parts.outbox.of(borrower) if entry.key.endswith(number))


def test_on_the_wire_in_the_neutral_wording(follower):
    follower.asks("在吗", "在吗")
    follower.signs_in("B002")
    assert notice(follower, "B002", "wire") == "sent"
    text = until(lambda: [text for text in follower.texts if "请打开链接" in text])[0]
    assert text.startswith("您好，您的消息收到了。")  # the signature is for SMS
    body = json.loads(next(c["body"] for c in follower.platform.calls("custom/send") if "请打开链接" in c["body"]))
    assert body == {"touser": follower.openid, "msgtype": "text", "text": {"content": text}}


def test_what_wechat_does_not_take_goes_by_sms(follower):
    follower.asks("在吗", "在吗")
    follower.signs_in("B003")
    follower.platform.order("out_of_window", openid=follower.openid)
    assert notice(follower, "B003", "late") == "sent"
    parts = follower.assistant.parts
    (entry,) = [entry for entry in parts.outbox.of("B003") if entry.key.endswith("late")]
    assert entry.way == "sms"
    file = json.loads((parts.settings.outbox / f"notice-sign_in_link-{entry.id}.json").read_text("utf-8"))
    assert file["to"] == "13800000003"


def test_who_is_not_bound_is_reached_by_sms(follower):
    assert notice(follower, NEVER_BOUND, "unbound") == "sent"
    (entry,) = [entry for entry in follower.assistant.parts.outbox.of(NEVER_BOUND) if entry.key.endswith("unbound")]
    assert entry.way == "sms"

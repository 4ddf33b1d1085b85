"""A reply as plain text, for channels without cards."""

from kuanxin.conversations.replies import Card, as_text


def test_everything_of_a_card_can_be_read_as_text():
    card = Card(
        "offers",
        "可以选的方案",
        facts=(("现在应还", "913.78元"),),
        columns=("", "期数", "每期最多"),
        rows=(("1", "5期", "200.00元"), ("2", "10期", "110.00元")),
        notes=("截至11月23日 10:00",),
    )
    reply = {"text": "您看看", "card": card.as_dict(), "buttons": [{"id": "x", "title": "第1个"}, {"title": "都不要"}]}
    assert as_text(reply) == (
        "您看看\n【可以选的方案】\n现在应还：913.78元\n1，期数5期，每期最多200.00元\n2，期数10期，每期最多110.00元\n"
        "截至11月23日 10:00\n1. 第1个\n2. 都不要"
    )


def test_a_plain_reply_is_its_text():
    assert as_text({"text": "好的", "card": None, "buttons": []}) == "好的"

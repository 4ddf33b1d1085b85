"""The first words to somebody who begins a conversation by following the account or opening it."""

from __future__ import annotations

from typing import Any

WELCOME: dict[str, Any] = {
    "text": (
        "您好，我是宽心，一个 AI 助手，专门帮还款遇到困难的朋友想办法。"
        "直接打字说就行，回复数字也可以；随时可以说“转人工”。"
    ),
    "buttons": [
        {"title": "我欠多少", "intent": "ask_loan_status"},
        {"title": "晚几天还", "intent": "request_extension"},
        {"title": "看看分期方案", "intent": "request_instalment_plan"},
        {"title": "转人工客服", "intent": "request_human"},
    ],
}
BOUND = (
    "登录好了，这里已经和您的账务绑定：以后在这里直接问就行，和银行页面上是同一个会话。"
    "如果不是您本人登录的，请马上回复“解绑”；想退出也说“解绑”。"
)

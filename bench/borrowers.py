"""Borrowers who talk at once, for Locust: `locust -f bench/borrowers.py --host http://…/webhooks/chat`.

Each takes a token that nobody else speaks with (KUANXIN_LOAD_TOKENS names a JSON list), tells one of the stories below
with the pauses of somebody who reads and types on a phone, and goes; another comes. A turn without an answer fails.
"""

from __future__ import annotations

import json
import os
import random
import uuid
from collections import deque
from pathlib import Path

from locust import HttpUser, between, task

# how often, and what is said; 确认 presses the button that agrees, where one was offered
STORIES = (
    (6, ("我欠多少", "会不会上征信", "怎么还款", "谢谢")),
    (4, ("逾期了", "28号才发工资 能不能晚几天", "下个月5号", "算了", "拜拜")),
    (4, ("能分期还吗", "一个月最多五百", "便宜的那个", "罚息怎么算", "不用了")),
    (2, ("我想延期", "月底", "确认")),
    (2, ("失业了 真的还不上", "每月少还一点", "三百", "不用了", "谢谢你")),
    (2, ("扣款没扣成功怎么回事", "怎么手动还", "好的")),
    (1, ("一次性还清要多少", "有手续费吗", "算了")),
    (1, ("天天打电话 我要投诉", "别再发短信了", "谢谢")),
    (1, ("我想还一部分", "先还两百", "不用了")),
)
READS_AND_TYPES = between(5, 15)  # seconds
TOKENS = deque(json.loads(Path(os.environ["KUANXIN_LOAD_TOKENS"]).read_text("utf-8")))


class Borrower(HttpUser):
    wait_time = READS_AND_TYPES

    def on_start(self) -> None:
        self.left: deque[str] = deque()

    @task
    def say(self) -> None:
        if not self.left:
            TOKENS.rotate(-1)
            self.token = TOKENS[0]
            weights, stories = zip(*STORIES, strict=True)
            self.left = deque(random.choices(stories, weights)[0])
        body = {"message_id": uuid.uuid4().hex, "text": self.left.popleft()}
        headers = {"Authorization": f"Bearer {self.token}"}
        with self.client.post("/messages", json=body, headers=headers, name="a turn", catch_response=True) as answer:
            if answer.ok and not answer.json()["messages"]:
                answer.failure("no answer")

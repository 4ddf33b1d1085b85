"""Borrowers who talk at once, for Locust: `locust -f bench/borrowers.py --host http://…/webhooks/chat`.

Each takes a token that nobody else speaks with (KUANXIN_LOAD_TOKENS names a JSON list), tells a story
(bench/stories.py) with the pauses of somebody who reads and types on a phone, and goes; another comes. A turn without
an answer fails.
"""

from __future__ import annotations

import json
import os
import random
import uuid
from collections import deque
from pathlib import Path

from locust import HttpUser, between, task

from bench.stories import STORIES

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

"""Talks to a running assistant over its REST channel."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS = (3.05, 60)


class ServerDown(Exception):
    """Nothing answers at the address."""


class Refusal(Exception):
    """The assistant does not take the message; the text says why, for the person who wrote it."""


class ChatClient:
    """One conversation. `sign_in` gives a token, and a new one when that has expired."""

    def __init__(self, url: str, sign_in: Callable[[], str]) -> None:
        self._url = f"{url}/webhooks/chat"
        self._sign_in = sign_in
        self._token = ""
        self.last_id = 0  # the newest message seen

    def say(self, text: str) -> dict[str, Any]:
        """The answer {messages, holder}. Raises ServerDown, Refusal."""
        return self._answer("POST", "/messages", json={"text": text, "message_id": uuid.uuid4().hex})

    def press(self, button_id: str) -> dict[str, Any]:
        return self._answer("POST", "/messages", json={"button": button_id, "message_id": uuid.uuid4().hex})

    def news(self) -> dict[str, Any]:
        """What was said since the newest message seen, for example by a colleague."""
        return self._answer("GET", "/messages", params={"after": self.last_id})

    def recent(self, limit: int) -> dict[str, Any]:
        return self._answer("GET", "/messages", params={"limit": limit})

    def _answer(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        answer = self._send(method, path, **content)
        if answer.status_code == 401:  # the first time, or expired in the meantime: the same message again
            self._token = self._sign_in()
            answer = self._send(method, path, **content)
        body = _json(answer)
        if answer.status_code >= 300:
            raise Refusal(body.get("error", {}).get("message") or f"服务返回了 {answer.status_code}，请稍后再试。")
        self.last_id = max([self.last_id, *(message["id"] for message in body["messages"])])
        return body

    def _send(self, method: str, path: str, **content: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token or 'none'}"}
        return _asked(method, self._url + path, headers=headers, **content)


def visitor_token(url: str) -> str:
    """A token for somebody who does not sign in. Raises ServerDown, Refusal."""
    answer = _asked("POST", f"{url}/webhooks/chat/visitors")
    if answer.status_code >= 300:
        raise Refusal(f"服务返回了 {answer.status_code}，请稍后再试。")
    return str(answer.json()["token"])


def wait_until_ready(url: str, seconds: float) -> bool:
    """True when the assistant answers. Raises ServerDown where nothing is there at all."""
    until = time.monotonic() + seconds
    while True:
        if _asked("GET", f"{url}/webhooks/chat/health").status_code == 200:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.5)


def _asked(method: str, url: str, **content: Any) -> requests.Response:
    """A redirect is not followed: it would take the token and the words to another host. Raises ServerDown."""
    try:
        return requests.request(method, url, timeout=TIMEOUT_SECONDS, allow_redirects=False, **content)
    except requests.RequestException as error:
        raise ServerDown(type(error).__name__) from None


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}

"""Rasa's Slack connector behind the guard: `kuanxin.channels.slack.GuardedSlack` in credentials.yml."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.slack import SlackInput
from sanic.response import text as text_response
from slack_sdk.web.async_client import AsyncWebClient

from kuanxin.bootstrap import services
from kuanxin.channels.rasa_connectors import RasaCarrier, behind_guard
from kuanxin.conversations.timing import seconds

if TYPE_CHECKING:
    from sanic import Blueprint, Request

    from kuanxin.bootstrap import Services


class NotSentOn(AsyncWebClient):
    """Follows no redirect: it would take what a borrower is told to another host."""

    async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        once = {**req_args, "allow_redirects": False}
        return await super()._request(http_verb=http_verb, api_url=api_url, req_args=once)


class GuardedSlack(SlackInput):
    """Rasa's credentials; `api_url` for a relay. Only direct messages are answered: a channel has other readers."""

    parts: Services | None = None  # where it is not the process's own

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> GuardedSlack:
        given = dict(credentials or cls.raise_missing_credentials_exception())
        made = cls(given["slack_token"], slack_signing_secret=given["slack_signing_secret"])
        made.api_url = given.get("api_url")
        return made

    def blueprint(self, on_new_message: Any) -> Blueprint:
        carrier = RasaCarrier("slack", self._to, 2900, 5)
        return behind_guard(self, self.parts or services(), on_new_message, carrier)

    def get_metadata(self, request: Request) -> dict[str, Any]:
        found = super().get_metadata(request)
        if request.headers.get("content-type") == "application/json":
            event = request.json.get("event") or {}
            which, private = request.json.get("event_id", ""), event.get("channel_type") == "im"
            found["sent_at"] = seconds(event.get("ts"))
        else:
            payload = json.loads(request.form["payload"][0])
            which, private = payload.get("trigger_id", ""), str(found.get("out_channel", "")).startswith("D")
        return {**found, "message_id": "s" + hashlib.sha256(which.encode()).hexdigest()[:40], "private": private}

    async def process_message(self, request: Request, on_new_message: Any, text: str, sender_id: Any, metadata: Any):
        """Kept before Slack gets its receipt; Rasa gives it first, and drops what Slack repeats."""
        await on_new_message(UserMessage(text, None, sender_id, metadata=metadata))
        return text_response("")

    def _to(self, address: str) -> Any:
        output = self.get_output_channel()
        output.client = NotSentOn(self.slack_token, base_url=self.api_url or NotSentOn.BASE_URL)
        return output

"""Rasa's Telegram connector behind the guard: `kuanxin.channels.telegram.GuardedTelegram` in credentials.yml."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from aiogram.bot.api import TelegramAPIServer
from rasa.core.channels.telegram import TelegramInput, TelegramOutput
from sanic.response import text as text_response

from kuanxin.bootstrap import services
from kuanxin.channels.rasa_connectors import RasaCarrier, behind_guard, tried
from kuanxin.conversations.timing import seconds

if TYPE_CHECKING:
    from sanic import Blueprint, Request

    from kuanxin.bootstrap import Services

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class NotSentOn(TelegramOutput):
    """Follows no redirect: it would take what a borrower is told to another host."""

    async def request(self, method: str, data: Any = None, files: Any = None, **options: Any) -> Any:
        return await super().request(method, data, files, allow_redirects=False, **options)


class GuardedTelegram(TelegramInput):
    """Rasa's credentials, and `secret`, which Telegram sends with each request; `api_url` of one's own API server."""

    parts: Services | None = None  # where it is not the process's own

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> GuardedTelegram:
        given = credentials or cls.raise_missing_credentials_exception()
        made = cls(given["access_token"], given["verify"], given["webhook_url"])
        made.secret, made.api_url = given["secret"], given.get("api_url")
        return made

    def get_output_channel(self) -> TelegramOutput:  # Rasa's sets the webhook here, without a secret
        output = NotSentOn(self.access_token)
        output.server = TelegramAPIServer.from_base(self.api_url) if self.api_url else output.server
        return output

    def blueprint(self, on_new_message: Any) -> Blueprint:
        output = self.get_output_channel()
        carrier = RasaCarrier("telegram", lambda address: output, 4000, 20, button_type="vertical")
        routes = behind_guard(self, self.parts or services(), on_new_message, carrier)

        @routes.listener("after_server_start")
        async def tell_telegram(app: Any, loop: Any) -> None:
            hook = {"url": self.webhook_url, "secret_token": self.secret}
            app.add_task(tried("telegram's webhook could not be set", output.request("setWebhook", hook)))

        @routes.on_request
        async def only_telegram(request: Request) -> Any:
            given = request.headers.get(SECRET_HEADER, "").encode()
            return None if hmac.compare_digest(given, self.secret.encode()) else text_response("", 403)

        return routes

    def get_metadata(self, request: Request) -> dict[str, Any]:
        update = request.json
        written = update.get("edited_message") or update.get("message")
        chat = (written or (update.get("callback_query") or {}).get("message") or {}).get("chat") or {}
        found = {"message_id": f"t{update.get('update_id')}", "private": chat.get("type") == "private"}
        if written:  # of a button pressed Telegram does not say when
            found["sent_at"] = seconds(written.get("edit_date") or written.get("date"))
        return found

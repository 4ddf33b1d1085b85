"""Opens the callback address of WeCom in the Rasa server: /webhooks/wecom/callback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sanic import Blueprint

from kuanxin.channels.composed import ComposedChannel
from kuanxin.channels.wechat.channel import TAKEN, add_callback
from kuanxin.channels.wechat.sealed import Seal
from kuanxin.channels.wecom.carrier import CHANNEL, WeComCarrier
from kuanxin.channels.wecom.line import WeComLine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rasa.core.channels.channel import UserMessage


class WeComChannel(ComposedChannel):
    """`kuanxin.channels.wecom.channel.WeComChannel` in credentials.yml; open where KUANXIN_WECOM_CORP_ID is set."""

    @classmethod
    def name(cls) -> str:
        return CHANNEL

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        parts = self.parts
        routes = Blueprint("kuanxin_wecom")
        settings = parts.settings
        if not settings.wecom_corp_id:
            return routes
        token, key = settings.wecom_token.get_secret_value(), settings.wecom_aes_key.get_secret_value()
        seal = Seal(token, key, settings.wecom_corp_id, work=True)
        line = WeComLine(parts, WeComCarrier(parts.wecom(), parts.shared), on_new_message)

        @routes.listener("after_server_start")
        async def begin(app: Any, loop: Any) -> None:
            app.add_task(line.follow(), name=f"{line.carrier.channel} follows")  # named: Sanic ends it when it stops
            app.add_task(line.pull_all())

        async def take(query: dict[str, str], body: bytes) -> str:
            """Says only that something happened: what, is pulled. A call that comes twice pulls nothing new."""
            event = seal.open(query, body)
            if event.get("Event") == "kf_msg_or_event" and event.get("OpenKfId"):
                line.pull_soon(str(event["OpenKfId"]), str(event.get("Token") or ""))
            return TAKEN

        add_callback(routes, seal, take)
        return routes

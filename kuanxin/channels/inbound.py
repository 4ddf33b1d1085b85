"""A message as a connector hands it over, checked: what cannot be a message is refused with words for its sender."""

from __future__ import annotations

import re
import unicodedata
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kuanxin.identity.service import Speaker

MOST_CHARACTERS = 2000
MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
BUTTON_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
# Invisible characters that hide or turn around what is written. The joiner of emoji (U+200D) is none of them.
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


class Refused(Exception):
    """A request that is not carried out. `status` is an HTTP status, `text` is for people."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Inbound:
    """Somebody (proved by the connector) typed a text or pressed a button that we issued."""

    speaker: Speaker
    channel: str
    text: str | None = None
    button: str | None = None
    message_id: str = ""  # of the sender; without one a repetition cannot be recognised
    sent_at: float | None = None  # seconds since 1970, where a platform stands between; kuanxin.conversations.timing
    late: bool = False  # a number that was typed before the choices on the screen were there

    def checked(self) -> Inbound:
        """Without control characters, with a message id. Raises Refused."""
        if (self.text is None) == (self.button is None):
            raise Refused(422, "text_or_button", "请发送文字，或者按一个按钮。")
        if self.button is not None and not BUTTON_ID.fullmatch(self.button):
            raise Refused(422, "button", "这个按钮的编号不对。")
        if self.message_id and not MESSAGE_ID.fullmatch(self.message_id):
            raise Refused(422, "message_id", "message_id 只能用字母、数字、-、_，最多64个。")
        text = None if self.text is None else clean(self.text)
        if text is not None and len(text) > MOST_CHARACTERS:
            raise Refused(422, "too_long", f"这条消息太长了，请分几条发，每条不超过{MOST_CHARACTERS}字。")
        if text is not None and not without_command(text):
            raise Refused(422, "empty", "这条消息是空的，请打字告诉我您想办什么。")
        return replace(self, text=text, message_id=self.message_id or uuid.uuid4().hex)


def read_message(body: Any, speaker: Speaker, channel: str) -> Inbound:
    """The message in a JSON body {text | button, message_id}; whatever else a client writes there is ignored.

    Raises Refused.
    """
    if not isinstance(body, dict):
        raise Refused(422, "json", "请求内容应该是一个 JSON 对象。")
    fields = {name: body.get(name) for name in ("text", "button", "message_id")}
    for name, value in fields.items():
        if value is not None and not isinstance(value, str):
            raise Refused(422, name, f"{name} 应该是文字。")
    fields["message_id"] = fields["message_id"] or ""
    return Inbound(speaker, channel, **fields).checked()


def without_command(text: str) -> str:
    """Typed text never starts a command: Rasa runs whatever begins with "/", so nothing typed begins with it."""
    start = 0
    while start < len(text) and (
        text[start].isspace()
        or unicodedata.normalize("NFKC", text[start]).startswith("/")
        or unicodedata.category(text[start]) in {"Cc", "Cf"}
    ):
        start += 1
    return text[start:]


def clean(text: str) -> str:
    """Without control and invisible characters, and without what is no text at all."""
    text = _INVISIBLE.sub("", text.encode("utf-8", "ignore").decode())
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip()

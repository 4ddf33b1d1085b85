"""The APIs of a WeChat Official Account and of WeCom, through wechatpy's generic calls.

wechatpy's own handling of tokens is not used: it keeps one token for each process (a second one makes the first
invalid), asks for it without a deadline and asks for ever while the platform refuses it. Neither are its helpers for
single messages: in 2.0.0a26 `kf_message.send_location` and `send_miniprogram` put their content under "msgmenu",
`send_articles_link` under "link" inside "link", and `kf.sync_msg` leaves out the account.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import requests
from wechatpy.client import WeChatClient as OfficialClient
from wechatpy.exceptions import WeChatClientException
from wechatpy.work.client import WeChatClient as WorkClient

from kuanxin.gateways.breaker import Breaker, Open
from kuanxin.gateways.calls import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS = (2.0, 6.0)  # to connect, to answer
# a redirect would carry the secret, or what is said to a borrower, to another host
ONCE: dict[str, Any] = {"timeout": TIMEOUT_SECONDS, "allow_redirects": False}
RENEW_BEFORE_SECONDS = 300
TOKEN_LOCK_SECONDS = 10.0
TOKEN_WRONG = {40001, 40014, 42001}
TRY_LATER = {-1, 45009, 45011}  # busy; the account's calls of this day or minute are used up


class WeChatRefused(Exception):
    """The platform answered with an error; `code` is its errcode. Its text is left out: it may quote what was sent."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code


class SharedValues(Protocol):
    """What all workers share (`kuanxin.conversations.channels.SharedValues`)."""

    def get(self, name: str) -> str | None: ...
    def put(self, name: str, value: str, seconds: float | None = None) -> None: ...
    def lock(self, name: str, seconds: float) -> str | None: ...
    def unlock(self, name: str, key: str) -> None: ...


class SharedToken:
    """The access token of an account: one for all workers, renewed by one of them."""

    def __init__(self, name: str, values: SharedValues, fetch: Callable[[], tuple[str, int]]) -> None:
        self._name = name
        self._values = values
        self._fetch = fetch

    def current(self) -> str:
        return self._values.get(self._name) or self.renew("")

    def renew(self, stale: str) -> str:
        """Another token than the stale one: the one that somebody else got meanwhile, or a new one."""
        deadline = time.monotonic() + TOKEN_LOCK_SECONDS
        while time.monotonic() < deadline:
            if (known := self._values.get(self._name)) and known != stale:
                return known
            if key := self._values.lock(self._name, TOKEN_LOCK_SECONDS):
                try:
                    if (known := self._values.get(self._name)) and known != stale:
                        return known
                    token, seconds = self._fetch()
                    self._values.put(self._name, token, max(60, seconds - RENEW_BEFORE_SECONDS))
                    return token
                finally:
                    self._values.unlock(self._name, key)
            time.sleep(0.1)
        raise Unreachable("another worker did not bring a new access token in time")


class _Api:
    """Calls of one account. Every method blocks; raises WeChatRefused and Unreachable."""

    def __init__(self, client: Any, base_url: str, token: SharedToken) -> None:
        client.API_BASE_URL = f"{base_url}/cgi-bin/"
        client._http.max_redirects = 0
        self._client = client
        self._token = token
        self._breaker = Breaker()

    def post(self, path: str, data: Any = None, **other: Any) -> dict[str, Any]:
        """wechatpy's generic call, with the shared token; once more with a new one where the platform refuses it."""
        token = self._token.current()
        try:
            return self._once(path, token, data, other)
        except WeChatRefused as refused:
            if refused.code not in TOKEN_WRONG:
                raise
        return self._once(path, self._token.renew(stale=token), data, other)

    def upload_image(self, png: bytes) -> str:
        """The media id of a picture, good for three days."""
        files = {"media": ("kuanxin.png", png, "image/png")}
        answer = self.post("media/upload", files=files, query={"type": "image"})
        return str(answer["media_id"])

    def _once(self, path: str, token: str, data: Any, other: dict[str, Any]) -> dict[str, Any]:
        query = {"access_token": token, **other.get("query", {})}
        more = {name: value for name, value in other.items() if name != "query"}
        if data is not None:
            more["data"] = data
        answer = _asked(self._breaker, lambda: self._client.post(path, params=query, timeout=TIMEOUT_SECONDS, **more))
        if not isinstance(answer, dict):
            raise Unreachable("answered something that is not JSON")
        return answer


class OfficialAccount(_Api):
    def __init__(self, base_url: str, app_id: str, secret: str, values: SharedValues) -> None:
        self._account = {"appid": app_id, "secret": secret}
        self._url = f"{base_url}/cgi-bin/stable_token"
        client = OfficialClient(app_id, secret, auto_retry=False)
        super().__init__(client, base_url, SharedToken(f"token:wechat:{app_id}", values, self._fetch))

    def send(self, open_id: str, message: dict[str, Any]) -> None:
        """A customer-service message: {"msgtype": kind, kind: …}."""
        self.post("message/custom/send", {"touser": open_id, **message})

    def _fetch(self) -> tuple[str, int]:
        """In the body, where no log of addresses keeps the secret."""
        body = {"grant_type": "client_credential", **self._account}
        return _token(self._breaker, lambda: requests.post(self._url, json=body, **ONCE))


class WeCom(_Api):
    def __init__(self, base_url: str, corp_id: str, secret: str, values: SharedValues) -> None:
        self._account = {"corpid": corp_id, "corpsecret": secret}
        self._url = f"{base_url}/cgi-bin/gettoken"
        client = WorkClient(corp_id, secret, auto_retry=False)
        super().__init__(client, base_url, SharedToken(f"token:wecom:{corp_id}", values, self._fetch))

    def _fetch(self) -> tuple[str, int]:
        return _token(self._breaker, lambda: requests.get(self._url, self._account, **ONCE))


def _token(breaker: Breaker, ask: Callable[[], requests.Response]) -> tuple[str, int]:
    def asked() -> dict[str, Any]:
        answer = ask()
        answer.raise_for_status()
        if answer.is_redirect:
            raise requests.TooManyRedirects
        said = answer.json()
        if said.get("errcode"):
            raise WeChatClientException(said["errcode"], "")
        return dict(said)

    said = _asked(breaker, asked)
    return str(said["access_token"]), int(said["expires_in"])


def _asked(breaker: Breaker, ask: Callable[[], Any]) -> Any:
    """The answer. Errors of `requests` name addresses with the token inside: only their kind goes on."""
    refused: WeChatRefused | None = None
    try:
        with breaker.guard():
            try:
                return ask()
            except WeChatClientException as error:
                if error.errcode is None:
                    raise Unreachable("answered with an HTTP error") from None
                if error.errcode in TRY_LATER:
                    raise Unreachable(f"errcode {error.errcode}") from None
                refused = WeChatRefused(int(error.errcode))
    except Open:
        raise Unreachable("left alone after repeated failures") from None
    except (requests.RequestException, ValueError) as error:
        raise Unreachable(type(error).__name__) from None
    raise refused

"""Every setting of Kuanxin: environment variables with the prefix KUANXIN_, checked when a service is first asked for.

The default set-up needs none: SQLite and a demo key in ./var, servers on this machine. A wrong value is refused with
the variable's name and what is expected. KUANXIN_DATA_KEYS, KUANXIN_TOKEN_KEY, KUANXIN_LOAN_BOOK_TOKEN and the
passwords inside KUANXIN_DATABASE_URL, KUANXIN_REDIS_URL and KUANXIN_EVENTS_URL are secrets, as are those of WeChat and
WeCom: they are never printed.
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseSettings, Extra, Field, SecretStr, ValidationError, root_validator, validator

from kuanxin.clock import ClockError, fixed_now
from kuanxin.store.engine import database_url
from kuanxin.store.sealing import read_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "KUANXIN_"
ROOT = Path(__file__).resolve().parents[1]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = "一二三四五六日"
EXPECTED = {  # by pydantic's type of error; our own validators say it themselves
    "type_error.integer": "expected a whole number",
    "value_error.number.not_ge": "expected {limit_value} or more",
    "value_error.number.not_le": "expected {limit_value} or less",
    "value_error.const": "expected one of {permitted}",
}


class SettingsError(Exception):
    """One or more settings are wrong; the text has a line for each: the variable, what is wrong, what is expected."""


class StaffHours:
    """When colleagues answer, e.g. "mon-fri 09:00-18:00" (Asia/Shanghai, both days included, the last minute not)."""

    FORM = re.compile(r"([a-z]{3})-([a-z]{3}) (\d\d:\d\d)-(\d\d:\d\d)")

    def __init__(self, text: str) -> None:
        """Raises ValueError where the text has another form."""
        found = self.FORM.fullmatch(text.strip().lower())
        try:
            first, last, opens, closes = found.groups()  # type: ignore[union-attr]
            self.first, self.last = DAYS.index(first), DAYS.index(last)
            self.opens, self.closes = time.fromisoformat(opens), time.fromisoformat(closes)
            if self.first > self.last or self.opens >= self.closes:
                raise ValueError
        except (AttributeError, ValueError):
            raise ValueError('expected days and hours like "mon-fri 09:00-18:00"') from None

    def open_at(self, now: datetime) -> bool:
        return self.first <= now.weekday() <= self.last and self.opens <= now.time() < self.closes

    def __str__(self) -> str:
        """As borrowers read it: 周一到周五 9:00-18:00."""
        if (self.first, self.last) == (0, 6):
            days = "每天"
        elif self.first == self.last:
            days = f"每周{DAY_NAMES[self.first]}"
        else:
            days = f"周{DAY_NAMES[self.first]}到周{DAY_NAMES[self.last]}"
        return f"{days}{self.opens.hour}:{self.opens:%M}-{self.closes.hour}:{self.closes:%M}"


class Settings(BaseSettings):
    """One field for each variable: `token_key` is KUANXIN_TOKEN_KEY."""

    var: Path = Field("var", description="folder of the working files: database, outbox, keys, logs")
    database_url: str = Field("", description="the database; default: a SQLite file in KUANXIN_VAR")
    data_keys: SecretStr = Field("", description="seal personal data in the database, the sealing key first")
    now: str = Field("", description="fixes the clock of a demo or test book; refused over real data")
    policy_file: Path = Field(ROOT / "policy.yml", description="which relief there is, its limits, who decides")
    notices_file: Path = Field(ROOT / "notices.yml", description="what is sent to borrowers, when, in which words")

    loan_book_url: str = Field("", description="the bank's own loan system; default: the book in the database")
    loan_book_token: SecretStr = Field("", description="bearer token for that system")

    token_algorithm: Literal["HS256", "RS256", "ES256"] = Field("HS256", description="how the bank signs its tokens")
    token_key: SecretStr = Field("", description="the shared secret, or the public key as PEM or as file:/path/to/it")
    token_audience: str = Field("kuanxin", description="the `aud` that the bank writes into its tokens")
    token_max_age_minutes: int = Field(60, ge=1, le=24 * 60, description="no token is accepted longer after its `iat`")
    sign_in_minutes: int = Field(120, ge=5, le=24 * 60, description="how long a sign-in through a link lasts")
    bank_sign_in_url: str = Field("", description="the bank's sign-in page; default: the demo page")

    public_url: str = Field("", description="where borrowers reach Kuanxin; default: the Rasa port of this machine")
    web_origins: str = Field("", description="pages that may embed the web chat, comma between; default: the demo page")
    redis_url: SecretStr = Field("", description="Redis, where several server workers share the web chat's rooms")
    events_url: SecretStr = Field("", description="RabbitMQ, which takes events for analytics; default: none are sent")

    binding_days: int = Field(90, ge=1, le=365, description="how long a WeChat account stays bound to a borrower")
    wechat_app_id: str = Field("", description="the Official Account; with it the WeChat channel is open")
    wechat_secret: SecretStr = Field("", description="its AppSecret")
    wechat_token: SecretStr = Field("", description="its callback token")
    wechat_aes_key: SecretStr = Field("", description="its EncodingAESKey, 43 characters")
    wechat_api_url: str = Field("https://api.weixin.qq.com", description="its API, or a relay in front of it")
    wecom_corp_id: str = Field("", description="the corporation in WeCom; with it the 微信客服 channel is open")
    wecom_secret: SecretStr = Field("", description="the secret of 微信客服")
    wecom_token: SecretStr = Field("", description="its callback token")
    wecom_aes_key: SecretStr = Field("", description="its EncodingAESKey, 43 characters")
    wecom_api_url: str = Field("https://qyapi.weixin.qq.com", description="WeCom's API, or a relay in front of it")
    wecom_colleagues: Literal["desk", "wecom"] = Field("desk", description="where colleagues answer 微信客服")

    log_format: Literal["text", "json"] = Field("text", description="of the servers' logs; json: an object a line")
    metrics_port: int = Field(
        0,
        ge=0,
        le=65532,
        description="figures of rasa for Prometheus; of actions, notices, desk on the three after; 0: none",
    )
    interface: str = Field("127.0.0.1", description="the address that the servers listen on")
    rasa_port: int = Field(5005, ge=1, le=65535, description="the Rasa server")
    action_port: int = Field(5055, ge=1, le=65535, description="the action server")
    page_port: int = Field(5080, ge=1, le=65535, description="the demo bank page")

    sms_gateway: Literal["folder", "http", "aliyun", "tencent"] = Field("folder", description="what carries SMS")
    sms_url: str = Field("", description="the SMS gateway; default of the clouds: their own address")
    sms_key: str = Field("", description="the key id of a cloud account (SecretId at Tencent)")
    sms_secret: SecretStr = Field("", description="its secret, or the bearer token of an HTTP gateway")
    sms_app: str = Field("", description="the SmsSdkAppId at Tencent")
    sms_callback_token: SecretStr = Field("", description="stands in the address that receipts and replies come to")

    desk_port: int = Field(5090, ge=1, le=65535, description="the desk, for staff only")
    desk_hosts: str = Field("127.0.0.1,localhost", description="names under which staff reach the desk, comma between")
    desk_https: bool = Field(False, description="the desk is reached over HTTPS only (a proxy in front says so)")
    desk_database_url: str = Field("", description="logins and audit of the desk; default: beside the database")
    desk_idle_minutes: int = Field(20, ge=1, le=600, description="after this without a click staff sign in again")
    desk_second_factor: bool = Field(True, description="staff need an authenticator app (demo accounts do not)")
    desk_four_eyes_over: int = Field(500_000, ge=0, description="fen; a second person confirms approvals above it")
    desk_oidc: str = Field("", description="issuer of the bank's identity provider, for single sign-on")
    desk_oidc_client: str = Field("", description="client id at that provider")
    desk_oidc_secret: SecretStr = Field("", description="client secret at that provider")
    retention_days: int = Field(0, ge=0, le=36500, description="conversations older than this are erased; 0: never")

    staff_hours: str = Field("mon-sun 09:00-20:00", description="when colleagues answer")

    class Config:
        env_prefix = PREFIX
        extra = Extra.forbid
        allow_mutation = False

    @validator("now")
    def _moment(cls, value: str) -> str:
        try:
            fixed_now({"KUANXIN_NOW": value})
        except ClockError:
            raise ValueError("expected a moment with its zone, like 2026-11-23T10:00:00+08:00") from None
        return value

    @validator("database_url", "desk_database_url")
    def _database(cls, value: str) -> str:
        if value and not re.match(r"(sqlite:///.|postgres(ql)?(\+psycopg2)?://.)", value):
            raise ValueError("expected sqlite:///path/to/file.db or postgresql://user:password@host/database")
        return value

    @validator(
        "loan_book_url", "bank_sign_in_url", "public_url", "sms_url", "wechat_api_url", "wecom_api_url", "desk_oidc"
    )
    def _web_address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("expected an address that begins with https:// (or http:// inside one machine)")
        return value.rstrip("/")

    @validator("data_keys")
    def _data_keys(cls, value: SecretStr) -> SecretStr:
        read_keys(value.get_secret_value())
        return value

    @validator("web_origins")
    def _origins(cls, value: str) -> str:
        for origin in filter(None, (part.strip() for part in value.split(","))):
            parts = urlsplit(origin)
            if (
                parts.scheme not in {"http", "https"}
                or not parts.hostname
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError("expected origins like https://www.bank.example,https://m.bank.example (no path)")
        return value

    @validator("redis_url")
    def _redis(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.match(r"(rediss?|unix)://.", value.get_secret_value()):
            raise ValueError("expected redis://host:6379/0 (rediss:// for TLS)")
        return value

    @validator("events_url")
    def _rabbitmq(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.match(r"amqps?://[^:@/]+:[^@/]+@[^:@/]+", value.get_secret_value()):
            raise ValueError("expected amqp://user:password@host:5672/ (amqps:// for TLS)")
        return value

    @validator("wechat_aes_key", "wecom_aes_key")
    def _aes_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.fullmatch(r"[A-Za-z0-9+/]{43}", value.get_secret_value()):
            raise ValueError("expected the EncodingAESKey of the platform's console: 43 letters and digits")
        return value

    @validator("wechat_aes_key", always=True)
    def _official_account(cls, value: SecretStr, values: dict[str, Any]) -> SecretStr:
        return _all_of(value, values, "wechat", "app_id")

    @validator("wecom_aes_key", always=True)
    def _corporation(cls, value: SecretStr, values: dict[str, Any]) -> SecretStr:
        return _all_of(value, values, "wecom", "corp_id")

    @validator("staff_hours")
    def _hours(cls, value: str) -> str:
        StaffHours(value)
        return value

    @root_validator(skip_on_failure=True)
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        values["var"] = values["var"].expanduser().resolve()
        if not values["database_url"]:
            values["database_url"] = database_url({"KUANXIN_VAR": str(values["var"])})
        if not values["desk_database_url"]:
            own_file = f"sqlite:///{values['var'] / 'desk.db'}"
            shared = values["database_url"]
            values["desk_database_url"] = own_file if shared.startswith("sqlite") else shared
        if not values["public_url"]:
            values["public_url"] = f"http://127.0.0.1:{values['rasa_port']}"
        if not values["bank_sign_in_url"]:
            values["bank_sign_in_url"] = f"http://127.0.0.1:{values['page_port']}/sign-in"
        return values

    @property
    def demo_key(self) -> bool:
        """True where tokens are signed with the secret that this set-up made for itself: a demo, no bank behind it."""
        return not self.token_key.get_secret_value()

    @property
    def hours(self) -> StaffHours:
        return StaffHours(self.staff_hours)

    @property
    def staff_hours_text(self) -> str:
        return str(self.hours)

    @property
    def origins(self) -> list[str]:
        """The origins whose pages may open the web chat; the bank's own, or the demo page's."""
        named = [part.strip() for part in self.web_origins.split(",") if part.strip()]
        return named or [f"http://{host}:{self.page_port}" for host in ("127.0.0.1", "localhost")]

    @property
    def outbox(self) -> Path:
        """Where outgoing messages go in the default set-up, for the operator to read."""
        return self.var / "outbox"

    def bank_key(self) -> str:
        """The key that checks the bank's tokens. Raises SettingsError where it does not suit the algorithm."""
        if self.demo_key:
            if self.token_algorithm != "HS256" or self.loan_book_url:
                raise SettingsError(
                    "KUANXIN_TOKEN_KEY: missing, expected the key of the bank's tokens "
                    "(only the demo set-up makes one for itself)"
                )
            return self.own_secret("demo-token")
        key = self.token_key.get_secret_value()
        if key.startswith("file:"):
            try:
                key = Path(key.removeprefix("file:")).read_text("utf-8").strip()
            except OSError as error:
                raise SettingsError(f"KUANXIN_TOKEN_KEY: {error.strerror}, expected a file that can be read") from None
        public = "-----BEGIN PUBLIC KEY-----" in key
        if self.token_algorithm == "HS256" and ("-----BEGIN" in key or len(key.encode()) < 32):
            raise SettingsError("KUANXIN_TOKEN_KEY: not a secret for HS256, expected 32 bytes or more of random text")
        if self.token_algorithm != "HS256" and not public:
            raise SettingsError(
                f"KUANXIN_TOKEN_KEY: not a public key for {self.token_algorithm}, expected PEM "
                "(-----BEGIN PUBLIC KEY-----)"
            )
        return key

    def sms_callbacks(self) -> str:
        """What stands in the address that receipts and replies of SMS come to; made once where it is not set."""
        return self.sms_callback_token.get_secret_value() or self.own_secret("sms-callbacks")

    def own_secret(self, name: str) -> str:
        """A random secret of this set-up, made once in KUANXIN_VAR and readable by its owner only."""
        path = self.var / f"{name}.key"
        try:
            if not path.exists():
                _make_secret(path)
            return path.read_text("ascii")
        except OSError as error:
            raise SettingsError(f"KUANXIN_VAR: {error.strerror} ({path}), expected a folder to write to") from None


def read_settings(spelling: bool = False) -> Settings:
    """The settings of this process. Raises SettingsError with one line for each wrong variable; with `spelling`, also
    for each that begins like ours and is none: a misspelt one would leave its default in force unnoticed.
    """
    wrong = _misspelt(os.environ) if spelling else []
    try:
        settings = Settings()
    except ValidationError as error:
        wrong += [_line(problem) for problem in error.errors()]
    if wrong:
        raise SettingsError("\n".join(wrong))
    return settings


def table() -> str:
    """Every setting in Markdown, for docs/operation.md."""
    rows = []
    for name, field in Settings.__fields__.items():
        default = field.default
        if field.type_ is SecretStr:
            shown = "secret"
        elif isinstance(default, Path):
            shown = f"`{default.relative_to(ROOT) if default.is_absolute() else default}`"
        else:
            shown = f"`{str(default).lower() if isinstance(default, bool) else default}`" if default != "" else ""
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.field_info.description} |")
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows])


def _misspelt(names: Iterable[str]) -> list[str]:
    known = [f"{PREFIX}{name.upper()}" for name in Settings.__fields__]
    lines = []
    for name in sorted(name for name in names if name.startswith(PREFIX) and name not in known):
        near = difflib.get_close_matches(name, known, 1, 0.8)
        lines.append(f"{name}: there is no such setting, expected " + (near[0] if near else "one of docs/operation.md"))
    return lines


def _all_of(aes_key: SecretStr, values: dict[str, Any], platform: str, account: str) -> SecretStr:
    """A platform is set up wholly or not at all."""
    parts = {account: SecretStr(values.get(f"{platform}_{account}") or "")}
    parts |= {name: values.get(f"{platform}_{name}") or SecretStr("") for name in ("secret", "token")}
    parts["aes_key"] = aes_key
    missing = [f"{PREFIX}{platform.upper()}_{n.upper()}" for n, v in parts.items() if not v.get_secret_value()]
    if missing and len(missing) < len(parts):
        raise ValueError(f"expected all four of the account; missing: {', '.join(missing)}")
    return aes_key


def _make_secret(path: Path) -> None:
    """Where two processes start together, the file appears complete or not at all, and the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _line(problem: dict[str, Any]) -> str:
    """The value itself may be a secret and is left out."""
    expected = EXPECTED.get(problem["type"], problem["msg"]).format(**problem.get("ctx", {}))
    return f"{PREFIX}{str(problem['loc'][0]).upper()}: not usable, {expected}"

"""Every setting of Kuanxin: environment variables with the prefix KUANXIN_, checked when a service is first asked for.

The default set-up needs none: SQLite and a demo key in ./var, servers on this machine. A wrong value is refused with
the variable's name and what is expected. KUANXIN_TOKEN_KEY, KUANXIN_LOAN_BOOK_TOKEN and the passwords inside
KUANXIN_DATABASE_URL and KUANXIN_REDIS_URL are secrets: they are never printed.
"""

from __future__ import annotations

import os
import re
import secrets
from datetime import datetime, time
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseSettings, Extra, Field, SecretStr, ValidationError, root_validator, validator

from kuanxin.clock import ClockError, fixed_now
from kuanxin.store.engine import database_url

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
    now: str = Field("", description="fixes the clock of a demo or test book; refused over real data")
    policy_file: Path = Field(ROOT / "policy.yml", description="which relief there is, its limits, who decides")

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

    interface: str = Field("127.0.0.1", description="the address that the servers listen on")
    rasa_port: int = Field(5005, ge=1, le=65535, description="the Rasa server")
    action_port: int = Field(5055, ge=1, le=65535, description="the action server")
    page_port: int = Field(5080, ge=1, le=65535, description="the demo bank page")

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

    @validator("loan_book_url", "bank_sign_in_url", "public_url", "desk_oidc")
    def _web_address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("expected an address that begins with https:// (or http:// inside one machine)")
        return value.rstrip("/")

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

    def own_secret(self, name: str) -> str:
        """A random secret of this set-up, made once in KUANXIN_VAR and readable by its owner only."""
        path = self.var / f"{name}.key"
        try:
            if not path.exists():
                _make_secret(path)
            return path.read_text("ascii")
        except OSError as error:
            raise SettingsError(f"KUANXIN_VAR: {error.strerror} ({path}), expected a folder to write to") from None


def read_settings() -> Settings:
    """The settings of this process. Raises SettingsError with one line for each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_line(problem) for problem in error.errors())) from None


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

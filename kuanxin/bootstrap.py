"""The composition root: the only place that knows which parts stand behind the ports.

`services()` gives them, made once a process; nothing happens at import. The embedded loan book is the default,
KUANXIN_LOAN_BOOK_URL puts the bank's own system in its place.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import yaml

from kuanxin.clock import Clock
from kuanxin.conversations.alerts import FolderAlerts
from kuanxin.conversations.service import Conversations
from kuanxin.conversations.staff import Staff
from kuanxin.gateways.core_banking import HttpLoanBook
from kuanxin.gateways.notice_folder import FolderCarrier
from kuanxin.gateways.notice_wechat import WeChatNotices
from kuanxin.gateways.sms_http import HttpCarrier
from kuanxin.gateways.wechat import OfficialAccount, WeCom
from kuanxin.identity.service import Identity
from kuanxin.identity.tokens import BankTokens, VisitorTokens
from kuanxin.notices.catalogue import Catalogue, NoticesError
from kuanxin.notices.contact import ContactWishes
from kuanxin.notices.planner import Planner
from kuanxin.notices.ports import Way
from kuanxin.notices.sender import Sender
from kuanxin.servicing.policy import Policy, PolicyError
from kuanxin.servicing.service import Servicing
from kuanxin.settings import Settings, SettingsError, read_settings
from kuanxin.store.addresses_repository import SqlAddresses
from kuanxin.store.channels_repository import SqlDeliveries, SqlInbox, SqlSharedValues
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine
from kuanxin.store.erasure import SqlErasure
from kuanxin.store.figures import SqlFigures
from kuanxin.store.identity_repository import SqlSignIns
from kuanxin.store.models_repository import SqlModels
from kuanxin.store.outbox import Outbox
from kuanxin.store.outbox_causes import OutboxCauses
from kuanxin.store.person import SqlPerson
from kuanxin.store.portfolio import borrower_count, known_borrowers, portfolio
from kuanxin.store.sql_book import SqlLoanBook
from kuanxin.store.staff_repository import SqlStaff
from kuanxin.store.transcripts_search import SqlTranscripts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from kuanxin.conversations.channels import Deliveries, Inbox, SharedValues
    from kuanxin.identity.addresses import Addresses
    from kuanxin.notices.ports import Carrier
    from kuanxin.servicing.model import Borrower, Loan
    from kuanxin.servicing.ports import LoanBook

_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: Engine
    clock: Clock
    book: LoanBook
    servicing: Servicing
    conversations: Conversations
    staff: Staff
    figures: SqlFigures
    erasure: SqlErasure
    models: SqlModels
    person: SqlPerson
    identity: Identity
    catalogue: Catalogue
    outbox: Outbox
    contact: ContactWishes
    planner: Planner
    sender: Sender
    addresses: Addresses
    inbox: Inbox
    deliveries: Deliveries
    shared: SharedValues

    def portfolio(self) -> tuple[int | None, Iterator[dict[str, list[Loan]]]]:
        """All borrowers with their loans in lots, and how many (None: not known before).

        Of a bank's own system that cannot be gone through: those who ever signed in. Raises BookUnavailable.
        """
        if self.settings.loan_book_url:
            whole = self.book.lots() if isinstance(self.book, HttpLoanBook) else None
            return None, whole or known_borrowers(self.engine, self.book)
        return borrower_count(self.engine), portfolio(self.engine)

    def official_account(self) -> OfficialAccount:
        """The API of the WeChat Official Account that the settings name."""
        return official_account(self.settings, self.shared)

    def wecom(self) -> WeCom:
        """The API of the corporation that the settings name."""
        settings = self.settings
        secret = settings.wecom_secret.get_secret_value()
        return WeCom(settings.wecom_api_url, settings.wecom_corp_id, secret, self.shared)


_made: Services | None = None
_lock = threading.Lock()


def services() -> Services:
    """The services of this process. Raises SettingsError where a setting or the policy cannot be used."""
    global _made
    with _lock:
        if _made is None:
            _made = compose(read_settings())
        return _made


def checked_settings() -> Settings:
    """The settings of a process that is about to start, everything about them checked. Raises SettingsError."""
    settings = read_settings(spelling=True)
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """What no single value shows: keys, files, what belongs together. Raises SettingsError with every mistake."""
    wrong = []
    for part in (
        settings.bank_key,
        lambda: read_policy(settings.policy_file),
        lambda: sms_carrier(settings, read_catalogue(settings.notices_file)),
    ):
        try:
            part()
        except SettingsError as error:
            wrong.append(str(error))
    if wrong:
        raise SettingsError("\n".join(wrong))


def compose(settings: Settings) -> Services:
    """The services for these settings. Opens no connection yet."""
    engine = make_engine(settings.database_url)
    catalogue = read_catalogue(settings.notices_file)
    outbox, causes = Outbox(engine, settings.own_secret("notices")), OutboxCauses(catalogue.timing)
    own_book = not settings.loan_book_url
    book: LoanBook = (
        SqlLoanBook(engine, causes.appended)
        if own_book
        else HttpLoanBook(settings.loan_book_url, settings.loan_book_token.get_secret_value())
    )
    servicing = Servicing(book, read_policy(settings.policy_file))
    identity = Identity(
        BankTokens(
            settings.bank_key(),
            settings.token_algorithm,
            settings.token_audience,
            settings.token_max_age_minutes * 60,
        ),
        VisitorTokens(settings.own_secret("visitor-token")),
        SqlSignIns(engine),
        settings.bank_sign_in_url,
        timedelta(minutes=settings.sign_in_minutes),
        timedelta(days=settings.binding_days),
    )
    store = SqlConversations(engine, causes)
    clock = Clock(engine if own_book else None, {"KUANXIN_NOW": settings.now})
    addresses, shared = SqlAddresses(engine), SqlSharedValues(engine)
    by_name = {way.name: way for way in ways(settings, catalogue, addresses, shared, clock)}
    return Services(
        settings=settings,
        engine=engine,
        clock=clock,
        book=book,
        servicing=servicing,
        conversations=Conversations(store, settings.hours.open_at, FolderAlerts(settings.outbox)),
        staff=Staff(SqlStaff(engine, causes), store, SqlTranscripts(engine)),
        figures=SqlFigures(engine),
        erasure=SqlErasure(engine),
        models=SqlModels(engine),
        person=SqlPerson(engine),
        identity=identity,
        catalogue=catalogue,
        outbox=outbox,
        contact=ContactWishes(outbox, addresses, catalogue.hours, by_name),
        planner=Planner(outbox, book, catalogue),
        sender=Sender(outbox, servicing, identity, catalogue, by_name),
        addresses=addresses,
        inbox=SqlInbox(engine),
        deliveries=SqlDeliveries(engine),
        shared=shared,
    )


def ways(
    settings: Settings, catalogue: Catalogue, addresses: Addresses, shared: SharedValues, clock: Clock
) -> tuple[Way, ...]:
    """The ways by which notices reach borrowers: SMS, and WeChat where an account is set up."""
    sms = Way("sms", sms_carrier(settings, catalogue), lambda borrower: borrower.phone)
    if not settings.wechat_app_id:
        return (sms,)

    def follower(borrower: Borrower) -> str:
        """Where WeChat finds a borrower, while the binding lasts."""
        bound = addresses.bindings(borrower.id)
        return next((one.address for one, ends in bound if one.channel == "wechat" and ends > clock.now()), "")

    return (sms, Way("wechat", WeChatNotices(official_account(settings, shared)), follower))


def official_account(settings: Settings, shared: SharedValues) -> OfficialAccount:
    secret = settings.wechat_secret.get_secret_value()
    return OfficialAccount(settings.wechat_api_url, settings.wechat_app_id, secret, shared)


def sms_carrier(settings: Settings, catalogue: Catalogue) -> Carrier:
    """What takes SMS. Raises SettingsError where something that it needs is missing."""
    gateway, secret = settings.sms_gateway, settings.sms_secret.get_secret_value()
    if gateway == "folder":
        return FolderCarrier(settings.outbox)
    if gateway == "http":
        _needed(settings, "sms_url", "sms_secret")
        return HttpCarrier(settings.sms_url, secret)
    _needed(settings, "sms_key", "sms_secret")
    if (cloud := catalogue.clouds.get(gateway)) is None:
        raise SettingsError(
            f"KUANXIN_NOTICES_FILE: has no clouds.{gateway}, expected the signature and the templates that it approved"
        )
    templates = {kind.value: code for kind, code in cloud.templates.items()}
    try:
        if gateway == "aliyun":
            from kuanxin.gateways.sms_aliyun import AliyunCarrier  # its SDK is optional

            return AliyunCarrier(settings.sms_key, secret, cloud.sign, templates, settings.sms_url)
        from kuanxin.gateways.sms_tencent import TencentCarrier  # its SDK is optional
    except ModuleNotFoundError:
        raise SettingsError(
            f"KUANXIN_SMS_GATEWAY: {gateway} needs its SDK, which is an extra: "
            ".venv/bin/pip install --require-hashes --no-deps -r requirements-sms.txt"
        ) from None
    _needed(settings, "sms_app")
    return TencentCarrier(settings.sms_key, secret, settings.sms_app, cloud.sign, templates, settings.sms_url)


def _needed(settings: Settings, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not (value.get_secret_value() if hasattr(value, "get_secret_value") else value):
            raise SettingsError(
                f"KUANXIN_{name.upper()}: missing, expected for KUANXIN_SMS_GATEWAY={settings.sms_gateway}"
            )


def read_catalogue(path: Path) -> Catalogue:
    """Raises SettingsError with everything that is wrong in the file."""
    return _parsed(path, Catalogue.parse, "KUANXIN_NOTICES_FILE", "the notices")


def read_policy(path: Path) -> Policy:
    """Raises SettingsError with everything that is wrong in the file."""
    return _parsed(path, Policy.parse, "KUANXIN_POLICY_FILE", "the policy")


def _parsed(path: Path, parse: Callable[[object], _Parsed], setting: str, what: str) -> _Parsed:
    try:
        return parse(yaml.safe_load(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(f"{setting}: {error.strerror} ({path}), expected {what} as YAML") from None
    except (yaml.YAMLError, NoticesError, PolicyError) as error:
        raise SettingsError(f"{setting}: {path} cannot be used\n{error}") from None

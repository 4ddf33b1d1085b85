"""The composition root: the only place that knows which parts stand behind the ports.

`services()` gives them, made once a process; nothing happens at import. The embedded loan book is the default,
KUANXIN_LOAN_BOOK_URL puts the bank's own system in its place.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import yaml

from kuanxin.clock import Clock
from kuanxin.conversations.alerts import FolderAlerts
from kuanxin.conversations.service import Conversations
from kuanxin.gateways.core_banking import HttpLoanBook
from kuanxin.gateways.wechat import OfficialAccount, WeCom
from kuanxin.identity.service import Identity
from kuanxin.identity.tokens import BankTokens, VisitorTokens
from kuanxin.servicing.policy import Policy, PolicyError
from kuanxin.servicing.service import Servicing
from kuanxin.settings import Settings, SettingsError, read_settings
from kuanxin.store.addresses_repository import SqlAddresses
from kuanxin.store.channels_repository import SqlDeliveries, SqlInbox, SqlSharedValues
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine
from kuanxin.store.identity_repository import SqlSignIns
from kuanxin.store.sql_book import SqlLoanBook

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from kuanxin.conversations.channels import Deliveries, Inbox, SharedValues
    from kuanxin.identity.addresses import Addresses
    from kuanxin.servicing.ports import LoanBook


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: Engine
    clock: Clock
    book: LoanBook
    servicing: Servicing
    conversations: Conversations
    identity: Identity
    addresses: Addresses
    inbox: Inbox
    deliveries: Deliveries
    shared: SharedValues

    def official_account(self) -> OfficialAccount:
        """The API of the WeChat Official Account that the settings name."""
        settings = self.settings
        secret = settings.wechat_secret.get_secret_value()
        return OfficialAccount(settings.wechat_api_url, settings.wechat_app_id, secret, self.shared)

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


def compose(settings: Settings) -> Services:
    """The services for these settings. Opens no connection yet."""
    engine = make_engine(settings.database_url)
    own_book = not settings.loan_book_url
    book: LoanBook = (
        SqlLoanBook(engine)
        if own_book
        else HttpLoanBook(settings.loan_book_url, settings.loan_book_token.get_secret_value())
    )
    return Services(
        settings=settings,
        engine=engine,
        clock=Clock(engine if own_book else None, {"KUANXIN_NOW": settings.now}),
        book=book,
        servicing=Servicing(book, read_policy(settings.policy_file)),
        conversations=Conversations(SqlConversations(engine), settings.hours.open_at, FolderAlerts(settings.outbox)),
        identity=Identity(
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
        ),
        addresses=SqlAddresses(engine),
        inbox=SqlInbox(engine),
        deliveries=SqlDeliveries(engine),
        shared=SqlSharedValues(engine),
    )


def read_policy(path: Path) -> Policy:
    """Raises SettingsError with everything that is wrong in the file."""
    try:
        return Policy.parse(yaml.safe_load(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(f"KUANXIN_POLICY_FILE: {error.strerror} ({path}), expected the policy as YAML") from None
    except (yaml.YAMLError, PolicyError) as error:
        raise SettingsError(f"KUANXIN_POLICY_FILE: {path} cannot be used\n{error}") from None

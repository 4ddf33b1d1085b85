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
from kuanxin.conversations.staff import Staff
from kuanxin.gateways.core_banking import HttpLoanBook
from kuanxin.identity.service import Identity
from kuanxin.identity.tokens import BankTokens, VisitorTokens
from kuanxin.servicing.policy import Policy, PolicyError
from kuanxin.servicing.service import Servicing
from kuanxin.settings import Settings, SettingsError, read_settings
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine
from kuanxin.store.erasure import SqlErasure
from kuanxin.store.figures import SqlFigures
from kuanxin.store.identity_repository import SqlSignIns
from kuanxin.store.sql_book import SqlLoanBook
from kuanxin.store.staff_repository import SqlStaff
from kuanxin.store.transcripts_search import SqlTranscripts

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from kuanxin.servicing.ports import LoanBook


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
    identity: Identity


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
    store = SqlConversations(engine)
    return Services(
        settings=settings,
        engine=engine,
        clock=Clock(engine if own_book else None, {"KUANXIN_NOW": settings.now}),
        book=book,
        servicing=Servicing(book, read_policy(settings.policy_file)),
        conversations=Conversations(store, settings.hours.open_at, FolderAlerts(settings.outbox)),
        figures=SqlFigures(engine),
        erasure=SqlErasure(engine),
        staff=Staff(SqlStaff(engine), store, SqlTranscripts(engine)),
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
        ),
    )


def read_policy(path: Path) -> Policy:
    """Raises SettingsError with everything that is wrong in the file."""
    try:
        return Policy.parse(yaml.safe_load(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(f"KUANXIN_POLICY_FILE: {error.strerror} ({path}), expected the policy as YAML") from None
    except (yaml.YAMLError, PolicyError) as error:
        raise SettingsError(f"KUANXIN_POLICY_FILE: {path} cannot be used\n{error}") from None

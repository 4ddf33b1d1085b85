"""A bank with borrowers, an outbox and a carrier that remembers: everything real but the carrier's far end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kuanxin.book.importer import import_book
from kuanxin.bootstrap import read_catalogue, read_policy
from kuanxin.conversations.service import Conversations
from kuanxin.identity.service import Identity
from kuanxin.identity.tokens import BankTokens, VisitorTokens
from kuanxin.notices.planner import Planner
from kuanxin.notices.ports import Accepted, Message, Outcome, Refused, Way
from kuanxin.notices.sender import Sender
from kuanxin.servicing.service import Servicing
from kuanxin.servicing.wire import SHANGHAI
from kuanxin.settings import ROOT
from kuanxin.store.conversations_repository import SqlConversations
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.identity_repository import SqlSignIns
from kuanxin.store.outbox import Outbox
from kuanxin.store.outbox_causes import OutboxCauses
from kuanxin.store.portfolio import portfolio
from kuanxin.store.sql_book import SqlLoanBook

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
TODAY = MONDAY.date()


@dataclass
class Carrier:
    """Remembers what it took. `answers` are given first, in their order; then everything is accepted."""

    wording: str = "full"
    taken: list[Message] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)  # to send; nothing is taken then, unless it is Accepted
    lost_answers: int = 0  # so many are taken and the answer is lost
    asked: list[Message] = field(default_factory=list)
    replies: list[Outcome] = field(default_factory=list)  # to ask; then the truth

    def send(self, message: Message) -> Outcome:
        if self.answers and not isinstance(self.answers[0], Accepted):
            return self.answers.pop(0)
        self.taken.append(message)
        return self.answers.pop(0) if self.answers else Accepted(f"R-{message.id[:8]}")

    def ask(self, message: Message) -> Outcome:
        self.asked.append(message)
        if self.replies:
            return self.replies.pop(0)
        taken = any(known.id == message.id for known in self.taken)
        return Accepted(f"R-{message.id[:8]}") if taken else Refused("never seen", again=True)


class NoAlerts:
    def urgent(self, conversation_id: str, now: datetime) -> None: ...


class World:
    """`seconds` is the real time that claims are counted in; tests move it."""

    def __init__(self, url: str, borrowers: list[dict], wording: str = "full", now: datetime = MONDAY) -> None:
        self.engine = make_engine(url)
        migrate(self.engine)
        if borrowers:
            import_book(self.engine, {"kind": "test", "borrowers": borrowers}, now)
        self.seconds = 1_000_000.0
        self.catalogue = read_catalogue(ROOT / "notices.yml")
        self.carrier = Carrier(wording)
        self.ways = {"sms": Way("sms", self.carrier, lambda borrower: borrower.phone)}
        self.compose()

    def compose(self) -> None:
        """The parts of a fresh process over the same database."""
        causes = OutboxCauses(self.catalogue.timing)
        self.outbox = Outbox(self.engine, "s" * 32, lambda: self.seconds)
        self.book = SqlLoanBook(self.engine, causes.appended)
        self.servicing = Servicing(self.book, read_policy(ROOT / "policy.yml"))
        self.conversations = Conversations(SqlConversations(self.engine, causes), lambda now: True, NoAlerts())
        self.identity = Identity(
            BankTokens("k" * 32, "HS256", "kuanxin", 3600),
            VisitorTokens("v" * 32),
            SqlSignIns(self.engine),
            "https://bank.example/sign-in",
            timedelta(hours=2),
        )
        self.planner = Planner(self.outbox, self.book, self.catalogue)
        self.sender = Sender(self.outbox, self.servicing, self.identity, self.catalogue, self.ways)

    def plan(self, now: datetime = MONDAY):
        return self.planner.plan(portfolio(self.engine), now)

    def send(self, now: datetime = MONDAY) -> None:
        self.sender.send_due(now)

    def later(self, seconds: float) -> None:
        self.seconds += seconds

    def talk(self, borrower_id: str, now: datetime = MONDAY, channel: str = "web") -> str:
        """A conversation in which this borrower is signed in."""
        conversation = f"b-{borrower_id}"
        self.conversations.open(conversation, channel, borrower_id, now)
        return conversation

    @property
    def kinds(self) -> list[str]:
        return [message.kind for message in self.carrier.taken]

    def states(self, borrower_id: str = "B1") -> dict[str, str]:
        return {entry.kind: entry.state for entry in self.outbox.of(borrower_id)}


def a_borrower(id: str = "B1", due: str = "today-1", phone: str = "13800000001", **loan: object) -> dict:
    terms = {"id": f"L-{id}", "principal": "9000", "instalments": 10, "paid_rows": 4, "next_due": due, **loan}
    return {"id": id, "name": f"测试{id}", "phone": phone, "loans": [terms]}


def on(days: int, clock: str = "10:00") -> datetime:
    """A moment so many days after the Monday of these tests."""
    hour, minute = map(int, clock.split(":"))
    return datetime.combine(TODAY + timedelta(days=days), datetime.min.time(), SHANGHAI).replace(
        hour=hour, minute=minute
    )

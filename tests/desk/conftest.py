"""A desk over a demo book in a folder of its own, and Django's client for each role. Composed once for this room."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = count(1)
ROLES = ("reviewer", "agent", "decider", "supervisor", "administrator", "auditor")


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo book, the demo logins and the demo conversations."""
    folder = tmp_path_factory.mktemp("desk")
    environment = os.environ | {"KUANXIN_VAR": str(folder), "PYTHONPATH": str(ROOT)}
    for command in (["kuanxin.book", "import", "kuanxin/book/demo.yml"], ["desk", "prepare"]):
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def django(var: Path) -> Iterator[Any]:
    """Django set up in this process for that folder."""
    patch = pytest.MonkeyPatch()
    patch.setenv("KUANXIN_VAR", str(var))
    patch.setenv("DJANGO_SETTINGS_MODULE", "desk.settings")
    patch.setattr("kuanxin.bootstrap._made", None)
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS.append("testserver")
    yield django
    patch.undo()


@pytest.fixture(scope="session")
def password(var: Path) -> str:
    return (var / "desk-demo-login.txt").read_text("ascii")


@pytest.fixture
def parts(django: Any) -> Any:
    from kuanxin.bootstrap import services

    return services()


@pytest.fixture
def sign_in(django: Any, password: str) -> Callable[..., Any]:
    """A client that is signed in: sign_in("agent") is demo-agent."""
    from django.test import Client

    def make(role: str, **options: Any) -> Client:
        client = Client(**options)
        answer = client.post("/sign-in/", {"username": f"demo-{role}", "password": password})
        assert answer.status_code == 302, answer.content.decode()
        return client

    return make


@pytest.fixture
def talk(parts: Any) -> Callable[..., str]:
    """A conversation in which a borrower said something and asked for a person."""

    def make(text: str = "我想找人工", borrower: str = "B002", asks: bool = True) -> str:
        id = f"t-{next(NUMBERS)}"
        now = parts.clock.now()
        parts.conversations.open(id, "web", borrower, now)
        parts.conversations.record_inbound(id, "m1", text, now, verified=True)
        parts.conversations.record_replies(id, [{"text": "好的"}], now, message_id="m1", verified=True)
        if asks:
            parts.conversations.hand_over(id, "request", "normal", f"想要：{text}", now)
        return id

    return make


@pytest.fixture
def requested(parts, django):
    """A fresh request for a waiver by a borrower who has none: the demo's own loan, undone again at the end."""
    from kuanxin.conversations.review import Agreement
    from kuanxin.servicing.quotes import PenaltyWaiver

    now = parts.clock.now()
    borrower, loan = "B004", "L004"
    quote = parts.servicing.quote(borrower, loan, PenaltyWaiver(100 + next(NUMBERS)), now)
    agreed = parts.servicing.commit(borrower, quote.hash, now, "求减免")
    id = f"decision-{agreed.id}"
    parts.conversations.open(id, "web", borrower, now)
    parts.conversations.record_inbound(id, "m1", "求减免罚息", now, verified=True)
    parts.conversations.record_replies(id, [{"text": "已提交"}], now, message_id="m1", verified=True)
    parts.conversations.hand_over(id, "decision", "normal", "申请", now)
    total = quote.total.total
    agreement = Agreement(
        agreed.id, id, borrower, loan, quote.hash, agreed.kind.value, agreed.state.value, total, agreed.agreed_at
    )
    parts.staff.remember_agreement(agreement)
    yield agreement
    parts.servicing.undo(borrower, loan, agreed.id, parts.clock.now(), "test")


@pytest.fixture
def no_limit(parts, monkeypatch):
    monkeypatch.setattr("desk.decisions.views._four_eyes", lambda found: False)


@pytest.fixture
def no_process(parts: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trainings are begun and nobody carries them out."""
    monkeypatch.setattr("desk.teaching.models_page._start", lambda id, by: None)
    yield
    for training in parts.models.trainings(9, parts.clock.now()):
        parts.models.failed(training.id, "the test is over", parts.clock.now())

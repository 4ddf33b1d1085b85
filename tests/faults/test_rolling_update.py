"""A release follows another under borrowers who talk: its schema and model first, then one worker, both side by side.

The next release's migration is one as docs/operation.md allows: it only adds. Its model is the present one under a name
and an id of its own.
"""

from __future__ import annotations

import io
import json
import secrets
import signal
import tarfile
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests
from sqlalchemy import select, text

from kuanxin.channels.guard import FAILED
from kuanxin.channels.live_model import LOOK_SECONDS
from kuanxin.operate.assistant import running_assistant
from kuanxin.operate.model import ensure_model
from kuanxin.store.base import metadata
from kuanxin.store.tables_conversations import transcript, understood
from tests.faults.stage import NOW, Borrower, Faulty
from tests.services import Nginx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import PostgreSQL, Redis

TALKERS = 3  # so that the proxy, which sees one address, lets them through
PAUSE_SECONDS = 0.5
SOON_SECONDS = 15  # nobody's turn takes long here
SAID = ("我欠多少", "会不会上征信", "怎么还款", "谢谢")


class Update:
    """Two workers of the present release behind the proxy, one of which becomes the next release."""

    def __init__(self, worker: Faulty, other_url: str, proxy: Nginx, old: Path) -> None:
        self.worker, self.other_url, self.proxy, self._old = worker, other_url, proxy, old
        self.services = worker.stage.services

    def borrower(self) -> Borrower:
        return self.worker.borrower().at(self.proxy.url)

    def widen_every_table(self) -> None:
        with self.services.engine.begin() as connection:
            for table in metadata.tables:
                connection.execute(text(f"ALTER TABLE {table} ADD COLUMN of_the_next_release TEXT"))
            connection.execute(text("CREATE TABLE of_the_next_release (id INTEGER PRIMARY KEY)"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('9999_of_the_next_release')"))

    def install_model(self, path: Path) -> str:
        """Registers the next release's model as its installation does; its id."""
        id = uuid.uuid4().hex
        with tarfile.open(self._old) as old, tarfile.open(path, "w:gz", compresslevel=1) as new:
            for member in old:
                file = old.extractfile(member)
                if member.name == "metadata.json":
                    content = json.dumps({**json.load(file), "model_id": id}).encode()
                    member.size, file = len(content), io.BytesIO(content)
                new.addfile(member, file)
        models = self.services.models
        models.start_with(models.register(path.name, path, "next-release", NOW, "", 0), "", "start", NOW)
        return id

    def restart(self, model: Path) -> None:
        """The Rasa server is told to stop and ends its turns before its action server goes."""
        processes = self.worker.assistant.processes
        for name in ("rasa", "actions"):
            self.worker.signal(name, signal.SIGTERM)
            assert processes[name].wait(SOON_SECONDS) == 0
        arguments = processes["rasa"].args
        arguments[arguments.index(str(self._old))] = str(model)
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.worker.start, processes))

    def transcript_of(self, borrower: Borrower) -> list[tuple[str, str]]:
        """Who said something, and with or to which message."""
        t = transcript.c
        of = select(t.author, t.message_id).where(t.conversation_id == f"b-{borrower.id}").order_by(t.number)
        with self.services.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(of)]

    def models_of(self, borrower: Borrower) -> Counter[str]:
        """Which model understood how many messages."""
        of = select(understood.c.model).where(understood.c.conversation_id == f"b-{borrower.id}")
        with self.services.engine.connect() as connection:
            return Counter(connection.execute(of).scalars())


@pytest.fixture
def update(
    tmp_path: Path, postgres_server: PostgreSQL, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Update]:
    monkeypatch.setenv("KUANXIN_REDIS_URL", redis_server.url)
    monkeypatch.setenv("KUANXIN_TOKEN_KEY", secrets.token_hex(32))
    database_url, model = postgres_server.fresh_database(), ensure_model()
    with (
        running_assistant(tmp_path / "one", database_url, model) as one,
        running_assistant(tmp_path / "two", database_url, model) as two,
    ):
        proxy = Nginx(*(int(worker.environment["KUANXIN_RASA_PORT"]) for worker in (one, two)))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.folder / "tls.crt"))
        yield Update(Faulty(one), two.url, proxy, model)
        proxy.stop()


def talk(borrower: Borrower, enough: threading.Event) -> list[str]:
    """As the widget does: what was not taken is sent again under its number. The ids of the messages."""
    sent = []
    while not enough.is_set():
        sent.append(uuid.uuid4().hex)
        until = time.monotonic() + 60
        while not _answered(borrower, SAID[len(sent) % len(SAID)], sent[-1]):
            assert time.monotonic() < until
            time.sleep(PAUSE_SECONDS)
        time.sleep(PAUSE_SECONDS)
    return sent


def _answered(borrower: Borrower, said: str, id: str) -> bool:
    try:
        answer = borrower.post(said, id)
    except requests.RequestException:
        return False
    if not answer.ok:  # the proxy's or the server's
        return False
    texts = [message["text"] for message in answer.json()["messages"]]
    assert texts
    assert FAILED not in texts
    return True


def test_borrowers_talk_on_while_a_release_follows_another(update: Update, tmp_path: Path) -> None:
    began_before = update.borrower()
    assert "一共" in began_before.say("分6期")
    talkers, enough = [update.borrower() for _ in range(TALKERS)], threading.Event()
    with ThreadPoolExecutor(TALKERS) as pool:
        talks = [pool.submit(talk, borrower, enough) for borrower in talkers]
        try:
            update.widen_every_table()
            new_id = update.install_model(next_model := tmp_path / "next.tar.gz")
            update.restart(next_model)
            time.sleep(LOOK_SECONDS + 1)  # each looks at the model that is not for it
        finally:
            enough.set()
        sent = [found.result(90) for found in talks]

    understood_by = Counter()
    for borrower, ids in zip(talkers, sent, strict=True):
        entries = update.transcript_of(borrower)
        assert [id for author, id in entries if author == "borrower"] == ids
        assert list(dict.fromkeys(entries)) == [(who, id) for id in ids for who in ("borrower", "assistant")]
        by = update.models_of(borrower)
        assert sum(by.values()) == len(ids)
        understood_by += by
    (old_id,) = set(understood_by) - {new_id}
    assert "生效" in began_before.at(update.worker.assistant.url).say("确认")
    assert began_before.agreed() == ["active"]
    assert began_before.events() == ["committed"]
    assert update.models_of(began_before) == {old_id: 1, new_id: 1}
    at_the_old = update.borrower().at(update.other_url)
    assert at_the_old.say("我欠多少")
    assert update.models_of(at_the_old) == {old_id: 1}
    assert [change.failure for change in update.services.models.changes(9, failed=True)] == [None, None]

"""The reference server as a process of its own, over a book that a test filled."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from kuanxin.store import book_writer
from kuanxin.store.engine import make_engine, migrate
from tests.builders import NOW, a_borrower
from tests.services import free_port

TOKEN = "a-token-for-tests-only"


@contextmanager
def reference_server(database_url: str, log, port: int | None = None):
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "kuanxin.gateways.reference_server", "--port", str(port)],
        env={**os.environ, "KUANXIN_DATABASE_URL": database_url, "KUANXIN_LOAN_BOOK_TOKEN": TOKEN},
        stdout=log,
        stderr=log,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "the reference server ended"
            assert time.monotonic() < deadline, "the reference server did not start"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=15)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The reference server over an empty database: its URL and the engine to fill it with."""
    folder = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{folder / 'bank.db'}"
    engine = make_engine(url)
    migrate(engine)
    with (folder / "server.log").open("w") as log, reference_server(url, log) as address:
        yield address, engine


@pytest.fixture
def serve(served):
    """Fills the bank's book anew: serve(loans) → the address."""
    address, engine = served

    def fill(*loans):
        with engine.begin() as connection:
            book_writer.clear(connection)
            book_writer.settle_kind(connection, "test", None, NOW)
            book_writer.add(connection, [a_borrower(), a_borrower("B002")], loans)
        return address

    return fill

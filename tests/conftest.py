"""Fixtures that several rooms share: databases to test against."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from kuanxin.store.engine import make_engine, migrate
from tests.services import PostgreSQL, RabbitMQ, Redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.engine import Engine

# No example has a deadline: a busy machine would miss it by chance. `pytest --hypothesis-profile=thorough` looks ten
# times further than every day. Where CI is set, Hypothesis takes its own profile "ci": the same examples in every run.
usual = settings.get_profile("default")
settings.register_profile("default", usual, deadline=None)
settings.register_profile("thorough", usual, deadline=None, max_examples=10 * usual.max_examples)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgreSQL) -> str:
    """A new, empty database on a real PostgreSQL."""
    return postgres_server.fresh_database()


@pytest.fixture(scope="module")
def redis_server() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def rabbitmq_server() -> Iterator[RabbitMQ]:
    server = RabbitMQ()
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'kuanxin.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A new, empty database of each kind that Kuanxin runs on."""
    return request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])


@pytest.fixture
def migrated() -> Iterator[Callable[[str], Engine]]:
    """Opens a database with the tables of today, until the end of the test."""
    with ExitStack() as opened:

        def open_(url: str) -> Engine:
            engine = make_engine(url)
            opened.callback(engine.dispose)
            migrate(engine)
            return engine

        yield open_

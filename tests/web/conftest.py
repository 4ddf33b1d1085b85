"""One web server for all tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services import free_port
from tests.web.assistant import ORIGIN, web_assistant
from tests.web.browser import load_demo_book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.assistant import Running


@pytest.fixture(scope="session")
def page_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory, page_port: int) -> Iterator[Running]:
    origins = f"{ORIGIN},http://127.0.0.1:{page_port}"
    with web_assistant(tmp_path_factory.mktemp("web"), web_origins=origins) as running:
        load_demo_book(running.parts.settings.var)
        yield running

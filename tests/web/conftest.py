"""One web server, one bank and one browser for the tests of this room; a new borrower or a new visit for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services import free_port
from tests.web.assistant import ORIGIN, web_assistant
from tests.web.browser import chromium, demo_bank, load_demo_book, visiting
from tests.web.scripted import scripted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.web.assistant import Running
    from tests.web.browser import Visit


@pytest.fixture(scope="session")
def page_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory, page_port: int) -> Iterator[Running]:
    origins = f"{ORIGIN},http://127.0.0.1:{page_port}"
    with web_assistant(tmp_path_factory.mktemp("web"), web_origins=origins) as running:
        load_demo_book(running.parts.settings.var)
        yield running


@pytest.fixture
def chat(web: Running) -> Running:
    web.begin()
    web.behind = scripted(web.parts)
    return web


@pytest.fixture(scope="session")
def bank(web: Running, page_port: int) -> Iterator[str]:
    with demo_bank(web.parts.settings.var, page_port, web.url) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module: while Playwright runs, no test can run a loop of its own."""
    with chromium() as found:
        yield found


@pytest.fixture
def visits(browser: Browser, bank: str, chat: Running) -> Iterator[Callable[..., Visit]]:
    with visiting(browser, bank, chat.url) as visit:
        yield visit

"""One web server for all tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.assistant import web_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.assistant import Running


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with web_assistant(tmp_path_factory.mktemp("web")) as running:
        yield running

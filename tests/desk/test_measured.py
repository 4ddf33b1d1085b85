"""What the desk counts of itself, in the process of the test; tests/deploy/test_figures.py has the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY

from kuanxin.conversations.model import ConversationsUnavailable

if TYPE_CHECKING:
    import pytest


def counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("kuanxin_desk_request_seconds_count", labels) or 0


def test_a_page_that_fails_is_counted_as_failed(sign_in: Any, parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ConversationsUnavailable

    client = sign_in("agent")
    before = counted(method="GET", view="live", status="503")
    monkeypatch.setattr(type(parts.conversations), "heads", away)
    assert client.get("/conversations/b-B001/live/").status_code == 503
    assert counted(method="GET", view="live", status="503") == before + 1


def test_what_is_typed_into_an_address_is_no_label(sign_in: Any) -> None:
    sign_in("agent").get("/13800000001/")
    assert counted(method="GET", view="none", status="404")
    assert "13800000001" not in str([family.samples for family in REGISTRY.collect()])

"""The operator's commands, as processes over a database of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kuanxin.bootstrap import compose
from kuanxin.identity.signing import sign_as_bank
from kuanxin.settings import Settings
from kuanxin.store.engine import migrate

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bound(tmp_path):
    parts = compose(Settings(var=tmp_path, token_key=""))
    migrate(parts.engine)
    now = parts.clock.now()
    for channel in ("wechat", "wecom"):
        address = parts.addresses.arrive(channel, f"address-{channel}", now)
        ticket = parts.identity.sign_in_link(address.conversation_id, now).split("ticket=")[1]
        parts.identity.sign_in(sign_as_bank(parts.settings.bank_key(), "B001", ticket=ticket), now)
    yield parts
    parts.engine.dispose()


def run(parts, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("KUANXIN_")}
    own = {**others, "KUANXIN_VAR": str(parts.settings.var), **environment}
    command = [sys.executable, "-m", "kuanxin.channels", *args]
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=60)


def test_bindings_are_listed_and_ended(bound):
    listed = run(bound, "bindings").stdout
    assert [line.split()[:2] for line in listed.splitlines()] == [["B001", "wechat"], ["B001", "wecom"]]
    assert "address-" not in listed
    assert run(bound, "unbind", "B001", "--channel", "wechat").stdout == "1 ended.\n"
    assert [address.channel for address, _ in bound.addresses.bindings("B001")] == ["wecom"]
    nothing = run(bound, "unbind", "B001", "--channel", "wechat")
    assert (nothing.returncode, "nothing was changed" in nothing.stdout) == (1, True)


def test_the_menu_needs_an_account_and_says_so(bound):
    refused = run(bound, "menu")
    assert refused.returncode == 1
    assert "KUANXIN_WECHAT_APP_ID" in refused.stderr


def test_a_platform_that_does_not_answer_is_said_without_its_secret(bound):
    settings = {"APP_ID": "wx1", "SECRET": "top-secret", "TOKEN": "t", "AES_KEY": "a" * 43}
    given = {f"KUANXIN_WECHAT_{name}": value for name, value in settings.items()}
    refused = run(bound, "menu", KUANXIN_WECHAT_API_URL="http://127.0.0.1:9", **given)
    assert (refused.returncode, refused.stderr) == (1, "Not possible: ConnectionError\n")

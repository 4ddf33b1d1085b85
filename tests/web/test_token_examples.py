"""The token examples of docs/integration/web.md, run as they stand there: the chat takes the tokens that they sign."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.services import free_port
from tests.web.assistant import ORIGIN, web_assistant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.assistant import Running

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "integration" / "web.md"
KEY = "a secret that the bank and Kuanxin share, 32 bytes or more"
# the sign-in, which is the bank's own and not part of the examples
PYTHON_SIGN_IN = """

@app.post("/sign-in")
def sign_in():
    session.update(borrower_id="B1", signed_in_at=int(time.time()))
    return ""
"""
NODE_SIGN_IN = """
app.post("/sign-in", (request, response) => {
  Object.assign(request.session, { borrowerId: "B1", signedInAt: Math.floor(Date.now() / 1000) });
  response.end();
});
"""


def example(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(code.splitlines()) <= 45
    return code


@contextmanager
def python(folder: Path) -> Iterator[str]:
    (folder / "chat_token.py").write_text(example("python") + PYTHON_SIGN_IN, "utf-8")
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "chat_token", "run", "--port", str(port)]
    with _running(command, folder, port) as url:
        yield url


@contextmanager
def node(folder: Path) -> Iterator[str]:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(ROOT / "tests" / "web" / "node_example" / name, folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    (folder / "chat-token.js").write_text(example("js") + NODE_SIGN_IN, "utf-8")
    port = free_port()
    with _running(["node", "chat-token.js"], folder, port) as url:
        yield url


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[str]:
    secrets = {"KUANXIN_TOKEN_KEY": KEY, "SESSION_SECRET": "only of this test", "PORT": str(port)}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=os.environ | secrets, stdout=log, stderr=log)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while True:
            try:
                requests.get(url, timeout=2)
                break
            except requests.RequestException:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((folder / "server.log").read_text()) from None
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with web_assistant(tmp_path_factory.mktemp("with-a-bank"), token_key=KEY) as running:
        yield running


@pytest.mark.parametrize("bank", [python, node])
def test_who_is_signed_in_at_the_bank_gets_a_token_that_opens_the_chat(
    bank: object, tmp_path: Path, assistant: Running
) -> None:
    assistant.begin()
    with bank(tmp_path) as url:
        assert requests.get(f"{url}/chat-token", timeout=10).status_code == 401
        behind_tls = {"X-Forwarded-Proto": "https"}
        signed_in = requests.post(f"{url}/sign-in", headers=behind_tls, timeout=10)
        cookie = signed_in.headers["Set-Cookie"]
        assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Strict"))
        mine = {**behind_tls, "Cookie": cookie.split(";")[0]}
        answer = requests.get(f"{url}/chat-token", headers=mine, timeout=10)
        assert answer.headers["Cache-Control"] == "no-store"

    async def scene() -> None:
        async with assistant.client(answer.json()["token"], ORIGIN) as client:
            hello = await client.resume()
            assert 590 < hello["expires_in"] <= 600
            assert (await client.say("你好"))["ok"]

    asyncio.run(scene())
    assert [message.metadata["borrower"] for message in assistant.seen] == ["B1"]

"""Waits until the assistant answers, says where to go, and stays, because the process runner ends all when one ends."""

from __future__ import annotations

import signal
import time

import requests

from kuanxin.operate.assistant import START_TIMEOUT_SECONDS
from kuanxin.settings import Settings, read_settings


def announce() -> None:
    """Ends only with a signal, or with SystemExit where the assistant never became ready."""
    settings = read_settings()
    began = time.monotonic()
    while not _ready(settings):
        if time.monotonic() - began > START_TIMEOUT_SECONDS:
            raise SystemExit("The assistant did not become ready: the lines above say why.")
        time.sleep(0.5)
    print(f"\n{_where(settings)}\n", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def _ready(settings: Settings) -> bool:
    address = f"http://{settings.interface}:{settings.rasa_port}/webhooks/chat/health"
    try:
        return requests.get(address, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _where(settings: Settings) -> str:
    demo = settings.var / "desk-demo-login.txt"  # written by `python -m desk prepare` over a demo book only
    login = f"   (demo-supervisor, demo-agent, …; password {demo.read_text('ascii')})" if demo.exists() else ""
    return "\n".join(
        (
            "宽心已就绪 Kuanxin is ready.",
            "  talk in a terminal    make chat        (in a second terminal)",
            f"  web chat, demo bank   http://{settings.interface}:{settings.page_port}/",
            f"  desk, for staff       http://{settings.interface}:{settings.desk_port}/{login}",
            f"  REST for programs     {settings.public_url}/webhooks/chat/   (docs/integration/rest.md)",
            f"  outgoing messages     {settings.outbox}",
            "  Ctrl-C ends everything.",
        )
    )

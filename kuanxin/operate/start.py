"""`python -m kuanxin.operate start NAME`: one server, after everything that it is set to was checked.

Procfile, systemd units, Compose file and Kubernetes manifests all say just this, so that a mistake in a setting ends
every process in the same way: a line for each mistake and the exit status 78 (EX_CONFIG), which tells a supervisor that
starting again would not help.
"""

from __future__ import annotations

import os
import sys
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NoReturn

from kuanxin.bootstrap import checked_settings
from kuanxin.metrics import FIGURES_FOLDER
from kuanxin.operate.assistant import CONFIGURATION, SERVE
from kuanxin.operate.model import starting_model
from kuanxin.settings import PREFIX
from kuanxin.store.engine import behind, make_engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kuanxin.settings import Settings

SERVERS = ("worker", "rasa", "actions", "notices", "page", "desk")
WORKER = "kuanxin.operate.worker"
DESK_OPTIONS = (
    "--worker-class gthread --workers 2 --threads 8 --graceful-timeout 10 --max-requests 20000 "
    "--log-level warning --logger-class desk.logs.GunicornLog"
)


def start(name: str) -> NoReturn:
    """Becomes this server. Raises SettingsError with a line for each mistake; RuntimeError where the Rasa server has no
    tables or no model of this release.
    """
    settings = checked_settings()
    environment = os.environ | {
        f"{PREFIX}ACTION_PORT": str(settings.action_port),  # endpoints.yml reads it
        "SANIC_HOST": "127.0.0.1",  # the action server has no login: never beyond its machine or pod
    }
    if name == "desk" and settings.metrics_port:  # several processes, which count in files that the first one shows
        environment[FIGURES_FOLDER] = mkdtemp(prefix="kuanxin-desk-")
    sys.stdout.flush()
    command = [WORKER] if name == "worker" else [SERVE, name, *_command(name, settings)]
    os.execve(sys.executable, [sys.executable, "-m", *command], environment)


def _command(name: str, settings: Settings) -> Sequence[str]:
    if name == "rasa":
        engine = make_engine(settings.database_url)
        if behind(engine):  # a supervisor tries again; until then nobody's message comes to servers of this release
            raise RuntimeError("The tables are not yet those of this release: `python -m kuanxin.operate install`.")
        model = str(starting_model(engine))
        address = ("--interface", settings.interface, "--port", str(settings.rasa_port))
        return ("rasa", "run", "--model", model, *CONFIGURATION, *address)
    if name == "actions":
        return ("rasa_sdk", "--actions", "actions", "--port", str(settings.action_port), "--quiet")
    if name == "desk":
        bind = f"{settings.interface}:{settings.desk_port}"
        return ("gunicorn", "desk.wsgi", "--bind", bind, *DESK_OPTIONS.split())
    return {"notices": ("kuanxin.notices", "run"), "page": ("web.demo_bank",)}[name]

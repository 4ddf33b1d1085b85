"""What `make run` needs before the servers start: room on the disk, free ports, a model, a book with somebody in it."""

from __future__ import annotations

import shlex
import shutil
import socket
from typing import TYPE_CHECKING

import yaml

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.clock import Clock
from kuanxin.operate.model import starting_model
from kuanxin.settings import PREFIX, Settings, read_settings
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.settings import book_settings

if TYPE_CHECKING:
    from pathlib import Path

ROOM_MB = 500


class CannotStart(Exception):
    """Something keeps the assistant from starting; the text says what and what to do."""


def prepare() -> Path:
    """Prepares everything; returns the file with the environment of the servers. Raises CannotStart, SettingsError."""
    settings = read_settings()
    settings.var.mkdir(parents=True, exist_ok=True)
    _check_room(settings.var)
    _check_ports(settings)
    engine = make_engine(settings.database_url)
    migrate(engine)
    model = starting_model(engine)
    if not settings.loan_book_url and book_settings(engine) is None:
        import_book(engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), Clock(engine).now())
        print("The loan book was empty: demo borrowers are in it now (marked as demo).", flush=True)
    return _write_environment(settings, model)


def _check_room(var: Path) -> None:
    free = shutil.disk_usage(var).free // 2**20
    if free < ROOM_MB:
        raise CannotStart(
            f"The disk is nearly full: {free} MB free where {ROOM_MB} MB are needed. Free some and start again."
        )


def _check_ports(settings: Settings) -> None:
    for name in ("rasa_port", "action_port", "page_port", "desk_port"):
        port = getattr(settings, name)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.interface, port))
            except OSError as error:
                variable = f"{PREFIX}{name.upper()}"
                raise CannotStart(
                    f"Port {port} is not free ({error.strerror}). Is Kuanxin running already? "
                    f"If something else needs it, choose another: {variable}={port + 1000} make run"
                ) from None


def _write_environment(settings: Settings, model: Path) -> Path:
    """For the process runner: the address of each server and the model, as the settings say."""
    file = settings.var / "run.env"
    values = {
        "KUANXIN_MODEL": model,
        "KUANXIN_VAR": settings.var,
        "KUANXIN_INTERFACE": settings.interface,
        "SANIC_HOST": "127.0.0.1",  # the action server has no login: never beyond this machine
        "KUANXIN_RASA_PORT": settings.rasa_port,
        "KUANXIN_ACTION_PORT": settings.action_port,
        "KUANXIN_PAGE_PORT": settings.page_port,
        "KUANXIN_DESK_PORT": settings.desk_port,
    }
    file.write_text("".join(f"{name}={shlex.quote(str(value))}\n" for name, value in values.items()), "utf-8")
    return file

"""What `make run` needs before the servers start: room on the disk, free ports, a model, a book with somebody in it."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING

import yaml

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.bootstrap import checked_settings
from kuanxin.clock import Clock
from kuanxin.operate.model import starting_model
from kuanxin.settings import PREFIX
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.settings import book_settings

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from kuanxin.settings import Settings

ROOM_MB = 500


class CannotStart(Exception):
    """Something keeps the assistant from starting; the text says what and what to do."""


def prepare() -> None:
    """Prepares everything on one machine. Raises CannotStart, SettingsError."""
    settings = checked_settings()
    settings.var.mkdir(parents=True, exist_ok=True)
    _check_room(settings.var)
    _check_ports(settings)
    engine = _with_model(settings)
    if not settings.loan_book_url and book_settings(engine) is None:
        import_book(engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), Clock(engine).now())
        print("The loan book was empty: demo borrowers are in it now (marked as demo).", flush=True)


def install() -> None:
    """Tables and model, nothing else: once before the servers of a release start, on however many machines."""
    _with_model(checked_settings())


def _with_model(settings: Settings) -> Engine:
    engine = make_engine(settings.database_url)
    migrate(engine)
    starting_model(engine)
    return engine


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

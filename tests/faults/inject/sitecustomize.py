"""Ends the process by SIGKILL right before its n-th step of writing, once a test has armed it.

A step is a statement that writes, the commit after it, and the moment after that commit. FAULT_COUNTDOWN names a file
with the number of steps left; while it is missing, nothing happens. Python reads this module by itself where its folder
is on PYTHONPATH.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

COUNTDOWN = Path(os.environ["FAULT_COUNTDOWN"])
WRITING = ("INSERT", "UPDATE", "DELETE")
_one_at_a_time = threading.Lock()


def step() -> None:
    with _one_at_a_time:
        if not COUNTDOWN.exists():
            return
        left = int(COUNTDOWN.read_text())
        if left == 0:
            COUNTDOWN.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        COUNTDOWN.write_text(str(left - 1))


@event.listens_for(Engine, "before_cursor_execute")
def statement(_connection: Any, cursor: Any, said: str, *_: Any) -> None:
    if said.lstrip().upper().startswith(WRITING):
        _connection.connection.info["wrote"] = True
        step()


@event.listens_for(Engine, "commit")
def commit(connection: Any) -> None:
    if connection.connection.info.get("wrote"):
        step()


@event.listens_for(Pool, "checkin")
def after(_connection: Any, record: Any) -> None:
    if record.info.pop("wrote", False):
        step()

"""A worker, as `python -m kuanxin.operate start worker` becomes it: a Rasa server with its action server.

Turns under way need both, so the action server is told to stop only when the Rasa server has finished them and gone.
When one of the two ends by itself, the other is ended, too.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

LOOK_SECONDS = 0.1


def main() -> int:
    """The exit status of the worker: 0 where both servers ended well."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    rasa, actions = map(_start, ("rasa", "actions"))
    while not told.wait(LOOK_SECONDS) and rasa.poll() is None and actions.poll() is None:
        pass
    for server in (rasa, actions):
        server.terminate()
        server.wait()
    status = rasa.returncode or actions.returncode
    return 128 - status if status < 0 else status  # as a shell says it: 137 was killed


def _start(name: str) -> subprocess.Popen[bytes]:
    """In a session of its own: a signal to the whole group, like that of Ctrl-C, would reach both at once."""
    command = [sys.executable, "-m", "kuanxin.operate", "start", name]
    return subprocess.Popen(command, start_new_session=True)


if __name__ == "__main__":
    sys.exit(main())

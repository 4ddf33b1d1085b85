"""A worker, as `python -m kuanxin.operate start worker` becomes it: a Rasa server with its action server.

Turns under way need both, so the action server is told to stop only when the Rasa server has finished them and gone.
When one of the two ends by itself, the other is ended, too. When the worker itself is killed, the two end in the same
order: each has a pipe whose other end nobody holds any more once those are gone that have to go before it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

LOOK_SECONDS = 0.1
ENDS_AFTER = "ENDS_AFTER"  # in the environment of a server: the pipe that it reads from


def main() -> int:
    """The exit status of the worker: 0 where both servers ended well."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    rasa_sees, _held_here = os.pipe()
    actions_see, held_by_both = os.pipe()
    rasa = _start("rasa", rasa_sees, held_by_both)
    actions = _start("actions", actions_see)
    while not told.wait(LOOK_SECONDS) and rasa.poll() is None and actions.poll() is None:
        pass
    for server in (rasa, actions):
        server.terminate()
        server.wait()
    status = rasa.returncode or actions.returncode
    return 128 - status if status < 0 else status  # as a shell says it: 137 was killed


def end_after_the_others() -> None:
    """In a server that a worker started: told to stop once all are gone that have to go before it."""
    if (sees := os.environ.pop(ENDS_AFTER, None)) is None:
        return

    def wait() -> None:
        os.read(int(sees), 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def _start(name: str, sees: int, *holds: int) -> subprocess.Popen[bytes]:
    """In a session of its own: a signal to the whole group, like that of Ctrl-C, would reach both at once."""
    command = [sys.executable, "-m", "kuanxin.operate", "start", name]
    environment = os.environ | {ENDS_AFTER: str(sees)}
    return subprocess.Popen(command, env=environment, pass_fds=(sees, *holds), start_new_session=True)


if __name__ == "__main__":
    sys.exit(main())

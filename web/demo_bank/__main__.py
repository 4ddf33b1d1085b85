"""Serves the demo sign-in page; where a real bank signs, it only says so and stays out of the way."""

from __future__ import annotations

import signal

from kuanxin.bootstrap import services
from kuanxin.demo import NoDemo, check_demo
from web.demo_bank.app import make_app


def main() -> None:
    parts = services()
    try:
        check_demo(parts)
    except NoDemo as reason:
        print(f"The demo bank page stays closed. {reason}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})  # the process runner ends everything when one process ends
        return
    # no access log: it would hold the tickets
    make_app(parts).run(parts.settings.interface, parts.settings.page_port, access_log=False, motd=False)


if __name__ == "__main__":
    main()

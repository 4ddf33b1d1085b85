"""What gunicorn says, in the one form of all logs."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger


class GunicornLog(Logger):
    """Leaves its lines to the root logger, which kuanxin.logs has set up."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

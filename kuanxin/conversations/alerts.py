"""Calls a person through a file in the outbox: the default where no other way is set up."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

logger = logging.getLogger(__name__)

URGENT = "会话里的人可能有危险。请马上接手这个会话；在接手的人确认安全之前，不谈还款，也不发提醒。"


class FolderAlerts:
    """One file for each alert. It names the conversation, never what was said in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def urgent(self, conversation_id: str, now: datetime) -> None:
        alert = {"kind": "urgent", "conversation": conversation_id, "at": now.isoformat(), "text": URGENT}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{now:%Y%m%dT%H%M%S}-urgent-{conversation_id}.json"
            path.write_text(json.dumps(alert, ensure_ascii=False, indent=1), "utf-8")
        except OSError as error:
            # the handover still stands in the queue with the highest urgency
            logger.critical("an urgent alert could not be written to %s: %s", self._folder, error.strerror)
        else:
            logger.critical("urgent: somebody may be in danger, the newest alert in %s says where", self._folder)

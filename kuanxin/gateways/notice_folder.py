"""Notices as files in a folder: the default, to look at what would go out (`kuanxin.notices.ports.Carrier`)."""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING

from kuanxin.notices.ports import Accepted, Refused, Unknown

if TYPE_CHECKING:
    from pathlib import Path

    from kuanxin.notices.ports import Message, Outcome, Wording


class FolderCarrier:
    """One file for each notice, whole or not at all, never a second one under the same id."""

    def __init__(self, folder: Path, wording: Wording = "full") -> None:
        self._folder = folder
        self.wording = wording

    def send(self, message: Message) -> Outcome:
        path = self._path(message)
        content = {
            "id": message.id,
            "kind": message.kind,
            "at": message.tried_at.isoformat() if message.tried_at else None,
            "to": message.address,
            "text": message.text,
        }
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False, indent=1)
        except OSError as fault:
            return Refused(fault.strerror or type(fault).__name__, again=True)
        try:
            os.link(draft, path)
        except FileExistsError:  # the notice stands already
            return Accepted()
        except OSError as fault:
            return Refused(fault.strerror or type(fault).__name__, again=True)
        finally:
            draft.unlink(missing_ok=True)
        return Accepted()

    def ask(self, message: Message) -> Outcome:
        try:
            return Accepted() if self._path(message).exists() else Refused("not in the folder", again=True)
        except OSError as fault:
            return Unknown(fault.strerror or type(fault).__name__)

    def _path(self, message: Message) -> Path:
        return self._folder / f"notice-{message.kind}-{message.id}.json"

"""`make audit` says in one line that nothing could be asked, and shows what it found; stand-ins for uv and npm."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from kuanxin.operate.model import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FINE = "exit 0"
FOUND = "echo 'somepackage 1.0 CVE-2026-1'; exit 1"
UNREACHABLE = "echo 'requests.exceptions.ConnectionError: Name or service not known' >&2; exit 1"
UNKNOWN = "echo 'ERROR: absl-py: Dependency not found on PyPI and could not be audited: absl-py' >&2; exit 1"
NPM_REFUSES = "echo 'npm error audit endpoint returned an error' >&2; exit 1"


def audit(folder: Path, uv: str, npm: str) -> subprocess.CompletedProcess[str]:
    for name, does in (("uv", uv), ("npm", npm)):
        (folder / name).write_text(f"#!/bin/sh\n{does}\n", "utf-8")
        (folder / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(
        [ROOT / "scripts" / "audit.sh"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(("uv", "npm"), [(UNREACHABLE, FINE), (UNKNOWN, FINE), (FINE, NPM_REFUSES)])
def test_who_cannot_be_asked_is_said_in_one_line(tmp_path: Path, uv: str, npm: str) -> None:
    done = audit(tmp_path, uv, npm)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert "was not audited: no advisory database answers" in said


@pytest.mark.parametrize(("uv", "npm"), [(FOUND, FINE), (FINE, FOUND)])
def test_what_is_found_is_shown(tmp_path: Path, uv: str, npm: str) -> None:
    done = audit(tmp_path, uv, npm)
    assert done.returncode == 1
    assert "CVE-2026-1" in done.stdout
    assert not done.stderr


def test_where_nothing_is_known_every_lock_file_was_asked_about(tmp_path: Path) -> None:
    done = audit(tmp_path, FINE, FINE)
    assert done.returncode == 0
    asked = {line.split(":")[0] for line in done.stdout.splitlines()}
    assert asked == {path.name for path in ROOT.glob("requirements*.txt")} | {"web/widget"}

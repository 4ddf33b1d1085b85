"""scripts/setup.sh on a machine without Python 3.10 and without a network: one clear message."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from kuanxin.operate.model import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# what the script needs of a plain machine
PLAIN = ("bash", "cat", "cksum", "awk", "df", "dirname", "basename", "env", "mktemp", "rm", "tee", "grep")


def test_without_python_310_the_ways_to_get_it_are_named(tmp_path: Path) -> None:
    tools, project = tmp_path / "bin", tmp_path / "project"
    (project / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup.sh", project / "scripts")
    (project / "requirements.txt").write_text("")
    tools.mkdir()
    for name in PLAIN:
        (tools / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [str(tools / "bash"), str(project / "scripts" / "setup.sh")],
        env={"PATH": str(tools), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "pyenv install 3.10" in done.stderr
    assert "uv python install 3.10" in done.stderr
    assert not (project / ".venv").exists()

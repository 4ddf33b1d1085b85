"""Every pinned package was looked at, in the version that is pinned; every known vulnerability has an answer."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.version import Version

from kuanxin.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("requirements.txt", "requirements-sms.txt", "requirements-dev.txt")
NODE_LOCKS = ("web/widget/package-lock.json", "tests/web/node_example/package-lock.json")
LOOKED_AT = yaml.safe_load((ROOT / "security" / "advisories.yml").read_text("utf-8"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\\n]+)((?:.*\\\n)(?:\s+--hash=.*\n)+)?", re.MULTILINE)


def pinned() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version, _hashes in PIN.findall((ROOT / lock).read_text("utf-8")):
            found.setdefault(name.lower(), set()).add(version)
    for lock in NODE_LOCKS:
        for path, package in json.loads((ROOT / lock).read_text("utf-8"))["packages"].items():
            if path:
                found.setdefault("npm:" + path.split("node_modules/")[-1], set()).add(package["version"])
    return found


def test_every_pinned_package_was_looked_at_in_this_version() -> None:
    looked_at = {name: set(versions) for name, versions in LOOKED_AT["packages"].items()}
    pins = pinned()
    assert len(pins) > 300
    unseen = {name: versions - looked_at.get(name, set()) for name, versions in pins.items()}
    assert {name: versions for name, versions in unseen.items() if versions} == {}
    assert looked_at.keys() <= pins.keys(), "stands here and is pinned nowhere"


@pytest.mark.parametrize("advisory", LOOKED_AT["advisories"], ids=lambda one: f"{one['package']}-{one['id']}")
def test_every_known_vulnerability_has_an_answer_that_holds(advisory: dict[str, str]) -> None:
    versions = pinned()[advisory["package"]]
    open_in = {v for v in versions if "fixed_in" not in advisory or Version(v) < Version(advisory["fixed_in"])}
    if advisory["answer"] == "fixed":
        assert open_in == set(), f"pinned before {advisory['fixed_in']}"
    else:
        assert advisory["answer"] in ("not_reached", "mitigated")
        assert open_in, "the pinned version has the correction: answer fixed"
        assert len(advisory["why"]) > 15


def test_every_pin_has_hashes() -> None:
    for lock in LOCKS:
        pins = PIN.findall((ROOT / lock).read_text("utf-8"))
        assert len(pins) > 10
        assert [name for name, _version, hashes in pins if "--hash=sha256:" not in hashes] == []
    for lock in NODE_LOCKS:
        packages = json.loads((ROOT / lock).read_text("utf-8"))["packages"]
        without = [path for path, one in packages.items() if path and "sha512-" not in one.get("integrity", "")]
        assert without == []


def test_the_bill_of_materials_has_every_package_with_its_hashes(tmp_path: Path) -> None:
    made = tmp_path / "sbom.json"
    tool = shutil.which("cyclonedx-py")
    assert tool, "cyclonedx-py is missing: make setup-dev"
    command = [tool, "-r", "-i", ROOT / "requirements.txt", "--format", "json", "-o", made]
    subprocess.run(command, check=True, capture_output=True)
    bill = json.loads(made.read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    pins = PIN.findall((ROOT / "requirements.txt").read_text("utf-8"))
    named = {(one["name"].lower(), one["version"]): {h["content"] for h in one["hashes"]} for one in bill["components"]}
    assert named.keys() == {(name.lower(), version) for name, version, _hashes in pins}
    for name, version, hashes in pins:
        assert named[name.lower(), version] == set(re.findall(r"sha256:([0-9a-f]{64})", hashes)), name

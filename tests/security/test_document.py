"""The threat model names tests that exist, and the repository holds no secret."""

from __future__ import annotations

import re
import subprocess

from kuanxin.settings import ROOT

DOCUMENT = (ROOT / "docs" / "security.md").read_text("utf-8")
# private keys, and tokens in the form of well-known services
SECRETS = re.compile(
    r"-----BEGIN (?:RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\n[A-Za-z0-9+/=]{20}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bLTAI[0-9A-Za-z]{16,}\b|\bAKID[0-9A-Za-z]{30,}\b|\bgh[pousr]_[0-9A-Za-z]{36}\b"
    r"|\bxox[abpr]-[0-9]{10,}-[0-9A-Za-z-]{10,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"
)


def test_every_threat_names_a_test_that_exists() -> None:
    table = DOCUMENT.split("## Threats")[1].split("Left to the proxy")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+?)(?:::(\w+))?`", row)
        assert named, row
        for file, name in named:
            assert (ROOT / file).is_file(), file
            if name:
                assert re.search(rf"(?:def|class) {name}\b", (ROOT / file).read_text("utf-8")), (file, name)


def test_no_secret_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    assert len(files) > 300
    assert not [file.name for file in files if file.suffix in {".pem", ".key", ".p12", ".env"}]
    for file in files:
        if file.is_file():
            assert not SECRETS.search(file.read_bytes().decode("utf-8", "ignore")), file


def test_what_the_search_for_secrets_finds() -> None:
    for made in ("AKIA" + "Q" * 16, "ghp_" + "a" * 36, "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 30):
        assert SECRETS.search(f"x = '{made}'")

"""What the files in deploy/ promise: known servers, nothing as root, nothing written where it should not, no secret."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from kuanxin.operate.start import SERVERS
from kuanxin.settings import ROOT, Settings

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
MANIFESTS = [
    one
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if path.name != "our-pods.yaml"
    for one in yaml.safe_load_all(path.read_text("utf-8"))
]
EXAMPLE = (DEPLOY / ".env.example").read_text("utf-8")
OWN = (DEPLOY / ".env", DEPLOY / "bank", DEPLOY / "tls")  # of an installation, not of the repository
EVERY_FILE = [path for path in DEPLOY.rglob("*") if path.is_file() and not any(path.is_relative_to(own) for own in OWN)]


def test_every_server_is_started_by_its_known_name() -> None:
    text = "\n".join(path.read_text("utf-8") for path in EVERY_FILE)
    named = re.findall(r"kuanxin\.operate,? start,? ([a-z]+)", text) + re.findall(r"kuanxin@([a-z]+)\b", text)
    assert set(named) - {"service"} == set(SERVERS) - {"page", "rasa", "actions"}  # the two are a worker


def test_ours_run_without_rights_in_compose() -> None:
    ours = [service for service in COMPOSE["services"].values() if service["image"].startswith("kuanxin:")]
    assert len(ours) == 4
    for service in ours:
        assert service["user"] == "10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_what_is_an_installation_s_own_gets_into_no_image_and_no_repository() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert {"deploy", "var", "models", ".venv", ".git"} <= set(ignored)
    assert [line for line in ignored if line.startswith("!")] == ["!docs/integration/loan-book.openapi.yaml"]
    own = ["deploy/.env", "deploy/tls/tls.key", "deploy/bank/token-key.pem"]
    found = subprocess.run(["git", "check-ignore", *own], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout.split() == own


def test_other_programs_get_no_secret_of_ours() -> None:
    for name, service in COMPOSE["services"].items():
        ours = service["image"].startswith("kuanxin:")
        assert service.get("env_file") == ([".env"] if ours else None), name
        if not ours:
            assert not [variable for variable in service.get("environment", {}) if variable.startswith("KUANXIN_")]


def test_the_bank_s_files_are_where_the_example_looks_for_them() -> None:
    (folder,) = re.findall(r"^KUANXIN_TOKEN_KEY=file:(.*)/token-key.pem$", EXAMPLE, re.MULTILINE)
    for name, service in COMPOSE["services"].items():
        if service["image"].startswith("kuanxin:"):
            assert f"./bank:{folder}:ro" in service["volumes"], name
    pods = yaml.safe_load((DEPLOY / "kubernetes" / "our-pods.yaml").read_text("utf-8"))
    (mounts,) = [patch["value"] for patch in pods if patch["path"].endswith("/volumeMounts")]
    assert {"name": "bank", "mountPath": folder, "readOnly": True} in mounts


def test_health_checks_are_understood_by_every_engine() -> None:
    """Podman takes the words of the list form apart at spaces."""
    checks = [service["healthcheck"]["test"] for service in COMPOSE["services"].values() if "healthcheck" in service]
    assert len(checks) == 4
    for check in checks:
        assert isinstance(check, str) or not [word for word in check if " " in word]


def test_only_the_proxy_is_published_to_everybody() -> None:
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    for_staff = {"desk": ["127.0.0.1:5090:5090"], "grafana": ["127.0.0.1:3000:3000"]}
    assert published == {"proxy": ["443:8443"], **for_staff}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    outside = [m["metadata"]["name"] for m in MANIFESTS if m["kind"] == "Service" and "type" in m["spec"]]
    assert outside == ["proxy"]


def test_every_pod_of_ours_is_patched_to_run_without_rights() -> None:
    for manifest in MANIFESTS:
        if manifest["kind"] in {"Deployment", "Job"}:
            containers = manifest["spec"]["template"]["spec"]["containers"]
            assert len(containers) == 1, "the patch reaches the first container"
            ours = containers[0]["image"] == "kuanxin"
            assert manifest["metadata"].get("labels", {}).get("image") == ("kuanxin" if ours else None)


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: path.name)
def test_settings_are_real_and_images_have_a_version(path) -> None:
    text = path.read_text("utf-8")
    known = {f"KUANXIN_{name.upper()}" for name in Settings.__fields__}
    assert set(re.findall(r"\bKUANXIN_[A-Z_]+\b", text)) <= known
    for image in re.findall(r"^(?:FROM|\s+image:) (\S+)", text, re.MULTILINE):
        if not image.startswith("kuanxin"):
            assert re.search(r":(v?\d+\.\d+\.\d+$|\d+\.\d+\.?\d*-)", image), image
    for name in re.findall(r"^(?:KUANXIN_DATA_KEYS|POSTGRES_PASSWORD|RABBITMQ_DEFAULT_PASS)=(.*)$", text, re.MULTILINE):
        assert name == "", "a secret"

"""Single sign-on with a real provider process: a browser goes there and back; tokens meant for others are refused.

The provider (oidc-provider-mock, built on Authlib) needs a newer pydantic than Rasa allows: uv runs it beside.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import expect

from tests.desk.conftest import ROOT
from tests.desk.process import Process
from tests.services import free_port
from tests.web.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDER = "oidc-provider-mock==0.3.4"
PEOPLE = (
    {"sub": "lin", "email": "Lin@bank.example", "email_verified": True},
    {"sub": "unverified", "email": "lin@bank.example", "email_verified": False},
    {"sub": "stranger", "email": "stranger@bank.example", "email_verified": True},
    {"sub": "demo", "email": "demo@bank.example", "email_verified": True},
)
MAKE_ACCOUNTS = """
from django.contrib.auth.models import Group
from desk.accounts.models import User
lin = User.objects.create_user("lin", email="lin@bank.example", shown_name="林")
lin.groups.set([Group.objects.get(name="auditor")])
User.objects.filter(username="demo-agent").update(email="demo@bank.example")
"""
CHECK_TOKEN = """
import json, sys
from django.core.exceptions import SuspiciousOperation
import jwt
from desk.accounts.single_sign_on import SingleSignOn
token, nonce = sys.stdin.read().split()
try:
    print("taken", SingleSignOn().verify_token(token, nonce=nonce)["sub"])
except (SuspiciousOperation, jwt.PyJWTError) as error:
    print("refused", type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    people = [argument for one in PEOPLE for argument in ("--user-claims", json.dumps(one))]
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "tool", "run", "--from", PROVIDER, "oidc-provider-mock", "--port", str(port), *people]
    url, log = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("provider") / "log"
    with Process(command, dict(os.environ), url, log):
        yield url


class Desk:
    def __init__(self, url: str, environment: dict[str, str], password: str) -> None:
        self.url, self.environment, self.password = url, environment, password

    def python(self, code: str, given: str = "") -> str:
        prelude = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'desk.settings'; django.setup()\n"
        command = [sys.executable, "-c", prelude + code]
        done = subprocess.run(
            command, input=given, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout


@pytest.fixture(scope="module")
def desk(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    var, port = tmp_path_factory.mktemp("sso"), free_port()
    environment = os.environ | {
        "KUANXIN_VAR": str(var),
        "KUANXIN_DESK_OIDC": issuer,
        "KUANXIN_DESK_OIDC_CLIENT": "kuanxin-desk",
        "KUANXIN_DESK_OIDC_SECRET": "s3cret",
        "PYTHONPATH": str(ROOT),
    }
    for command in (["kuanxin.book", "import", "kuanxin/book/demo.yml"], ["desk", "prepare"]):
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment, check=True, capture_output=True)
    desk = Desk(f"http://127.0.0.1:{port}", environment, (var / "desk-demo-login.txt").read_text("ascii"))
    desk.python(MAKE_ACCOUNTS)
    serve = [sys.executable, "-m", "gunicorn", "desk.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    with Process(serve, environment, f"{desk.url}/sign-in/", var / "desk.log"):
        yield desk


@pytest.fixture
def page(desk: Desk) -> Iterator[Any]:
    with chromium() as browser:
        page = browser.new_page(locale="zh-CN")
        page.set_default_timeout(15_000)
        yield page


def through_the_provider(page: Any, desk: Desk, who: str) -> None:
    page.goto(f"{desk.url}/sign-in/")
    page.get_by_role("link", name="用单位账号登录").click()
    page.get_by_role("button", name=who, exact=True).click()
    page.wait_for_url(f"{desk.url}/**")


def test_an_account_signs_in_through_the_provider_with_its_own_role(page: Any, desk: Desk) -> None:
    through_the_provider(page, desk, "lin")
    expect(page.get_by_role("link", name="审计")).to_be_visible()  # no second factor of ours: the provider's counts
    expect(page.get_by_role("link", name="接手")).to_have_count(0)
    assert page.goto(f"{desk.url}/accounts/").status == 403
    page.goto(f"{desk.url}/audit/?staff=lin")
    expect(page.get_by_role("row").filter(has_text="lin").filter(has_text="登录").first).to_be_visible()


@pytest.mark.parametrize("who", ["unverified", "stranger", "demo"])
def test_who_has_no_account_under_a_verified_address_stays_outside(page: Any, desk: Desk, who: str) -> None:
    through_the_provider(page, desk, who)
    assert page.url == f"{desk.url}/sign-in/"
    expect(page.get_by_text("单位账号登录没有成功")).to_be_visible()
    page.goto(f"{desk.url}/conversations/")
    assert "/sign-in/" in page.url


def test_strangers_who_fail_lock_nobody_out(page: Any, desk: Desk) -> None:
    for _ in range(6):
        through_the_provider(page, desk, "stranger")
    through_the_provider(page, desk, "lin")
    expect(page.get_by_role("link", name="审计")).to_be_visible()


def test_an_answer_that_nobody_asked_for_is_refused(desk: Desk) -> None:
    for query in ("code=x&state=y", "error=access_denied&state=y", ""):
        answer = requests.get(f"{desk.url}/single-sign-on/back/?{query}", allow_redirects=False, timeout=10)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/")


def token_for(issuer: str, client: str, nonce: str) -> str:
    """A genuine ID token of the provider, as this client gets it."""
    back = "http://127.0.0.1:1/back"
    asked = {"response_type": "code", "client_id": client, "redirect_uri": back, "scope": "openid", "nonce": nonce}
    authorize = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()["authorization_endpoint"]
    sent = requests.post(authorize, params=asked, data={"sub": "lin"}, allow_redirects=False, timeout=10)
    code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
    token = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()["token_endpoint"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
    return str(requests.post(token, data=form, auth=(client, "s3cret"), timeout=10).json()["id_token"])


@pytest.mark.parametrize(
    ("client", "asked_with", "came_with", "said"),
    [
        ("kuanxin-desk", "n1", "n1", "taken lin"),
        ("other-client", "n2", "n2", "refused Refused the token is for another client"),
        ("kuanxin-desk", "n3", "n4", "refused SuspiciousOperation JWT Nonce verification failed."),
    ],
)
def test_a_token_counts_for_this_client_and_this_question_only(
    issuer: str, desk: Desk, client: str, asked_with: str, came_with: str, said: str
) -> None:
    token = token_for(issuer, client, came_with)
    assert desk.python(CHECK_TOKEN, f"{token} {asked_with}").strip() == said


def test_a_token_that_was_changed_on_its_way_is_refused(issuer: str, desk: Desk) -> None:
    head, body, signature = token_for(issuer, "kuanxin-desk", "n5").split(".")
    changed = ".".join((head, body, signature[:-8] + ("A" * 8)))
    assert desk.python(CHECK_TOKEN, f"{changed} n5").startswith("refused SuspiciousOperation")


def test_the_password_still_works_where_the_provider_is_down(desk: Desk, tmp_path: Path) -> None:
    """The desk of a second process, whose provider does not answer."""
    port = free_port()
    environment = desk.environment | {"KUANXIN_DESK_OIDC": f"http://127.0.0.1:{free_port()}"}
    serve = [sys.executable, "-m", "gunicorn", "desk.wsgi", "--bind", f"127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}"
    with Process(serve, environment, f"{url}/sign-in/", tmp_path / "desk.log"), requests.Session() as session:
        assert "现在连不上" in session.get(f"{url}/single-sign-on/", timeout=20).text
        form = session.get(f"{url}/sign-in/", timeout=20).text
        secret = form.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": "demo-reviewer", "password": desk.password, "csrfmiddlewaretoken": secret}
        answer = session.post(f"{url}/sign-in/", data=form, allow_redirects=False, timeout=20)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")

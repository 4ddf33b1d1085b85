"""Who may do what: every address by every role, without a login, with a forged form, and over a book of real data."""

from __future__ import annotations

from typing import Any

import pytest

from tests.desk.conftest import ROLES

OPEN = {"login", "language"}
OF_ANYBODY = {"home", "logout", "second-factor", "new-second-factor", "password"}
ARGUMENTS = {"id": "demo-000", "number": "KX0", "name": "endings"}


def _addresses() -> list[tuple[str, str, str | None, bool]]:
    """(name, path, permission, posts only) of every address."""
    from django.urls import reverse

    from desk.urls import urlpatterns

    found = []
    for pattern in urlpatterns:
        wanted = {name: 1 if "int" in str(conv) else ARGUMENTS[name] for name, conv in _converters(pattern).items()}
        path = reverse(pattern.name, kwargs=wanted)
        found.append((pattern.name, path, getattr(pattern.callback, "permission", None)))
    return found


def _converters(pattern: Any) -> dict[str, str]:
    return {name: type(one).__name__.lower() for name, one in pattern.pattern.converters.items()}


def test_every_address_names_its_permission(django):
    without = {name for name, _path, permission in _addresses() if permission is None}
    assert without == OPEN | OF_ANYBODY


def test_nothing_is_shown_without_a_login(django):
    from django.test import Client

    for name, path, _permission in _addresses():
        for ask in (Client().get, Client().post):
            answer = ask(path)
            if name in OPEN:
                continue
            assert answer.status_code in (302, 405), (name, answer.status_code)
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith("/sign-in/"), name


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_exactly_what_it_may(role, sign_in, django):
    from desk.accounts.roles import ROLES as TABLE

    client, allowed = sign_in(role), TABLE[role][1]
    for name, path, permission in _addresses():
        if permission is None:
            continue
        got, posted = client.get(path).status_code, client.post(path).status_code
        if permission in allowed:
            assert 403 not in (got, posted), (name, got, posted)
            assert 500 not in (got, posted), (name, got, posted)
        else:
            assert {got, posted} <= {403, 405}, (name, got, posted)
            assert 403 in (got, posted), (name, got, posted)


def test_a_form_from_elsewhere_is_refused(sign_in, talk, parts):
    id = talk()
    client = sign_in("agent", enforce_csrf_checks=False)
    client.handler.enforce_csrf_checks = True
    answer = client.post(f"/conversations/{id}/claim/")
    assert answer.status_code == 403
    assert "请重新打开页面" in answer.content.decode()
    assert parts.conversations.get(id).holder == "waiting"


def test_five_wrong_passwords_lock_the_login(django, password):
    from axes.utils import reset
    from django.test import Client

    client = Client()
    for _ in range(5):
        answer = client.post("/sign-in/", {"username": "demo-auditor", "password": "wrong"})
    assert answer.status_code == 429
    right = client.post("/sign-in/", {"username": "demo-auditor", "password": password})
    assert right.status_code == 429
    assert "暂时锁定" in right.content.decode()
    reset()
    assert client.post("/sign-in/", {"username": "demo-auditor", "password": password}).status_code == 302


def test_demo_logins_are_refused_over_real_data(django, password, monkeypatch):
    from django.test import Client

    monkeypatch.setattr("desk.accounts.backends.demo_allowed", lambda: False)
    answer = Client().post("/sign-in/", {"username": "demo-agent", "password": password})
    assert answer.status_code == 200
    assert "登录名或密码不对" in answer.content.decode()


def test_a_real_account_sets_up_its_second_factor_first(django):
    from django.contrib.auth.models import Group
    from django.test import Client
    from django_otp.oath import totp

    from desk.accounts.models import User

    user = User.objects.create_user("lin", password="correct horse battery", shown_name="林")
    user.groups.set([Group.objects.get(name="reviewer")])
    client = Client()
    client.post("/sign-in/", {"username": "lin", "password": "correct horse battery"})
    assert client.get("/conversations/").headers["Location"] == "/second-factor/new/"
    assert "data:image/png" in client.get("/second-factor/new/").content.decode()
    device = user.totpdevice_set.get()
    client.post("/second-factor/new/", {"code": f"{totp(device.bin_key):06}"})
    assert client.get("/conversations/").status_code == 200

    other = Client()  # the next sign-in is asked for the code, and cannot set up another app
    other.post("/sign-in/", {"username": "lin", "password": "correct horse battery"})
    assert other.get("/conversations/").headers["Location"] == "/second-factor/"
    assert other.get("/second-factor/new/").headers["Location"] == "/second-factor/"
    assert "动态码不对" in other.post("/second-factor/", {"code": "000000"}).content.decode()
    assert other.get("/conversations/").status_code == 302


def test_who_does_nothing_is_signed_out_and_looking_by_itself_is_nothing(sign_in, django):
    client = sign_in("agent")
    client.get("/")
    session = client.session
    session["seen_at"] -= 21 * 60
    session.save()
    assert client.get("/queue/live/", headers={"X-Live": "1"}).status_code == 401
    assert client.get("/queue/").status_code == 302


def test_pages_forbid_scripts_of_others_and_caches(sign_in):
    answer = sign_in("supervisor").get("/conversations/demo-000/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "<script>" not in answer.content.decode()
    assert " style=" not in answer.content.decode()


def test_language_returns_only_to_our_own_pages(sign_in):
    client = sign_in("agent")
    answer = client.post("/language/", {"language": "en", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"
    assert "What needs me" in client.get("/").content.decode()

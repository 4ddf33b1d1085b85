"""Settings: defaults that need nothing, mistakes named with their variable, secrets that stay secret."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from kuanxin.settings import Settings, SettingsError, StaffHours, read_settings
from kuanxin.store.base import SHANGHAI


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("KUANXIN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KUANXIN_VAR", str(tmp_path / "var"))


def test_the_default_needs_nothing(tmp_path):
    settings = read_settings()
    assert settings.database_url == f"sqlite:///{tmp_path / 'var' / 'kuanxin.db'}"
    assert settings.public_url == "http://127.0.0.1:5005"
    assert settings.bank_sign_in_url == "http://127.0.0.1:5080/sign-in"
    assert settings.outbox == tmp_path / "var" / "outbox"
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "mysql://root@db/x", "sqlite:///path/to/file.db or postgresql://"),
        ("NOW", "2026-11-23", "2026-11-23T10:00:00+08:00"),
        ("NOW", "2026-11-23T10:00:00", "2026-11-23T10:00:00+08:00"),
        ("RASA_PORT", "99999", "65535 or less"),
        ("ACTION_PORT", "0", "1 or more"),
        ("PAGE_PORT", "http", "a whole number"),
        ("TOKEN_ALGORITHM", "none", "HS256"),
        ("TOKEN_MAX_AGE_MINUTES", "0", "1 or more"),
        ("EVENTS_URL", "amqp://rabbitmq/", "amqp://user:password@host:5672/"),
        ("STAFF_HOURS", "9-5", "mon-fri 09:00-18:00"),
        ("STAFF_HOURS", "mon-fri 18:00-09:00", "mon-fri 09:00-18:00"),
        ("STAFF_HOURS", "fri-mon 09:00-18:00", "mon-fri 09:00-18:00"),
        ("PUBLIC_URL", "chat.bank.example", "https://"),
        ("BANK_SIGN_IN_URL", "javascript:alert(1)", "https://"),
    ],
)
def test_a_mistake_is_named_with_its_variable_and_the_remedy(monkeypatch, name, value, expected):
    monkeypatch.setenv(f"KUANXIN_{name}", value)
    with pytest.raises(SettingsError) as raised:
        read_settings()
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"KUANXIN_{name}: ")
    assert expected in line


def test_all_mistakes_at_once(monkeypatch):
    monkeypatch.setenv("KUANXIN_RASA_PORT", "x")
    monkeypatch.setenv("KUANXIN_STAFF_HOURS", "x")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert len(str(raised.value).splitlines()) == 2


def test_the_demo_secret_is_made_once_for_its_owner_only(tmp_path):
    settings = read_settings()
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: settings.bank_key(), range(16)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    (file,) = (tmp_path / "var").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert settings.own_secret("visitor-token") != settings.bank_key()


@pytest.mark.parametrize(
    ("algorithm", "key", "problem"),
    [
        ("HS256", "short", "32 bytes or more"),
        ("HS256", "-----BEGIN PUBLIC KEY-----\n" + "A" * 64, "32 bytes or more"),
        ("RS256", "s" * 40, "PEM"),
        ("ES256", "", "expected the key"),
        ("RS256", "file:/nowhere/bank.pem", "a file that can be read"),
    ],
)
def test_a_key_that_does_not_suit_its_algorithm_is_refused(algorithm, key, problem):
    with pytest.raises(SettingsError, match=problem) as raised:
        Settings(token_algorithm=algorithm, token_key=key).bank_key()
    assert str(raised.value).startswith("KUANXIN_TOKEN_KEY: ")
    assert not key or key not in str(raised.value)


def test_real_loans_need_a_real_key():
    with pytest.raises(SettingsError, match="KUANXIN_TOKEN_KEY"):
        Settings(loan_book_url="https://core.bank.example").bank_key()


def test_secrets_are_never_printed(monkeypatch):
    monkeypatch.setenv("KUANXIN_TOKEN_KEY", "a-very-secret-key-of-thirty-two-bytes")
    monkeypatch.setenv("KUANXIN_LOAN_BOOK_TOKEN", "a-very-secret-token")
    assert "very-secret" not in repr(read_settings())


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        ("mon-sun 09:00-20:00", "每天9:00-20:00"),
        ("mon-fri 08:30-18:00", "周一到周五8:30-18:00"),
        ("sat-sat 10:00-12:00", "每周六10:00-12:00"),
    ],
)
def test_staff_hours_as_borrowers_read_them(hours, text):
    assert Settings(staff_hours=hours).staff_hours_text == text


def test_staff_are_there_from_the_first_minute_and_not_at_the_last():
    hours = StaffHours("mon-fri 09:00-18:00")
    monday = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)
    assert not hours.open_at(monday.replace(hour=8, minute=59))
    assert hours.open_at(monday)
    assert not hours.open_at(monday.replace(hour=18))
    assert not hours.open_at(monday.replace(day=28))  # a Saturday


def test_the_policy_is_found_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert read_settings().policy_file.is_file()


@pytest.mark.parametrize(("platform", "account"), [("WECHAT", "APP_ID"), ("WECOM", "CORP_ID")])
def test_an_account_of_a_platform_is_set_up_wholly_or_not_at_all(monkeypatch, platform, account):
    monkeypatch.setenv(f"KUANXIN_{platform}_{account}", "x1")
    monkeypatch.setenv(f"KUANXIN_{platform}_TOKEN", "secret-token")
    with pytest.raises(SettingsError) as raised:
        read_settings()
    assert f"missing: KUANXIN_{platform}_SECRET, KUANXIN_{platform}_AES_KEY" in str(raised.value)
    assert "secret-token" not in str(raised.value)
    monkeypatch.setenv(f"KUANXIN_{platform}_SECRET", "s")
    monkeypatch.setenv(f"KUANXIN_{platform}_AES_KEY", "too-short")
    with pytest.raises(SettingsError, match="43 letters and digits"):
        read_settings()
    monkeypatch.setenv(f"KUANXIN_{platform}_AES_KEY", "a" * 43)
    assert read_settings()

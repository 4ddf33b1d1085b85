"""Signing in and out, refused and locked logins: each is a line of the audit log."""

from __future__ import annotations

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from desk.audit.models import record


@receiver(user_logged_in)
def signed_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    record(request, "signed_in", user=user)


@receiver(user_logged_out)
def signed_out(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    if user is not None:
        record(request, "signed_out", user=user)


@receiver(user_login_failed)
def refused(sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
    record(request, "sign_in_refused", about=str(credentials.get("username") or "")[:80])


@receiver(user_locked_out)
def locked(sender: Any, request: Any, username: str, **kwargs: Any) -> None:
    record(request, "login_locked", about=str(username)[:80])

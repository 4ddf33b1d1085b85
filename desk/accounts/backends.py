"""Who may sign in with a password. Through the bank's identity provider: desk.accounts.single_sign_on."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from kuanxin.bootstrap import services
from kuanxin.store.settings import book_settings


class Password(ModelBackend):
    """Demo logins are refused over a book of real data."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not (user.demo and not demo_allowed())


def demo_allowed() -> bool:
    parts = services()
    if not parts.settings.demo_key:
        return False
    book = book_settings(parts.engine)
    return book is None or book.kind != "real"

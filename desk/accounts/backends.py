"""Who may sign in: with a password, or through the bank's identity provider."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from desk.accounts.models import User
from kuanxin.bootstrap import services
from kuanxin.store.settings import book_settings

try:
    from mozilla_django_oidc.auth import OIDCAuthenticationBackend
except Exception:  # its settings are only there where single sign-on is
    OIDCAuthenticationBackend = object


class Password(ModelBackend):
    """Demo logins are refused over a book of real data."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not (user.demo and not demo_allowed())


class SingleSignOn(OIDCAuthenticationBackend):  # type: ignore[misc]
    """An account is found by its verified e-mail address; the provider makes none and gives no role."""

    def filter_users_by_claims(self, claims: dict[str, Any]) -> Any:
        email = claims.get("email")
        if not email or claims.get("email_verified") is not True:
            return User.objects.none()
        return User.objects.filter(email__iexact=email, is_active=True, demo=False)


def demo_allowed() -> bool:
    parts = services()
    if not parts.settings.demo_key:
        return False
    book = book_settings(parts.engine)
    return book is None or book.kind != "real"

"""Single sign-on with the bank's identity provider: OpenID Connect, authorization code with PKCE (mozilla-django-oidc).

On top of the library: addresses come from the provider's own discovery document, and an ID token counts only where it
is from this issuer and for this client (OpenID Connect Core 3.1.3.7), and the user information is about its subject
(5.3.2). Whatever does not hold leads back to the sign-in page; the reason stands in the log.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import jwt
import requests
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def provider() -> dict[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery 4). Raises requests.RequestException, ValueError."""
    issuer = settings.KUANXIN.desk_oidc
    found: dict[str, Any] = _asked("GET", f"{issuer}/.well-known/openid-configuration").json()
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise ValueError(f"KUANXIN_DESK_OIDC is {issuer}, the provider calls itself {found.get('issuer')}")
    return found


def _asked(method: str, url: str, **more: Any) -> requests.Response:
    """A redirect, which the library would follow, would take the secret or a person's token to another host."""
    answer = requests.request(method, url, timeout=settings.OIDC_TIMEOUT, allow_redirects=False, **more)
    if answer.status_code != 200:
        raise requests.HTTPError(f"the provider answered {answer.status_code}", response=answer)
    return answer


class SingleSignOn(OIDCAuthenticationBackend):  # type: ignore[misc]
    """An account is found by its verified e-mail address; the provider makes none and gives no role."""

    def __init__(self) -> None:
        """Asks nobody: Django makes every backend at each sign-in, also with a password."""
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID
        self.OIDC_RP_CLIENT_SECRET = settings.OIDC_RP_CLIENT_SECRET
        self.OIDC_RP_SIGN_ALGO = settings.OIDC_RP_SIGN_ALGO
        self.OIDC_RP_IDP_SIGN_KEY = None
        self.UserModel = get_user_model()

    OIDC_OP_TOKEN_ENDPOINT = property(lambda self: provider()["token_endpoint"])
    OIDC_OP_USER_ENDPOINT = property(lambda self: provider()["userinfo_endpoint"])
    OIDC_OP_JWKS_ENDPOINT = property(lambda self: provider()["jwks_uri"])

    def authenticate(self, request: HttpRequest | None, **kwargs: Any) -> Any:
        try:
            return super().authenticate(request, **kwargs)
        except (SuspiciousOperation, requests.RequestException, jwt.PyJWTError, ValueError, KeyError) as error:
            # what a provider answers may hold personal data
            logger.warning("single sign-on refused: %s", error if isinstance(error, Refused) else type(error).__name__)
            return None

    def retrieve_matching_jwk(self, token: str) -> jwt.PyJWK:
        """The key that the token names; a provider with one key need not name it (JSON Web Signature 4.1.4)."""
        keys = jwt.PyJWKSet.from_dict(_asked("GET", self.OIDC_OP_JWKS_ENDPOINT).json()).keys
        named = jwt.get_unverified_header(token).get("kid")
        fitting = [key for key in keys if key.algorithm_name == self.OIDC_RP_SIGN_ALGO and named in (None, key.key_id)]
        if len(fitting) != 1:
            raise Refused("no key of the provider fits the token")
        return fitting[0]

    def get_token(self, payload: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = _asked("POST", self.OIDC_OP_TOKEN_ENDPOINT, data=payload).json()
        return found

    def verify_token(self, token: str, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super().verify_token(token, **kwargs)
        audience = payload.get("aud")
        audience = [audience] if isinstance(audience, str) else audience or []
        if str(payload.get("iss", "")).rstrip("/") != settings.KUANXIN.desk_oidc:
            raise Refused("the token is from another issuer")
        if self.OIDC_RP_CLIENT_ID not in audience:
            raise Refused("the token is for another client")
        if len(audience) > 1 and payload.get("azp") != self.OIDC_RP_CLIENT_ID:
            raise Refused("the token was made out to another client")
        if "exp" not in payload:
            raise Refused("the token never ends")
        return payload

    def get_userinfo(self, access_token: str, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        answer = _asked("GET", self.OIDC_OP_USER_ENDPOINT, headers={"Authorization": f"Bearer {access_token}"})
        signed = answer.headers.get("Content-Type", "").lower().startswith("application/jwt")
        found: dict[str, Any] = self.verify_token(answer.text) if signed else answer.json()
        if not payload.get("sub") or found.get("sub") != payload["sub"]:
            raise Refused("the user information is about somebody else")
        return found

    def filter_users_by_claims(self, claims: dict[str, Any]) -> Any:
        email = claims.get("email")
        if not email or claims.get("email_verified") is not True:
            return self.UserModel.objects.none()
        return self.UserModel.objects.filter(email__iexact=email, is_active=True, demo=False)


class Refused(SuspiciousOperation):
    """A token that is not meant for this desk."""


class Begin(OIDCAuthenticationRequestView):  # type: ignore[misc]
    """To the provider."""

    OIDC_OP_AUTH_ENDPOINT = property(lambda self: provider()["authorization_endpoint"])

    def __init__(self, **kwargs: Any) -> None:
        super(OIDCAuthenticationRequestView, self).__init__(**kwargs)
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            return super().get(request)
        except (requests.RequestException, ValueError, KeyError) as error:
            logger.warning("single sign-on: the provider cannot be asked: %s", error)
            messages.error(request, _("单位账号的登录服务现在连不上，请用密码登录，或者过几分钟再试。"))
            return redirect("login")


class Callback(OIDCAuthenticationCallbackView):  # type: ignore[misc]
    """Back from the provider."""

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            return super().get(request)
        except SuspiciousOperation:  # a state that this browser was never given
            return self.login_failure()

    def login_failure(self) -> HttpResponse:
        messages.error(self.request, _("单位账号登录没有成功。请再试一次；还不行，请管理员看看您的账号和邮箱。"))
        return redirect("login")

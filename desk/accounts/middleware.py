"""Idle logout, and the second factor before anything else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

SEEN = "seen_at"
QUIET = {"live", "queue-live", "models-live"}  # pages ask for these by themselves: that is no activity
BEFORE_SECOND_FACTOR = {"login", "logout", "second-factor", "new-second-factor", "language"}


def idle_logout(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Signs out whoever did nothing for KUANXIN_DESK_IDLE_MINUTES."""
    limit = settings.KUANXIN.desk_idle_minutes * 60

    def answer(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get(SEEN, now) > limit:
                logout(request)
                if request.headers.get("X-Live"):
                    return HttpResponse(status=401)
            elif not request.headers.get("X-Live"):
                request.session[SEEN] = now
        elif request.headers.get("X-Live"):
            return HttpResponse(status=401)
        return get_response(request)

    return answer


class SecondFactor:
    """Nothing is shown before the second factor; who has none yet sets one up first. Demo accounts need none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        user: Any = request.user
        name = request.resolver_match.url_name if request.resolver_match else None
        if not user.is_authenticated or user.is_verified() or name in BEFORE_SECOND_FACTOR:
            return None
        if has_second_factor(user):
            return redirect("second-factor")
        by_provider = "oidc_id_token_expiration" in request.session  # mozilla-django-oidc, after its own sign-in
        if settings.KUANXIN.desk_second_factor and not user.demo and not by_provider:
            return redirect("new-second-factor")
        return None


def has_second_factor(user: Any) -> bool:
    return bool(user.totpdevice_set.filter(confirmed=True).exists())

"""Counts requests to the desk and how long they take, for Prometheus."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.views import View

from kuanxin.metrics import DESK_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


def measured(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = get_response(request)
        method = request.method if str(request.method).lower() in View.http_method_names else "other"
        view = request.resolver_match.view_name if request.resolver_match else "none"
        DESK_REQUESTS.labels(method, view, response.status_code).observe(time.perf_counter() - began)
        return response

    return answer

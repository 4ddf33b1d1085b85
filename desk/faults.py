"""What staff see when something is missing or down: what it is and what to do. Never a stack trace."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _

from kuanxin.conversations.model import ConversationNotFound, ConversationsUnavailable
from kuanxin.logs import log_where
from kuanxin.servicing.ports import BookUnavailable, LoanNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)


class Faults:
    """Turns the faults of the parts below into pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")  # what borrowers said stays in no cache
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, ConversationNotFound | LoanNotFound):
            return missing(request)
        if isinstance(error, ConversationsUnavailable | BookUnavailable):
            text = _("账务或会话记录暂时读不到，什么都没有改动。请过一分钟再试；一直这样请联系运维。")
            return page(request, 503, _("暂时连不上"), text)
        if isinstance(error, Http404) or type(error).__module__.startswith("django."):
            return None
        log_where(logger, f"{request.path} broke", error)
        return page(request, 500, _("出错了"), _("这一步没有完成。请返回再试一次；一直这样请联系运维。"))


def page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "fault.html", {"title": title, "text": text}, status=status)


def missing(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return page(request, 404, _("没有找到"), _("这一页不存在，或者您看不到它。"))


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return page(request, 403, _("没有权限"), _("您的角色不能做这件事。需要的话，请管理员调整您的角色。"))


def broken(request: HttpRequest) -> HttpResponse:
    return page(request, 500, _("出错了"), _("这一步没有完成。请返回再试一次；一直这样请联系运维。"))


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(request, 403, _("请重新打开页面"), _("这个页面放得太久，或者不是从工作台打开的。请返回、刷新后再试。"))

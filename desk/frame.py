"""What every page shows around its content: the menu of the role, how much waits, whether the data are demo data."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from desk.accounts.roles import role_of
from kuanxin.bootstrap import services
from kuanxin.conversations.model import ConversationsUnavailable
from kuanxin.store.settings import book_settings

if TYPE_CHECKING:
    from django.http import HttpRequest

MENU = (
    ("home", _("需要我"), "view_transcripts", None),
    ("queue", _("接手"), "handle", "waiting"),
    ("conversations", _("会话"), "view_transcripts", None),
    ("decisions", _("决定"), "decide", "requested"),
    ("teaching", _("教学"), "teach", None),
    ("models", _("模型"), "models", None),
    ("figures", _("数据"), "figures", None),
    ("audit", _("审计"), "audit", None),
    ("accounts", _("账号"), "accounts", None),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"demo_data": _demo()}
    counts: dict[str, int] = {}
    with suppress(ConversationsUnavailable):
        counts = services().staff.store.counts()
    room = request.resolver_match.url_name if request.resolver_match else ""
    menu = [
        {"name": name, "title": title, "count": counts.get(count or "", 0), "here": room == name}
        for name, title, permission, count in MENU
        if user.has_perm(f"accounts.{permission}")
    ]
    return {"menu": menu, "counts": counts, "role": role_of(user), "demo_data": _demo()}


def _demo() -> bool:
    """Whether the loan book holds invented borrowers."""
    parts = services()
    if parts.settings.loan_book_url:
        return False
    try:
        book = book_settings(parts.engine)
    except Exception:  # the page that says so must still come
        return False
    return book is not None and book.kind != "real"

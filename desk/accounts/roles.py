"""The roles, what each may do, and how a view says what it needs."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable

ROLES: dict[str, tuple[Any, frozenset[str]]] = {
    "reviewer": (_("复核员"), frozenset({"view_transcripts", "review", "teach"})),
    "agent": (_("客服"), frozenset({"view_transcripts", "review", "reveal", "handle"})),
    "decider": (_("审批人"), frozenset({"view_transcripts", "review", "reveal", "decide"})),
    "supervisor": (
        _("主管"),
        frozenset(
            [
                "view_transcripts",
                "review",
                "reveal",
                "export",
                "handle",
                "override",
                "decide",
                "teach",
                "figures",
                "legal_hold",
            ]
        ),
    ),
    "administrator": (_("管理员"), frozenset({"accounts", "figures", "models"})),
    "auditor": (_("审计"), frozenset({"view_transcripts", "reveal", "export", "figures", "audit"})),
}


def make_roles(**kwargs: Any) -> None:
    """After each migration the groups hold exactly what stands above."""
    for name, (_title, allowed) in ROLES.items():
        group, _made = Group.objects.get_or_create(name=name)
        group.permissions.set(Permission.objects.filter(content_type__app_label="accounts", codename__in=allowed))


def role_of(user: Any) -> Any:
    """The title of a colleague's role."""
    group = user.groups.first()
    return ROLES[group.name][0] if group and group.name in ROLES else _("没有角色")


def needs(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view for colleagues whose role has this permission; others get 403."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        guarded = permission_required(f"accounts.{permission}", raise_exception=True)(view)

        @wraps(guarded)
        def answer(*args: Any, **kwargs: Any) -> Any:
            return guarded(*args, **kwargs)

        answer.permission = permission  # type: ignore[attr-defined]
        return answer

    return decorate

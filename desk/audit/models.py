"""The audit log: who saw or did what, when and why. The database refuses to change or delete a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.http import HttpRequest


class Line(models.Model):
    at = models.DateTimeField(auto_now_add=True, db_index=True)
    staff = models.CharField(max_length=150, db_index=True)
    role = models.CharField(max_length=32)
    action = models.CharField(max_length=32, db_index=True)
    about = models.CharField(max_length=128, db_index=True)  # a conversation, an arrangement, an account
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
    address = models.CharField(max_length=45, blank=True)

    class Meta:
        db_table = "desk_audit"


def record(
    request: HttpRequest | None, action: str, about: str = "", reason: str = "", user: Any = None, **detail: Any
) -> None:
    """Writes a line. Raises the database's own error: what cannot be recorded is not shown and not done."""
    who = user or getattr(request, "user", None)
    known = who is not None and who.is_authenticated
    group = who.groups.first() if known else None
    Line.objects.create(
        staff=who.username if known else "",
        role=group.name if group else "",
        action=action,
        about=about,
        reason=reason,
        detail=detail,
        address=str(request.META.get("REMOTE_ADDR") or "") if request is not None else "",
    )

from __future__ import annotations

from django.apps import AppConfig


class Audit(AppConfig):
    name = "desk.audit"
    label = "audit"

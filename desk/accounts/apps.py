from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class Accounts(AppConfig):
    name = "desk.accounts"
    label = "accounts"

    def ready(self) -> None:
        from desk.accounts import signals  # noqa: F401 registers what is written to the audit log
        from desk.accounts.roles import make_roles

        post_migrate.connect(make_roles, sender=self)

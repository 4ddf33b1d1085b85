from __future__ import annotations

from django.apps import AppConfig


class Teaching(AppConfig):
    name = "desk.teaching"
    label = "teaching"

from __future__ import annotations

from django.apps import AppConfig


class Decisions(AppConfig):
    name = "desk.decisions"
    label = "decisions"

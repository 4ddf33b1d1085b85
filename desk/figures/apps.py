from __future__ import annotations

from django.apps import AppConfig


class Figures(AppConfig):
    name = "desk.figures"
    label = "figures"

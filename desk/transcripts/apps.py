from __future__ import annotations

from django.apps import AppConfig


class Transcripts(AppConfig):
    name = "desk.transcripts"
    label = "transcripts"

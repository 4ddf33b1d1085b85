"""Logins of staff. What a login may do is the role (a Django group); see desk.accounts.roles."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A colleague. `demo`: made by the demo set-up, refused over a book of real data."""

    shown_name = models.CharField(max_length=40)
    demo = models.BooleanField(default=False)

    class Meta:
        db_table = "desk_users"


class Access(models.Model):
    """Carries the permissions of the desk; has no table."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = (
            ("view_transcripts", "reads conversations"),
            ("review", "marks, tags and notes"),
            ("reveal", "sees names and phone numbers, with a reason"),
            ("export", "takes conversations out, with a reason"),
            ("handle", "answers borrowers"),
            ("override", "takes a conversation from a colleague"),
            ("decide", "decides on requests of borrowers"),
            ("teach", "labels messages for the model"),
            ("models", "trains models and lets one answer"),
            ("figures", "sees figures"),
            ("audit", "reads the audit log"),
            ("accounts", "makes accounts and gives roles"),
            ("legal_hold", "keeps a conversation from being erased"),
        )

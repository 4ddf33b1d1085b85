"""A login for each role, with a password that this set-up makes for itself and writes where only its owner reads it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.contrib.auth.models import Group

from desk.accounts.models import User
from desk.accounts.roles import ROLES

FILE = "desk-demo-login.txt"
NAMES = {
    "reviewer": "演示·复核",
    "agent": "演示·客服",
    "decider": "演示·审批",
    "supervisor": "演示·主管",
    "administrator": "演示·管理",
    "auditor": "演示·审计",
}


def make_logins(var: Path) -> None:
    """Once: demo-reviewer, demo-agent, … Does nothing where they exist."""
    file = var / FILE
    if file.exists() and User.objects.filter(demo=True).count() > len(ROLES):
        return
    password = secrets.token_urlsafe(9)
    for login, role, name in [
        *((f"demo-{r}", r, NAMES[r]) for r in ROLES),
        ("demo-decider-2", "decider", "演示·审批二"),
    ]:
        user, _made = User.objects.get_or_create(username=login, defaults={"demo": True, "shown_name": name})
        if not user.demo:
            continue
        user.set_password(password)
        user.save()
        user.groups.set([Group.objects.get(name=role)])
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(password)

"""`python -m desk COMMAND`: Django's commands for the desk (migrate, createsuperuser, …) and its own."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from kuanxin.settings import SettingsError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
    try:
        execute_from_command_line(["python -m desk", *sys.argv[1:]])
    except SettingsError as error:
        sys.exit(f"\n{error}")


if __name__ == "__main__":
    main()

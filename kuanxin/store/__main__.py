"""`python -m kuanxin.store backup|restore|seal|new-key`: copies of the database; personal data in it under a key."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from sqlalchemy.exc import SQLAlchemyError

from kuanxin.settings import SettingsError, read_settings
from kuanxin.store.backup import BackupFailed, back_up, restore
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.sealing import CannotOpen, reseal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.store", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    sealing = "seal what stands in plain text or under an older key with the first of KUANXIN_DATA_KEYS"
    commands.add_parser("seal", help=sealing).set_defaults(run=_seal)
    commands.add_parser("new-key", help="print a new key").set_defaults(run=_new_key)
    for name, copy, what in (
        ("backup", back_up, "write a copy of the database into a new file, while the servers run"),
        ("restore", restore, "fill an empty database from such a file"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("file", type=Path)
        command.set_defaults(run=partial(_copy, copy))
    arguments = vars(parser.parse_args())
    arguments.pop("run")(**arguments)


def _copy(copy: Callable[[Engine, Path], None], file: Path) -> None:
    try:
        copy(make_engine(read_settings().database_url), file)
    except SQLAlchemyError as fault:
        sys.exit(f"The database cannot be used ({type(fault).__name__}).")
    except (SettingsError, BackupFailed) as error:
        sys.exit(str(error))


def _seal() -> None:
    try:
        engine = make_engine(read_settings().database_url)
        migrate(engine)
        for table, rows in reseal(engine).items():
            print(f"{table}: {rows}")
    except SQLAlchemyError as fault:  # its text may quote a row
        sys.exit(f"The database cannot be used ({type(fault).__name__}); what was sealed stays sealed, run it again.")
    except (SettingsError, CannotOpen, ValueError) as error:
        sys.exit(str(error))


def _new_key() -> None:
    print(Fernet.generate_key().decode())


if __name__ == "__main__":
    main()

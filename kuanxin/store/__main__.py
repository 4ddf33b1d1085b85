"""`python -m kuanxin.store seal|new-key`: seals personal data that stands in the database, gives a new key."""

from __future__ import annotations

import argparse
import sys

from cryptography.fernet import Fernet
from sqlalchemy.exc import SQLAlchemyError

from kuanxin.settings import SettingsError, read_settings
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.sealing import CannotOpen, reseal


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.store", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    sealing = "seal what stands in plain text or under an older key with the first of KUANXIN_DATA_KEYS"
    commands.add_parser("seal", help=sealing).set_defaults(run=_seal)
    commands.add_parser("new-key", help="print a new key").set_defaults(run=_new_key)
    parser.parse_args().run()


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

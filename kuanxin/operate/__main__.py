"""`python -m kuanxin.operate prepare|install|start|train|announce`: the steps behind `make run`; and `… model …`."""

from __future__ import annotations

import argparse
import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from kuanxin.clock import ClockError
from kuanxin.conversations.model import ConversationsUnavailable
from kuanxin.operate import model_commands
from kuanxin.operate.announce import announce
from kuanxin.operate.model import ensure_model
from kuanxin.operate.prepare import CannotStart, install, prepare
from kuanxin.operate.start import SERVERS, start
from kuanxin.settings import SettingsError, table

STEPS = {
    "prepare": (prepare, "settings, room, ports, tables, model and book of one machine"),
    "install": (install, "settings, tables and model, before the servers of a release start on several machines"),
    "settings": (lambda: print(table()), "the table of all settings, as docs/operation.md has it"),
    "train": (ensure_model, "the model of the present data, where it is not there"),
    "announce": (announce, "wait until the assistant answers and say where to go"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.operate", description=__doc__)
    steps = parser.add_subparsers(metavar="STEP", required=True)
    for name, (step, what) in STEPS.items():
        steps.add_parser(name, help=what, description=what).set_defaults(run=lambda _args, step=step: step())
    starting = steps.add_parser("start", help="become one of the servers", description=start.__doc__)
    starting.add_argument("name", choices=SERVERS)
    starting.set_defaults(run=lambda args: start(args.name))
    model_commands.add_to(steps.add_parser("model", help=model_commands.__doc__, description=model_commands.__doc__))
    args = parser.parse_args()
    try:
        args.run(args)
    except SettingsError as error:
        print(f"\n{error}", file=sys.stderr)
        sys.exit(os.EX_CONFIG)
    except (CannotStart, ClockError, RuntimeError) as error:
        sys.exit(f"\n{error}")
    except (ConversationsUnavailable, SQLAlchemyError) as error:
        sys.exit(
            f"\nThe database does not answer ({type(error).__name__}). Is KUANXIN_DATABASE_URL right, is it running?"
        )
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

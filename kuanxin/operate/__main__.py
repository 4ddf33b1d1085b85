"""`python -m kuanxin.operate prepare|train|announce`: the steps behind `make run`; and `… model …`."""

from __future__ import annotations

import argparse
import sys

from sqlalchemy.exc import SQLAlchemyError

from kuanxin.clock import ClockError
from kuanxin.conversations.model import ConversationsUnavailable
from kuanxin.operate import model_commands
from kuanxin.operate.announce import announce
from kuanxin.operate.model import ensure_model
from kuanxin.operate.prepare import CannotStart, prepare
from kuanxin.settings import SettingsError

STEPS = {
    "prepare": (prepare, "room, ports, model, book and the environment of the servers"),
    "train": (ensure_model, "the model of the present data, where it is not there"),
    "announce": (announce, "wait until the assistant answers and say where to go"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.operate", description=__doc__)
    steps = parser.add_subparsers(metavar="STEP", required=True)
    for name, (step, what) in STEPS.items():
        steps.add_parser(name, help=what, description=what).set_defaults(run=lambda _args, step=step: step())
    model_commands.add_to(steps.add_parser("model", help=model_commands.__doc__, description=model_commands.__doc__))
    args = parser.parse_args()
    try:
        args.run(args)
    except (CannotStart, SettingsError, ClockError, RuntimeError) as error:
        sys.exit(f"\n{error}")
    except (ConversationsUnavailable, SQLAlchemyError) as error:
        sys.exit(
            f"\nThe database does not answer ({type(error).__name__}). Is KUANXIN_DATABASE_URL right, is it running?"
        )
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

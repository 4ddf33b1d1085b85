"""`python -m kuanxin.evaluate {vectors,dialogues,questions,despair}`: what to run before trusting a new version."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

COMMANDS = {
    "vectors": "recompute published loan figures and compare them to the fen",
    "dialogues": "play scripted conversations against the running assistant",
    "questions": "ask a list of questions and compare what was understood",
    "despair": "count where despair is heard wrongly, and where it is missed",
}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.evaluate", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parsers = {name: commands.add_parser(name, help=text, description=text) for name, text in COMMANDS.items()}
    if argv and argv[0] in COMMANDS:
        # only the chosen one is imported: the money figures do not need Rasa
        import_module(f"kuanxin.evaluate.{argv[0]}").add_arguments(parsers[argv[0]])
    args = parser.parse_args(argv)
    return int(import_module(f"kuanxin.evaluate.{args.command}").run(args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m kuanxin.operate prepare|train|announce`: the steps behind `make run`."""

from __future__ import annotations

import argparse
import sys

from kuanxin.clock import ClockError
from kuanxin.operate.announce import announce
from kuanxin.operate.model import ensure_model
from kuanxin.operate.prepare import CannotStart, prepare
from kuanxin.settings import SettingsError


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kuanxin.operate", description=__doc__)
    parser.add_argument("step", choices=("prepare", "train", "announce"))
    step = {"prepare": prepare, "train": ensure_model, "announce": announce}[parser.parse_args().step]
    try:
        step()
    except (CannotStart, SettingsError, ClockError, RuntimeError) as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

"""Train with lessons, compare, put live, go back: what the desk does on its page for models, from the command line."""

from __future__ import annotations

import getpass
import os
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from kuanxin.settings import read_settings
from kuanxin.store.base import SHANGHAI
from kuanxin.store.engine import make_engine, migrate
from kuanxin.store.models_repository import AlreadyTraining, CannotGoLive, NotOurModel, SqlModels

if TYPE_CHECKING:
    import argparse

    from kuanxin.store.models_repository import Model

CONSOLE = Console()


def add_to(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    lessons = {"nargs": "*", "type": Path, "default": [], "metavar": "FILE"}

    status = commands.add_parser("status", help="which model answers, what there is, how the last training went")
    status.set_defaults(run=_status)

    train = commands.add_parser("train", help="train and compare; the model that answers goes on")
    train.add_argument("--lessons", help="training data from the desk (YAML)", **lessons)
    train.add_argument("--measure", help="messages to measure with (TSV: text, intent, also)", **lessons)
    train.add_argument("--training", type=int, help="carry out what the desk has begun under this number")
    train.set_defaults(run=_train)

    compare = commands.add_parser("compare", help="measure a model beside the one that answers")
    compare.add_argument("name", help="a model, as `status` names it")
    compare.add_argument("--measure", required=True, help="messages to measure with (TSV)", **lessons)
    compare.set_defaults(run=_compare)

    live = commands.add_parser("live", help="let a model answer; running servers take it within seconds")
    live.add_argument("name", help="a model, as `status` names it")
    live.set_defaults(run=_live)

    back = commands.add_parser("back", help="let the model answer that answered before")
    back.set_defaults(run=_back)

    for command in (train, live, back):
        command.add_argument("--by", default=_login(), help="who does it (default: your login)")
        command.add_argument("--reason", default="", help="why, for those who read it later")


def _login() -> str:
    try:
        return getpass.getuser()
    except KeyError:  # a container's user may have a number only
        return str(os.getuid())


def _status(args: argparse.Namespace) -> None:
    models = _models()
    table = Table("model", "trained", "by", "lessons", "", title="Models, newest first")
    live = models.live()
    for model in models.all():
        state = ""
        if live is not None and live.model.sha256 == model.sha256:
            state = "answers" if live.loaded_at else "put live, no server has taken it yet"
        elif live is not None and live.model.fits != model.fits:
            state = "other data or code"
        table.add_row(model.name, f"{model.made_at:%Y-%m-%d %H:%M}", model.made_by, str(model.lessons), state)
    CONSOLE.print(table)
    for change in models.changes(10, failed=True):
        became = change.failure or ("loaded" if change.loaded_at else "waiting for a server")
        CONSOLE.print(f"{change.at:%Y-%m-%d %H:%M} {change.model.name} {change.by} {change.reason}: {became}")
    for training in models.trainings(1, _now()):
        how = training.failure or f"{training.step} {training.done}/{training.total}"
        CONSOLE.print(f"Last training ({training.by}, {training.started_at:%Y-%m-%d %H:%M}): {how}")


def _train(args: argparse.Namespace) -> None:
    from kuanxin.operate.training import train  # brings Rasa along

    models, settings = _models(), read_settings()
    id = args.training
    if id is None:
        try:
            id = models.begin(args.by, args.reason, _now())
        except AlreadyTraining as other:
            raise RuntimeError(f"{other} trains at this moment; look with `model status`") from None
    model = train(models, id, settings.var / "models", args.by, args.lessons, args.measure)
    CONSOLE.print(f"Ready: {model.name}. Let it answer with: python -m kuanxin.operate model live {model.name}")
    if measured := models.trainings(1, _now())[0].measured:
        _show(measured)


def _compare(args: argparse.Namespace) -> None:
    from kuanxin.evaluate.questions import UnreadableQuestions, read_questions
    from kuanxin.operate.training import compare

    models = _models()
    try:
        questions = [question for path in args.measure for question in read_questions(path)]
        _show(compare(models, _named(models, args.name), questions, lambda step, done: None))
    except (UnreadableQuestions, NotOurModel) as error:
        raise RuntimeError(str(error)) from None


def _live(args: argparse.Namespace) -> None:
    models = _models()
    model = _named(models, args.name)
    try:
        models.put_live(model, args.by, args.reason, _now())
    except (CannotGoLive, NotOurModel) as error:
        raise RuntimeError(str(error)) from None
    CONSOLE.print(f"{model.name}: running servers take it within seconds, `model status` says when.")


def _back(args: argparse.Namespace) -> None:
    try:
        model = _models().back(args.by, args.reason, _now())
    except (CannotGoLive, NotOurModel) as error:
        raise RuntimeError(str(error)) from None
    CONSOLE.print(f"Back to {model.name}.")


def _show(measured: dict[str, Any]) -> None:
    before, after = measured.get("before"), measured["after"]
    table = Table("", "before", "after", title=f"{measured['messages']} messages")
    for old, (name, share) in zip_longest(before["summary"] if before else [], after["summary"]):
        table.add_row(name, old[1] if old else "", share)
    CONSOLE.print(table)
    if before:
        CONSOLE.print(f"mended: {measured['mended']}, spoiled: {measured['spoiled']}")
    for title, found in (("before", before), ("after", after)):
        if found and found["confusions"]:
            CONSOLE.print(f"Worst confusions {title}:")
            for right, understood, times in found["confusions"]:
                CONSOLE.print(f"  {times} × {right} → {understood}")


def _named(models: SqlModels, name: str) -> Model:
    for model in models.all():
        if model.name.removesuffix(".tar.gz") == name.removesuffix(".tar.gz"):
            return model
    raise RuntimeError(f"there is no model {name}; `python -m kuanxin.operate model status` lists them")


def _models() -> SqlModels:
    engine = make_engine(read_settings().database_url)
    migrate(engine)
    return SqlModels(engine)


def _now() -> datetime:
    return datetime.now(SHANGHAI)

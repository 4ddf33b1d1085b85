"""The page for models: train with what was confirmed, see it beside the one that answers, put it live, go back.

The training is a process of its own (`python -m kuanxin.operate model train`): it goes on when the browser or the desk
is closed, and says in the database how far it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.accounts.roles import needs
from desk.audit.models import record
from desk.teaching.files import measuring_file, training_file
from desk.teaching.models import Lesson
from desk.words import MEASURED
from kuanxin.bootstrap import services
from kuanxin.metrics import FIGURES_FOLDER
from kuanxin.store.base import SHANGHAI
from kuanxin.store.models_repository import AlreadyTraining, CannotGoLive, NotOurModel

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpRequest

    from kuanxin.store.models_repository import Training

CHANGES = 10
REASON = 500


@needs("models")
def page(request: HttpRequest) -> HttpResponse:
    record(request, "list_viewed", about="models")
    confirmed = Lesson.objects.filter(status=Lesson.CONFIRMED)
    shown = {
        **_shown(),
        "lessons": confirmed.filter(measuring=False).count(),
        "measuring": confirmed.filter(measuring=True).count() + len(_own_sets()),
        "changes": services().models.changes(CHANGES, failed=True),
    }
    return render(request, "teaching/models.html", shown)


@needs("models")
def progress(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes while a model is trained or a server takes it; 204 where nothing did."""
    shown = _shown()
    if request.GET.get("state") == shown["state"]:
        return HttpResponse(status=204)
    return render(request, "teaching/training.html", shown)


@require_POST
@needs("models")
def train(request: HttpRequest) -> HttpResponse:
    """Begins a training with the confirmed lessons as they are now. One at a time."""
    if (reason := _reason(request)) is None:
        return redirect("models")
    models, me = services().models, request.user.get_username()
    try:
        id = models.begin(me, reason, _now())
    except AlreadyTraining as other:
        messages.error(request, _("%(who)s 正在训练，请等它结束。") % {"who": other})
        return redirect("models")
    try:
        record(request, "model_trained", about=f"training-{id}", reason=reason)
        _start(id, me)
    except BaseException as error:
        models.failed(id, f"{type(error).__name__}: {error}", _now())
        raise
    messages.success(request, _("开始训练了。关掉页面也会继续，现在的模型照常回答。"))
    return redirect("models")


@require_POST
@needs("models")
def put_live(request: HttpRequest) -> HttpResponse:
    """The model of the last training, as it was seen with its figures."""
    if (reason := _reason(request)) is None:
        return redirect("models")
    models, me = services().models, request.user.get_username()
    wanted = next((m for m in models.all() if m.sha256 == request.POST.get("model")), None)
    try:
        if wanted is None:
            raise CannotGoLive
        models.put_live(wanted, me, reason, _now())
    except (CannotGoLive, NotOurModel):
        messages.error(request, _("这个模型不能启用：它已经在用、文件不在了，或者是用较早的数据训练的。请重新训练。"))
        return redirect("models")
    record(request, "model_put_live", about=wanted.name, reason=reason)
    return redirect("models")


@require_POST
@needs("models")
def back(request: HttpRequest) -> HttpResponse:
    if (reason := _reason(request)) is None:
        return redirect("models")
    try:
        model = services().models.back(request.user.get_username(), reason, _now())
    except (CannotGoLive, NotOurModel):
        messages.error(request, _("没有可以退回的模型。"))
        return redirect("models")
    record(request, "model_put_back", about=model.name, reason=reason)
    return redirect("models")


def _shown() -> dict[str, Any]:
    models, now = services().models, _now()
    last = next(iter(models.trainings(1, now)), None)
    live = models.live()
    seconds = int(((last.ended_at or now) - last.started_at).total_seconds()) if last else 0
    ready = next((m for m in models.all() if last and m.sha256 == last.sha256), None)
    state = [live and (live.id, live.loaded_at), last and (last.id, last.step, last.done, last.running and seconds)]
    return {
        "live": live,
        "before": models.before(),
        "training": last,
        "seconds": seconds,
        "ready": ready if ready and not (live and live.model.sha256 == ready.sha256) else None,
        "measured": _measured(last),
        "state": str(state),
    }


def _measured(training: Training | None) -> dict[str, Any] | None:
    """The new model beside the one that answered: rows of figures, and the worst confusions of both."""
    if training is None or training.measured is None:
        return None
    found = training.measured
    before, after = found.get("before") or {"summary": [], "confusions": []}, found["after"]
    rows = [
        {
            "name": MEASURED[name],
            "within": name.startswith(" "),  # a share of the figure above
            "old": _share(old[1]) if old else "–",
            "new": _share(new),
            "changed": bool(old and old[1] != new),
        }
        for old, (name, new) in zip_longest(before["summary"], after["summary"])
    ]
    return {
        **found,
        "rows": rows,
        "worst": list(zip_longest(before["confusions"], after["confusions"])),
    }


def _share(text: str) -> str:
    """ "97.1% (300 of 309)" in any language."""
    return "–" if text == "none" else text.replace(" of ", " / ")


def _start(id: int, by: str) -> None:
    """The process of the training, in a session of its own, with the lessons as files of this training."""
    folder = services().settings.var / "trainings" / str(id)
    folder.mkdir(parents=True, exist_ok=True)
    confirmed = Lesson.objects.filter(status=Lesson.CONFIRMED).order_by("intent", "id")
    lessons, measuring = folder / "desk-lessons.yml", folder / "desk-measuring.tsv"
    lessons.write_text(training_file(confirmed.filter(measuring=False)), "utf-8")
    sets = _own_sets()
    if (own := confirmed.filter(measuring=True)).exists():
        measuring.write_text(measuring_file(own), "utf-8")
        sets.append(measuring)
    command = ["-m", "kuanxin.operate", "model", "train", "--training", str(id), "--by", by, "--lessons", str(lessons)]
    # what is counted while a model is measured is none of the desk's figures
    environment = {name: value for name, value in os.environ.items() if name != FIGURES_FOLDER}
    with (folder / "log.txt").open("wb") as log:
        subprocess.Popen(
            [sys.executable, *command, "--measure", *map(str, sets)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _own_sets() -> list[Path]:
    """Measuring sets that the operator laid down, beside what was confirmed at the desk."""
    return sorted((services().settings.var / "measuring").glob("*.tsv"))


def _reason(request: HttpRequest) -> str | None:
    reason = request.POST.get("reason", "").strip()[:REASON]
    if len(reason) < 4:
        messages.error(request, _("请写明为什么，至少四个字。"))
        return None
    return reason


def _now() -> datetime:
    return datetime.now(SHANGHAI)

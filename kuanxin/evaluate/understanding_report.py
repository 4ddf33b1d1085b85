"""The measurement as one self-contained HTML page: figures, plots, every wrong reading."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from kuanxin.evaluate.understanding import Figures, Understood

PAGE = "index.html"
BLUE, GREY, RED = "#2b6cb0", "#a0aec0", "#c53030"


def write_report(directory: Path, title: str, model: str, results: list[Understood], found: Figures) -> Path:
    """Writes index.html and results.json into the directory (made where missing); the page's path."""
    directory.mkdir(parents=True, exist_ok=True)
    environment = Environment(loader=PackageLoader("kuanxin.evaluate"), autoescape=True)
    page = environment.get_template("understanding.html.jinja").render(
        title=title,
        model=model,
        found=found,
        wrong=sorted((r for r in results if not r.right), key=lambda r: -r.confidence),
        plots=[
            Markup(_svg(figure)) for figure in (_reliability(found), _trade_off(found), _needs(found), _matrix(results))
        ],
    )
    path = directory / PAGE
    path.write_text(page, encoding="utf-8")
    (directory / "results.json").write_text(_as_json(results), encoding="utf-8")
    return path


def _as_json(results: list[Understood]) -> str:
    """One object per message, for comparing two models."""
    rows = [
        {
            "text": r.question.text,
            "intent": r.question.intent,
            "also": sorted(r.question.also),
            "understood": r.intent,
            "confidence": round(r.confidence, 4),
            "right": r.right,
            "asked_back": r.asked_back,
            "perhaps": None if r.perhaps is None else list(r.perhaps),
            "further": list(r.further),
        }
        for r in results
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def _figure(width: float, height: float) -> Figure:
    # the object interface, so that no window system and no global state is touched
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()[out.getvalue().index("<svg") :]


def _reliability(found: Figures) -> Figure:
    figure = _figure(5.5, 4.5)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="confidence = share right")
    axes.plot([b.mean_confidence for b in found.bins], [b.right.value for b in found.bins], "o-", color=BLUE)
    for b in found.bins:
        axes.annotate(
            str(b.right.whole), (b.mean_confidence, b.right.value), textcoords="offset points", xytext=(5, -12)
        )
    axes.set(title=f"Calibration (off by {found.calibration_error:.3f})", xlabel="confidence", ylabel="share right")
    axes.legend(loc="upper left")
    return figure


def _trade_off(found: Figures) -> Figure:
    figure = _figure(5.5, 4.5)
    axes = figure.subplots()
    steps = [t for t in found.thresholds if t.right.whole]
    confidences = [t.confidence for t in steps]
    axes.plot(confidences, [t.right.value for t in steps], color=BLUE, label="right, of what is answered")
    axes.plot(confidences, [t.answered.value for t in steps], color=GREY, label="answered without asking back")
    if found.recommended:
        axes.axvline(found.recommended.confidence, color=RED, linewidth=1, label="98% right from here")
    axes.set(title="What a threshold costs and gives", xlabel="threshold of confidence", ylim=(0, 1.02))
    axes.legend(loc="lower left")
    return figure


def _needs(found: Figures) -> Figure:
    rows = sorted((r for r in found.per_intent if r.messages), key=lambda r: (r.messages, r.intent))
    figure = _figure(11, 0.26 * len(rows) + 1.5)
    axes = figure.subplots()
    names = [f"{r.intent} ({r.messages})" for r in rows]
    axes.barh([at + 0.2 for at in range(len(rows))], [r.recall.value for r in rows], 0.4, color=BLUE, label="recall")
    precision = [r.precision.value if r.precision.whole else 0 for r in rows]
    axes.barh([at - 0.2 for at in range(len(rows))], precision, 0.4, color=GREY, label="precision")
    axes.set(title="Needs, with the number of messages", yticks=range(len(rows)), xlim=(0, 1))
    axes.set_yticklabels(names)
    axes.legend(loc="lower right")
    return figure


def _matrix(results: list[Understood]) -> Figure:
    """Equally right readings stand on the diagonal."""
    names = sorted({r.question.intent for r in results} | {r.intent for r in results})
    at = {name: i for i, name in enumerate(names)}
    counts = [[0] * len(names) for _ in names]
    for r in results:
        counts[at[r.question.intent]][at[r.question.intent if r.right else r.intent]] += 1
    figure = _figure(11, 10)
    axes = figure.subplots()
    wrong = [[0 if row == column else n for column, n in enumerate(ns)] for row, ns in enumerate(counts)]
    axes.imshow(wrong, cmap="Reds", vmin=0)
    for row, ns in enumerate(counts):
        for column, n in enumerate(ns):
            if n:
                axes.text(column, row, str(n), ha="center", va="center", fontsize=7)
    axes.set(
        title="Right need (rows) and understood need (columns)", xticks=range(len(names)), yticks=range(len(names))
    )
    axes.set_xticklabels(names, rotation=90, fontsize=7)
    axes.set_yticklabels(names, fontsize=7)
    return figure

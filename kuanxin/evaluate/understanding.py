"""How well messages were understood: figures from messages, right answers and what the model made of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OUTSIDE_THE_TASK = frozenset({"ask_new_loan", "account_change", "out_of_scope"})
HANDS_OVER = "request_human"
OFFERED = 3  # how many readings are offered as buttons where the assistant is not sure
TARGET_PRECISION = 0.98
# Whoever is asked back picks a button; whoever is answered wrongly has read for nothing and then picks one.
WORTH_AN_ANSWER = 2 / 3


@dataclass(frozen=True)
class Question:
    """A measured message: what is right, and what is equally right."""

    text: str
    intent: str
    also: frozenset[str] = frozenset()
    line: int = 0

    @property
    def within_task(self) -> bool:
        return self.intent not in OUTSIDE_THE_TASK


@dataclass(frozen=True)
class Understood:
    """One question and its best readings, surest first.

    `asked_back`: the assistant would not have relied on them. `perhaps`: it would have answered the first and offered
    these beside it; None where it was sure. `despair`: what heard it, a rule or "classifier"; `suspicion`: the
    classifier's confidence in it before that.
    """

    question: Question
    readings: tuple[tuple[str, float], ...]
    asked_back: bool
    further: tuple[str, ...] = ()
    perhaps: tuple[str, ...] | None = None
    despair: str | None = None
    suspicion: float = 0.0

    @property
    def sure(self) -> bool:
        """Answered without asking back in any form."""
        return not self.asked_back and self.perhaps is None

    @property
    def intent(self) -> str:
        return self.readings[0][0] if self.readings else ""

    @property
    def confidence(self) -> float:
        return self.readings[0][1] if self.readings else 0.0

    @property
    def right(self) -> bool:
        return self._fits(self.intent)

    @property
    def offered_right(self) -> bool:
        """Whether a right reading was there to be seen: answered, or as a button."""
        if self.asked_back:
            return any(self._fits(intent) for intent, _ in self.readings[:OFFERED])
        return self.right or any(map(self._fits, self.perhaps or ()))

    def _fits(self, intent: str) -> bool:
        return intent == self.question.intent or intent in self.question.also


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else float("nan")

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.part} of {self.whole})" if self.whole else "none"


@dataclass(frozen=True)
class PerIntent:
    """Precision and recall of one need. A reading that is equally right counts for the reading that was given."""

    intent: str
    messages: int
    precision: Share
    recall: Share


@dataclass(frozen=True)
class Bin:
    """Messages whose confidence lay in a range, and how many of them were right."""

    low: float
    high: float
    right: Share
    mean_confidence: float


@dataclass(frozen=True)
class Threshold:
    """What would be answered without asking back, were the threshold there."""

    confidence: float
    answered: Share
    right: Share


@dataclass(frozen=True)
class Figures:
    all: Share
    within_task: Share
    answered: Share
    answered_right: Share
    doubted: Share
    doubted_right: Share
    doubted_offered_right: Share
    asked_back: Share
    asked_back_rightly: Share
    offered_right: Share
    handed_over: Share
    handed_over_rightly: Share
    calibration_error: float
    per_intent: tuple[PerIntent, ...]
    bins: tuple[Bin, ...]
    thresholds: tuple[Threshold, ...]
    confusions: tuple[tuple[tuple[str, str], tuple[Understood, ...]], ...] = field(repr=False)

    @property
    def summary(self) -> tuple[tuple[str, str], ...]:
        """The figures that come first, each with its name; an indented one is a share of the one above."""
        return (
            ("right, all messages", str(self.all)),
            ("right, within the task", str(self.within_task)),
            ("answered without asking back", str(self.answered)),
            ("  of these right", str(self.answered_right)),
            ("answered, with other readings offered beside it", str(self.doubted)),
            ("  of these right", str(self.doubted_right)),
            ("  answered or offered rightly", str(self.doubted_offered_right)),
            ("asked back", str(self.asked_back)),
            ("  rightly: the first reading was wrong", str(self.asked_back_rightly)),
            ("  a right reading among those offered", str(self.offered_right)),
            ("handed over to a person", str(self.handed_over)),
            ("  rightly", str(self.handed_over_rightly)),
            ("confidence off by, on average", f"{self.calibration_error:.3f}"),
        )

    @property
    def recommended(self) -> Threshold | None:
        """The lowest threshold from which on what is answered reaches the target precision: for `Doubt`'s `sure`."""
        good = [t for t in self.thresholds if t.right.whole and t.right.value >= TARGET_PRECISION]
        return min(good, key=lambda t: t.confidence) if good else None

    @property
    def ask_back_below(self) -> Threshold:
        """The highest threshold below which too few first readings are right to be answered: `FallbackClassifier`'s."""
        lowest = self.thresholds[0]

        def seldom(t: Threshold) -> bool:
            below = Share(lowest.right.part - t.right.part, lowest.right.whole - t.right.whole)
            return not below.whole or below.value < WORTH_AN_ANSWER

        return max(filter(seldom, self.thresholds), key=lambda t: t.confidence)


def figures(results: Sequence[Understood], bins: int = 10) -> Figures:
    """All figures of one measurement."""
    answered = [r for r in results if r.sure]
    doubted = [r for r in results if not r.asked_back and r.perhaps is not None]
    asked = [r for r in results if r.asked_back]
    handed = [r for r in results if not r.asked_back and r.intent == HANDS_OVER]
    binned = _bins(results, bins)
    return Figures(
        all=_share(results, _right),
        within_task=_share([r for r in results if r.question.within_task], _right),
        answered=Share(len(answered), len(results)),
        answered_right=_share(answered, _right),
        doubted=Share(len(doubted), len(results)),
        doubted_right=_share(doubted, _right),
        doubted_offered_right=_share(doubted, lambda r: r.offered_right),
        asked_back=Share(len(asked), len(results)),
        asked_back_rightly=_share(asked, lambda r: not r.right),
        offered_right=_share(asked, lambda r: r.offered_right),
        handed_over=Share(len(handed), len(results)),
        handed_over_rightly=_share(handed, _right),
        calibration_error=_calibration_error(binned, len(results)),
        per_intent=_per_intent(results),
        bins=binned,
        thresholds=_thresholds(results),
        confusions=_confusions(results),
    )


def _right(result: Understood) -> bool:
    return result.right


def _share(results: Sequence[Understood], counts: Callable[[Understood], bool]) -> Share:
    return Share(sum(map(counts, results)), len(results))


def _per_intent(results: Sequence[Understood]) -> tuple[PerIntent, ...]:
    names = sorted({r.question.intent for r in results} | {r.intent for r in results})
    return tuple(
        PerIntent(
            intent=name,
            messages=sum(r.question.intent == name for r in results),
            precision=_share([r for r in results if r.intent == name], _right),
            recall=_share([r for r in results if r.question.intent == name], _right),
        )
        for name in names
    )


def _confusions(results: Sequence[Understood]) -> tuple[tuple[tuple[str, str], tuple[Understood, ...]], ...]:
    wrong: defaultdict[tuple[str, str], list[Understood]] = defaultdict(list)
    for result in results:
        if not result.right:
            wrong[result.question.intent, result.intent].append(result)
    ordered = sorted(wrong.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple((pair, tuple(sorted(found, key=lambda r: -r.confidence))) for pair, found in ordered)


def _bins(results: Sequence[Understood], count: int) -> tuple[Bin, ...]:
    found: defaultdict[int, list[Understood]] = defaultdict(list)
    for result in results:
        found[min(int(result.confidence * count), count - 1)].append(result)
    return tuple(
        Bin(at / count, (at + 1) / count, _share(rs, _right), sum(r.confidence for r in rs) / len(rs))
        for at, rs in sorted(found.items())
    )


def _calibration_error(bins: Sequence[Bin], total: int) -> float:
    """How far confidence and the share of right readings lie apart, on average over messages (ECE)."""
    return sum(b.right.whole * abs(b.right.value - b.mean_confidence) for b in bins) / total if total else 0.0


def _thresholds(results: Sequence[Understood]) -> tuple[Threshold, ...]:
    found = []
    for step in range(100):
        sure = [r for r in results if r.confidence >= step / 100]
        found.append(Threshold(step / 100, Share(len(sure), len(results)), _share(sure, _right)))
    return tuple(found)

"""What is sent, as data: `notices.yml`, checked when it is read. What each kind is for: docs/notices.md"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from enum import Enum
from itertools import pairwise
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, ValidationError, root_validator, validator

from kuanxin.notices.length import sms_parts
from kuanxin.notices.policy import EARLIEST, LATEST, MOST_A_DAY, MOST_IN_SEVEN_DAYS, Contact, Weight

if TYPE_CHECKING:
    from kuanxin.notices.ports import Wording


class Kind(str, Enum):
    """The kinds of notices. Where several could go to one borrower on a day, the first here goes."""

    SIGN_IN_LINK = "sign_in_link"
    STAFF_REPLIED = "staff_replied"
    PROMISE_CONFIRMED = "promise_confirmed"
    ARRANGEMENT_CONFIRMED = "arrangement_confirmed"
    DECISION_MADE = "decision_made"
    REMINDER = "reminder"
    BROKEN_PROMISE = "broken_promise"
    DUE_TODAY = "due_today"
    INSTALMENT_DUE = "instalment_due"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    PAID = "paid"


@dataclass(frozen=True)
class Nature:
    """What the code knows of a kind. `gaps`: what may stand in braces in the full wording, each with its longest text.

    The neutral wording has the gaps of `safe` alone: nothing that names a debt.
    """

    weight: Weight
    gaps: dict[str, str]
    safe: frozenset[str] = frozenset()


_CHAT = {"chat": "微信“微粒贷借钱”里的“宽心”客服"}
_AMOUNT = {"total": "199,999.99元", "parts": "本金199,999.99元、利息19,999.99元、罚息19,999.99元、费用9,999.99元"}
_LOAN = {"product": "微粒贷", **_AMOUNT, **_CHAT}
_PAY = {"pay": "微信“我—服务—微粒贷借钱”，点“还款”，可用绑定的银行卡或零钱，到账最快"}
_DAY = {"day": "12月31日"}
_AGREED = {"what": "阶段性少还", "reference": "A0123456789"}
NATURES = {
    Kind.SIGN_IN_LINK: Nature(
        Weight.ANSWER,
        {"link": f"https://bank.example/sign-in?ticket={'x' * 43}", "minutes": "10"},
        frozenset({"link", "minutes"}),
    ),
    Kind.STAFF_REPLIED: Nature(Weight.ANSWER, {**_CHAT}),
    Kind.PROMISE_CONFIRMED: Nature(Weight.ANSWER, {**_LOAN, **_DAY, **_AGREED}, frozenset({"reference"})),
    Kind.ARRANGEMENT_CONFIRMED: Nature(
        Weight.ANSWER, {**_LOAN, **_DAY, **_AGREED, "count": "24"}, frozenset({"reference"})
    ),
    Kind.DECISION_MADE: Nature(
        Weight.RESULT, {**_LOAN, **_AGREED, "result": "这次没有同意，可以请同事再看一次"}, frozenset({"reference"})
    ),
    Kind.REMINDER: Nature(Weight.WISHED, {**_CHAT, **_DAY}, frozenset({"day"})),
    Kind.BROKEN_PROMISE: Nature(Weight.REMINDER, {**_LOAN, **_DAY}),
    Kind.DUE_TODAY: Nature(Weight.REMINDER, {**_LOAN, **_PAY, **_DAY, "number": "20"}),
    Kind.INSTALMENT_DUE: Nature(Weight.REMINDER, {**_LOAN, **_PAY, **_DAY, "number": "24"}),
    Kind.DUE_SOON: Nature(Weight.REMINDER, {**_LOAN, **_PAY, **_DAY, "number": "20"}),
    Kind.OVERDUE: Nature(
        Weight.REMINDER,
        {
            **_LOAN,
            **_PAY,
            "since": "12月31日",
            "days": "365",
            "as_of": "12月31日23:59",
            "until": "12月31日",
            "total_until": "199,999.99元",
        },
    ),
    Kind.PAID: Nature(Weight.RECEIPT, {**_LOAN, **_DAY, "rest": "还有199,999.99元到期未还，可以在聊天里商量"}),
}

# `chat` is no gap of a neutral wording: it may name the product.
_NAMES_A_DEBT = re.compile(r"贷|借|欠|债|逾期|还款|还清|扣款|本金|利息|罚息|账单|催|征信|分期|延期|元(?!旦)|¥")
_THREATENS = re.compile(
    r"律师|法院|起诉|诉讼|失信|黑名单|报警|公安|坐牢|后果|最后|务必|立即|马上|否则|严肃|警告|上门|家人|单位|尽快"
)


class NoticesError(ValueError):
    """notices.yml cannot be used; one line for each problem: where, what, remedy."""


class _Rules(BaseModel):
    class Config:
        extra = "forbid"
        allow_mutation = False


class ContactRules(_Rules):
    """Stricter than `kuanxin.notices.policy`, never laxer."""

    opens: time = time(9)
    closes: time = time(20)
    a_day: int = Field(MOST_A_DAY, ge=1, le=MOST_A_DAY)
    in_seven_days: int = Field(MOST_IN_SEVEN_DAYS, ge=1, le=MOST_IN_SEVEN_DAYS)

    @validator("opens", "closes", pre=True)
    def _as_text(cls, value: Any) -> Any:
        if not isinstance(value, str | time):  # YAML reads 20:30 without quotes as the number 1230
            raise ValueError('write the time in quotes, like "09:00"')
        return value

    @root_validator(skip_on_failure=True)
    def _within(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not EARLIEST <= values["opens"] < values["closes"] <= LATEST:
            raise ValueError(f'write opens before closes, within "{EARLIEST:%H:%M}" and "{LATEST:%H:%M}"')
        return values


class Timing(_Rules):
    """When the kinds that follow the calendar are due, in days."""

    due_soon: int = Field(ge=1, le=15)  # from so many days before the due day up to the day before
    instalment_due: int = Field(ge=0, le=15)
    overdue: tuple[int, ...]  # days past due of each step
    overdue_within: int = Field(2, ge=1, le=14)  # a step that finds no hour in so many days is left out
    pay_until: int = Field(3, ge=1, le=30)  # the amount of that day is named too
    check_in_within: int = Field(3, ge=1, le=14)  # of a promise that was not kept
    quiet_after_broken: int = Field(7, ge=0, le=60)  # no other reminder on that loan so many days

    @root_validator(skip_on_failure=True)
    def _steps(cls, values: dict[str, Any]) -> dict[str, Any]:
        steps, within = values["overdue"], values["overdue_within"]
        if not steps or steps[0] < 1 or any(b < a + within for a, b in pairwise(steps)):
            raise ValueError(f"write rising days of overdue from 1 on, at least overdue_within ({within}) apart")
        return values


class Texts(_Rules):
    full: str = Field(min_length=1)
    neutral: str = Field(min_length=1)


class Cloud(_Rules):
    """What a cloud knows our texts by: the signature and the template that it approved for each kind."""

    sign: str = Field(min_length=1)
    templates: dict[Kind, str]


class Catalogue(_Rules):
    """The whole file."""

    sender: str = Field(min_length=1, max_length=20)  # in 【】 at the head of an SMS
    chat: str = Field(min_length=1)  # where a borrower finds the conversation, in words
    stop: str = Field(min_length=1)  # ends every reminder that nobody asked for: how to stop them
    contact: ContactRules = ContactRules()
    timing: Timing
    most_parts: int = Field(ge=1, le=10)
    texts: dict[Kind, Texts]
    clouds: dict[Literal["aliyun", "tencent"], Cloud] = {}

    @classmethod
    def parse(cls, data: object) -> Catalogue:
        """Raises NoticesError with every problem found."""
        if not isinstance(data, dict):
            raise NoticesError("notices: is not a mapping. Write the fields that docs/notices.md lists.")
        try:
            return cls(**{str(name): value for name, value in data.items()})
        except ValidationError as invalid:
            raise NoticesError("\n".join(map(_problem, invalid.errors()))) from invalid

    @validator("texts")
    def _all_kinds(cls, texts: dict[Kind, Texts], values: dict[str, Any]) -> dict[Kind, Texts]:
        if missing := [kind.value for kind in Kind if kind not in texts]:
            raise ValueError(f"has no {', '.join(missing)}; write a full and a neutral text for each")
        return texts

    @root_validator(skip_on_failure=True)
    def _texts_are_usable(cls, values: dict[str, Any]) -> dict[str, Any]:
        problems = []
        for kind, texts in values["texts"].items():
            for wording in ("full", "neutral"):
                text = getattr(texts, wording)
                found = _problems(kind, wording, text, values)
                problems += [f"texts.{kind.value}.{wording}: {problem}" for problem in found]
        if problems:
            raise ValueError("\n".join(problems))
        return values

    @property
    def hours(self) -> Contact:
        return Contact(**self.contact.dict())

    def gaps(self, kind: Kind, wording: Wording) -> tuple[str, ...]:
        """The names in the braces of a text, in their order, each once."""
        return tuple(dict.fromkeys(_gaps(getattr(self.texts[kind], wording))))

    def text(self, kind: Kind, wording: Wording, values: dict[str, str]) -> str:
        """The text with its gaps filled."""
        said: str = getattr(self.texts[kind], wording).format_map({**values, "chat": self.chat})
        return f"{said}{self.stop}" if NATURES[kind].weight is Weight.REMINDER else said

    def sms(self, text: str) -> str:
        """As it stands in an SMS, behind the name of the sender."""
        return f"【{self.sender}】{text}"


def _problems(kind: Kind, wording: str, text: str, values: dict[str, Any]) -> list[str]:
    nature = NATURES[kind]
    allowed = set(nature.gaps) if wording == "full" else nature.safe
    try:
        unknown = set(_gaps(text)) - allowed
    except ValueError:
        return ["a brace is not closed. Write each gap like {day}"]
    if unknown:
        return [f"has no gap {', '.join(sorted(unknown))}. It may have: {', '.join(sorted(allowed)) or 'none'}"]
    stop = values["stop"] if nature.weight is Weight.REMINDER else ""
    longest = f"【{values['sender']}】{text.format_map({**nature.gaps, 'chat': values['chat']})}{stop}"
    found = []
    if (parts := sms_parts(longest)) > values["most_parts"]:
        found.append(f"is up to {parts} SMS long, most_parts is {values['most_parts']}. Shorten it")
    if threat := _THREATENS.search(text):
        found.append(f"“{threat.group()}” presses. Say what is open, what helps, and nothing else")
    if wording == "neutral" and (word := _NAMES_A_DEBT.search(f"{values['sender']}{text}{stop}")):
        found.append(f"“{word.group()}” tells a reader of the lock screen about a debt. Leave it out")
    return found


def _gaps(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def _problem(error: Any) -> str:
    path = ".".join(str(part) for part in error["loc"] if part != "__root__")
    said = "Add it" if error["type"] == "value_error.missing" else ""
    return ". ".join(part for part in (f"{path}: {error['msg']}" if path else error["msg"], said) if part)

"""What is offered: requests for relief, quotes, refusals; their form as JSON. A quote never writes to a schedule."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Union

from kuanxin.servicing.model import Amounts, ArrangementState, Fen, Method, ReliefKind
from kuanxin.servicing.wire import moment_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


@dataclass(frozen=True)
class PromiseToPay:
    """约定还款: the borrower pays what is due on a day; the schedule stays as it is."""

    on: date
    amount: Fen | None = None  # None: all that is due on that day


@dataclass(frozen=True)
class Extension:
    """延期: what is due now (or next) moves to a later day."""

    to: date


@dataclass(frozen=True)
class ReInstalment:
    """重新分期: the arrears ("arrears") or the whole balance ("balance") over new rows."""

    rows: int
    scope: str = "balance"
    method: Method | None = None  # None: the method of the loan
    first_due: date | None = None  # None: the next due date of the loan


@dataclass(frozen=True)
class ReducedInterim:
    """阶段性少还: a smaller amount for some months, the rest after it."""

    monthly: Fen
    months: int
    limit: Fen | None = None  # what can be paid a month: a person decides where a later payment is above it


@dataclass(frozen=True)
class DueDateChange:
    """更改还款日: another day of the month from the next open instalment on."""

    day: int


@dataclass(frozen=True)
class PenaltyWaiver:
    """罚息减免: asks to waive penalty interest, under the condition of the policy."""

    amount: Fen | None = None


@dataclass(frozen=True)
class PartialPayment:
    """部分还款: what an amount paid on a day would cover."""

    amount: Fen
    on: date


@dataclass(frozen=True)
class EarlySettlement:
    """提前结清: everything on one day."""

    on: date


ReliefRequest = Union[
    PromiseToPay,
    Extension,
    ReInstalment,
    ReducedInterim,
    DueDateChange,
    PenaltyWaiver,
    PartialPayment,
    EarlySettlement,
]


@dataclass(frozen=True)
class Row:
    """One payment of an offer."""

    number: int
    due_date: date
    amounts: Amounts


@dataclass(frozen=True)
class Quote:
    """An offer, exact and bound to a moment. Consent names `hash`; after `expires_at` it is refused as stale."""

    hash: str
    borrower_id: str
    loan_id: str
    loan_version: int
    kind: ReliefKind
    request: ReliefRequest
    as_of: datetime
    expires_at: datetime
    policy_version: str
    needs_person: bool  # a person decides; consent makes it a request
    rows: tuple[Row, ...]  # what will be paid and when, if this is agreed (all open rows of the loan)
    owed_now: Amounts  # what paying everything due today would take
    total: Amounts  # sum of rows
    total_if_paid_now: Fen  # all future payments when the arrears are paid today and the contract runs on
    total_if_nothing: Fen  # the same horizon when nothing is done until `nothing_until`
    nothing_until: date
    apr: Decimal | None  # total yearly cost as a fraction; None where nothing is spread
    facts: dict[str, object] = field(default_factory=dict)  # of the kind, plain JSON: {"penalty": "stops", …}

    @property
    def monthly(self) -> Fen:
        """The largest single payment of the offer."""
        return max((row.amounts.total for row in self.rows), default=0)


@dataclass(frozen=True)
class Refusal:
    """Why something is not offered: `rule` names the rule in the policy, `reason` says it in plain Chinese."""

    kind: ReliefKind
    rule: str
    reason: str
    limits: dict[str, object] = field(default_factory=dict)  # what would be possible: {"latest": date, …}


@dataclass(frozen=True)
class Arrangement:
    """A relief that a borrower agreed to, derived from the events of the loan."""

    id: str
    loan_id: str
    kind: ReliefKind
    state: ArrangementState
    agreed_at: datetime
    quote: Quote


KIND_OF: dict[type[ReliefRequest], ReliefKind] = {
    PromiseToPay: ReliefKind.PROMISE_TO_PAY,
    Extension: ReliefKind.EXTENSION,
    ReInstalment: ReliefKind.RE_INSTALMENT,
    ReducedInterim: ReliefKind.REDUCED_INTERIM,
    DueDateChange: ReliefKind.DUE_DATE_CHANGE,
    PenaltyWaiver: ReliefKind.PENALTY_WAIVER,
    PartialPayment: ReliefKind.PARTIAL_PAYMENT,
    EarlySettlement: ReliefKind.EARLY_SETTLEMENT,
}
_REQUEST_OF = {kind: request for request, kind in KIND_OF.items()}
_READ: dict[str, Callable[[str], object]] = {
    "on": date.fromisoformat,
    "to": date.fromisoformat,
    "first_due": date.fromisoformat,
    "method": Method,
}


def quote_hash(quote: Quote) -> str:
    """What consent names: the SHA-256 of everything in the quote but the hash, as JSON with sorted keys."""
    agreed = {**quote_to_json(quote), "hash": None}
    return hashlib.sha256(json.dumps(agreed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def quote_to_json(quote: Quote) -> Json:
    """A quote as plain JSON: fen as integers, days and moments in ISO form, rates as decimal strings."""
    return {
        "hash": quote.hash,
        "borrower_id": quote.borrower_id,
        "loan_id": quote.loan_id,
        "loan_version": quote.loan_version,
        "kind": quote.kind.value,
        "request": {f.name: _plain(getattr(quote.request, f.name)) for f in fields(quote.request)},
        "as_of": quote.as_of.isoformat(),
        "expires_at": quote.expires_at.isoformat(),
        "policy_version": quote.policy_version,
        "needs_person": quote.needs_person,
        "rows": [
            {"number": r.number, "due_date": r.due_date.isoformat(), "amounts": amounts_to_json(r.amounts)}
            for r in quote.rows
        ],
        "owed_now": amounts_to_json(quote.owed_now),
        "total": amounts_to_json(quote.total),
        "total_if_paid_now": quote.total_if_paid_now,
        "total_if_nothing": quote.total_if_nothing,
        "nothing_until": quote.nothing_until.isoformat(),
        "apr": None if quote.apr is None else str(quote.apr),
        "facts": quote.facts,
    }


def quote_from_json(data: Json) -> Quote:
    """The quote that `quote_to_json` wrote. Raises KeyError, ValueError or TypeError for anything else."""
    kind = ReliefKind(data["kind"])
    request: Json = {
        name: _READ[name](value) if name in _READ and value is not None else value
        for name, value in data["request"].items()
    }
    return Quote(
        hash=data["hash"],
        borrower_id=data["borrower_id"],
        loan_id=data["loan_id"],
        loan_version=data["loan_version"],
        kind=kind,
        request=_REQUEST_OF[kind](**request),
        as_of=moment_from_json(data["as_of"]),
        expires_at=moment_from_json(data["expires_at"]),
        policy_version=data["policy_version"],
        needs_person=data["needs_person"],
        rows=tuple(
            Row(r["number"], date.fromisoformat(r["due_date"]), amounts_from_json(r["amounts"])) for r in data["rows"]
        ),
        owed_now=amounts_from_json(data["owed_now"]),
        total=amounts_from_json(data["total"]),
        total_if_paid_now=data["total_if_paid_now"],
        total_if_nothing=data["total_if_nothing"],
        nothing_until=date.fromisoformat(data["nothing_until"]),
        apr=None if data["apr"] is None else Decimal(data["apr"]),
        facts=data["facts"],
    )


def amounts_to_json(amounts: Amounts) -> Json:
    return {f.name: getattr(amounts, f.name) for f in fields(amounts)}


def amounts_from_json(data: Json) -> Amounts:
    return Amounts(**data)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value

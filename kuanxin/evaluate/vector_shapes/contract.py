"""Reads the inputs of a vector: amounts, rates, days, and the contract that they describe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from kuanxin.evaluate.vector_shapes import NotOfThisEngine
from kuanxin.servicing.calendar import Every, next_working_day
from kuanxin.servicing.model import Amounts, Component, DayBasis, Fen, Instalment, Method, Rounding, Terms
from kuanxin.servicing.money import parse_yuan
from kuanxin.servicing.schedule import due_dates, generate_levelled, generate_on

ANY_DAY = date(2023, 1, 1)  # where a vector gives no dates and its basis does not depend on them

_BASES = {
    "30/360": DayBasis.THIRTY_360,
    "30e/360": DayBasis.THIRTY_360,
    "360/30": DayBasis.THIRTY_360,
    "act/360": DayBasis.ACT_360,
    "360": DayBasis.ACT_360,
    "act/365": DayBasis.ACT_365,
    "act/365f": DayBasis.ACT_365,
    "act/365fixed": DayBasis.ACT_365,
    "365": DayBasis.ACT_365,
    "act/act": DayBasis.ACT_ACT,
    "act/act-last-day": DayBasis.ACT_ACT_LAST_DAY,
}
_METHODS = {
    "EQUAL_PRINCIPAL": Method.EQUAL_PRINCIPAL,
    "EQUAL_PRINCIPALS": Method.EQUAL_PRINCIPAL,
    "EQUAL_PRINCIPAL_PAYMENTS": Method.EQUAL_PRINCIPAL,
    "等额本金": Method.EQUAL_PRINCIPAL,
    "EQUAL_INSTALMENT": Method.EQUAL_INSTALMENT,
    "EQUAL_INSTALMENTS": Method.EQUAL_INSTALMENT,
    "EQUAL_PAYMENTS": Method.EQUAL_INSTALMENT,
    "LEVEL_PAYMENT": Method.EQUAL_INSTALMENT,
    "ANNUITY": Method.EQUAL_INSTALMENT,
    "EMI": Method.EQUAL_INSTALMENT,
    "等额本息": Method.EQUAL_INSTALMENT,
    "INTEREST_ONLY": Method.EQUAL_PRINCIPAL,
    "BULLET": Method.EQUAL_PRINCIPAL,
    "先息后本": Method.EQUAL_PRINCIPAL,
}
_AT_THE_END = ("INTEREST_ONLY", "BULLET", "先息后本")  # all principal with the last row
_MOST_ROWS = 1_200
_COMPONENTS = {
    "penalty": Component.PENALTY,
    "penalties": Component.PENALTY,
    "fee": Component.FEES,
    "fees": Component.FEES,
    "commission": Component.FEES,
    "charges": Component.FEES,
    "interest": Component.INTEREST,
    "principal": Component.PRINCIPAL,
}


LEVELLED = "last row brought closer to the others"
FIRST_DAY = "first day counted, last not"
UNROUNDED = "balances kept unrounded"
CONVENTIONS = (
    frozenset[str](),
    frozenset({LEVELLED}),
    frozenset({FIRST_DAY}),
    frozenset({LEVELLED, FIRST_DAY}),
    frozenset({UNROUNDED}),
    frozenset({UNROUNDED, FIRST_DAY}),
)
"""What publishers do without saying so, and the engine has as a parameter. The first that agrees is named."""


class Inputs(Mapping[str, Any]):
    """The inputs of a vector, those of its base underneath. Remembers which were read."""

    def __init__(
        self,
        own: Mapping[str, Any],
        base: Mapping[str, Any],
        rounding: str,
        covers: tuple[str, ...],
        conventions: frozenset[str] = frozenset(),
    ) -> None:
        self.own = own
        self.rounding_text = rounding
        self.covers = covers
        self.conventions = conventions
        self._all = {**base, **own}
        self.read: set[str] = {"base"}

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return self._all[key]

    def __iter__(self) -> Any:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, key: object) -> bool:
        return self._all.get(str(key)) is not None

    @property
    def unread(self) -> list[str]:
        """What the vector itself gives and nobody asked for: perhaps a rule that the engine does not know."""
        return sorted(str(key) for key in self.own if key not in self.read)

    def one_of(self, *keys: str) -> Any:
        """The first of these inputs that the vector gives, or None."""
        return next((self[key] for key in keys if key in self), None)

    @property
    def rounding(self) -> Rounding:
        """As stated; the published figures are rounded to even where they do not say."""
        return Rounding.HALF_UP if "HALF_UP" in self.rounding_text.upper() else Rounding.HALF_EVEN


def money(value: object) -> Fen:
    return parse_yuan(str(value))


def day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def fraction(percent: object) -> Decimal:
    try:
        return Decimal(str(percent)).scaleb(-2)
    except InvalidOperation:
        raise NotOfThisEngine(f"a rate of {percent!r}") from None


def component(name: object) -> Component:
    try:
        return _COMPONENTS[str(name).lower()]
    except KeyError:
        raise NotOfThisEngine(f"a component {name!r}") from None


def amounts(parts: Mapping[str, Any]) -> Amounts:
    """{"interest": "1.00", "fee": …} as amounts; what is no component is passed over."""
    found: dict[str, Fen] = {}
    for name, value in parts.items():
        if str(name).lower() in _COMPONENTS and value is not None:
            part = component(name).value
            found[part] = found.get(part, 0) + money(value)
    return Amounts(**found)


def interval(inputs: Mapping[str, Any]) -> Every:
    """How far apart the due dates are: {frequency: MONTH, every: 2}, {every_months: 2}, {every_days: 15}; monthly."""
    times = int(inputs.get("every") or inputs.get("frequency_number") or inputs.get("repay_every") or 1)
    if inputs.get("every_months"):
        return Every(months=int(inputs["every_months"]))
    if inputs.get("every_days"):
        return Every(months=0, days=int(inputs["every_days"]))
    name = str(inputs.get("frequency") or inputs.get("frequency_type") or "MONTH").upper()
    for word, every in (
        ("BIWEEK", Every(0, 14 * times)),
        ("WEEK", Every(0, 7 * times)),
        ("DAY", Every(0, times)),
        ("QUARTER", Every(3 * times)),
        ("MONTH", Every(times)),
        ("YEAR", Every(12 * times)),
        ("ANNUAL", Every(12 * times)),
    ):
        if word in name:
            return every
    raise NotOfThisEngine(f"a frequency {name}")


def terms_of(inputs: Inputs) -> Terms:
    """The contract terms that a vector states."""
    basis = _basis(inputs)
    daily = inputs.one_of("daily_rate_pct")
    if daily is not None:
        rate = fraction(daily) * basis.year_days
    else:
        rate = fraction(inputs.one_of("annual_rate_pct", "rate_pct") or 0)
    return Terms(
        annual_rate=rate,
        method=_method(inputs, by_day=daily is not None),
        day_basis=basis,
        rounding=inputs.rounding,
        penalty_uplift=fraction(inputs.one_of("penalty_uplift_pct") or 0),
        grace_days=int(inputs.one_of("grace_days") or 0),
        settlement_fee_rate=fraction(inputs.one_of("settlement_fee_pct", "fee_pct") or 0),
    )


def _basis(inputs: Inputs) -> DayBasis:
    stated = inputs.one_of("day_count", "basis", "day_basis")
    if stated is not None:
        try:
            basis = _BASES[re.sub(r"[\s()]", "", str(stated).lower()).replace("actual", "act")]
        except KeyError:
            raise NotOfThisEngine(f"a day count {stated}") from None
        if basis is DayBasis.ACT_ACT and FIRST_DAY not in inputs.conventions:
            return DayBasis.ACT_ACT_LAST_DAY
        # with due dates every so many days, 30/360 means days over 360
        return DayBasis.ACT_360 if basis is DayBasis.THIRTY_360 and interval(inputs).days else basis
    period = inputs.one_of("period_rate")
    if period not in (None, "annual/12"):
        raise NotOfThisEngine(f"a rate per period of {period}")
    return DayBasis.ACT_360 if "daily_rate_pct" in inputs else DayBasis.THIRTY_360


def _method(inputs: Inputs, *, by_day: bool) -> Method:
    stated = _stated_method(inputs)
    if stated in _METHODS:
        return _METHODS[stated]
    if stated:
        raise NotOfThisEngine(f"a method {stated}")
    return Method.EQUAL_PRINCIPAL if by_day or "equal_principal" in inputs.covers else Method.EQUAL_INSTALMENT


def _stated_method(inputs: Inputs) -> str:
    stated = str(inputs.one_of("method") or "").upper()
    return re.sub(r"[\s-]+", "_", stated).replace("INSTALLMENT", "INSTALMENT")


@dataclass(frozen=True)
class Contract:
    """A loan as agreed, and its schedule."""

    terms: Terms
    disbursed_on: date
    rows: tuple[Instalment, ...]
    every: Every
    anchor_day: int


def contract_of(inputs: Inputs, grain: int = 1) -> Contract:
    """Generates the schedule that the inputs describe. Raises NotOfThisEngine where they do not describe one.

    Its amounts are in fen, or in parts of a fen of which `grain` are one.
    """
    terms, every = terms_of(inputs), interval(inputs)
    principal = inputs.one_of("principal", "amount")
    if principal is None:
        raise NotOfThisEngine("no contract to start from (is the file with its base missing?)")
    start = day(inputs.one_of("disbursed", "start", "advanced") or ANY_DAY)
    dates = _given_dates(inputs, start)
    count = len(dates) if dates else int(inputs.one_of("instalments", "rows", "terms") or 0)
    if not 1 <= count <= _MOST_ROWS:
        raise NotOfThisEngine(f"{count} instalments" if count else "no number of instalments")
    if inputs.one_of("month_end", "month_end_strategy") not in (None, "LAST_DAY_OF_MONTH"):
        raise NotOfThisEngine("due dates that leave their month where it has no such day")
    first = dates[0] if dates else day(inputs.one_of("first_due", "first_payment") or every.after(start, 1))
    # a first due date that a short month cut off keeps the day of the disbursement
    anchor = start.day if not dates and first == every.after(start, 1) else first.day
    given = inputs.one_of("instalment")
    if not dates:
        dates = due_dates(first, count, anchor_day=anchor, every=every)
    options: dict[str, Any] = {
        "anchor_day": anchor,
        "multiple": 1 if grain > 1 else multiple_of(inputs),
        "interest_only": count - 1
        if _stated_method(inputs) in _AT_THE_END
        else int(inputs.one_of("grace_on_principal", "interest_only") or 0),
    }
    if LEVELLED in inputs.conventions and given is None and terms.method is Method.EQUAL_INSTALMENT:
        rows = generate_levelled(money(principal) * grain, terms, start, dates, **options)
    else:
        instalment = None if given is None else money(given) * grain
        rows = generate_on(money(principal) * grain, terms, start, dates, instalment=instalment, **options)
    return Contract(terms, start, _on_working_days(rows, inputs), every, anchor)


def multiple_of(inputs: Inputs) -> Fen:
    stated = inputs.one_of("multiple_of", "instalment_multiple")
    return 1 if stated is None else money(stated)


def _given_dates(inputs: Inputs, start: date) -> tuple[date, ...]:
    """Due dates, or the lengths of the periods in days."""
    if "due_dates" in inputs:
        return tuple(day(value) for value in inputs["due_dates"])
    days = inputs.one_of("days")
    if isinstance(days, list):
        return tuple(start + timedelta(days=sum(days[: n + 1])) for n in range(len(days)))
    if "month_days" in inputs and "instalments" in inputs:
        return month_dates(start, int(inputs["month_days"]), int(inputs["instalments"]))
    return ()


def month_dates(start: date, month_days: int, count: int) -> tuple[date, ...]:
    """Due dates of months that all have so many days."""
    every = Every(months=0, days=month_days)
    return tuple(every.after(start, n + 1) for n in range(count))


def _on_working_days(rows: tuple[Instalment, ...], inputs: Inputs) -> tuple[Instalment, ...]:
    """Due dates on the next working day where the vector says so; the interest stays that of the period."""
    if inputs.one_of("weekends", "working_days", "due_on") not in ("next_working_day", "following"):
        return rows
    holidays = frozenset(day(value) for value in inputs.one_of("holidays") or ())
    return tuple(replace(row, due_date=next_working_day(row.due_date, holidays)) for row in rows)


def payments_of(inputs: Mapping[str, Any]) -> list[tuple[date, Fen]]:
    """What was paid: [{date, amount}, …]."""
    paid = inputs.get("paid", ())
    if not isinstance(paid, list | tuple):
        raise NotOfThisEngine(f"payments given as {paid!r}")
    return [(day(item["date"]), money(item["amount"])) for item in paid]

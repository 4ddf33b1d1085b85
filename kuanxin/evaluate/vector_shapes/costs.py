"""Yearly cost and penalty interest."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from kuanxin.evaluate.vector_shapes import NotOfThisEngine, Shape
from kuanxin.evaluate.vector_shapes.contract import ANY_DAY, Inputs, day, money, terms_of
from kuanxin.servicing.apr import UnitPeriod, actuarial_apr, apr, compounded
from kuanxin.servicing.calendar import days_between
from kuanxin.servicing.interest import interest, penalty, penalty_extra
from kuanxin.servicing.model import Rounding
from kuanxin.servicing.money import round_fen, yuan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from kuanxin.evaluate.vector_shapes import Figures

_COMPOUND = ("effective_pct", "effective_apr_pct", "ear_pct", "compound_pct", "irr_annual_pct", "annual_irr_pct")
_EFFECTIVE = ("irr_pct", "xirr_pct", *_COMPOUND)
_SIMPLE = ("apr_pct", "nominal_pct", "simple_pct")
_OF_A_PERIOD = ("irr_pct", "period_irr_pct", "monthly_irr_pct", "period_rate_pct")


def _actuarial(inputs: Inputs, expected: Mapping[str, Any]) -> Figures:
    cases = inputs.get("cases", [inputs])
    wanted = expected["apr_pct"] if isinstance(expected["apr_pct"], list) else [expected["apr_pct"]] * len(cases)
    if len(wanted) != len(cases):
        raise NotOfThisEngine(f"{len(cases)} cases with {len(wanted)} results")
    found = [_percent(_actuarial_case(case), like, inputs) for case, like in zip(cases, wanted, strict=True)]
    return {"apr_pct": found if isinstance(expected["apr_pct"], list) else found[0]}


def _actuarial_case(case: Mapping[str, Any]) -> Decimal:
    advances = case.get("advances") or [{"date": case["advanced"], "amount": case["amount"]}]
    advanced = [(day(item["date"]), money(item["amount"])) for item in advances]
    name = case.get("frequency")
    unit = None if not name or str(name).lower() in ("single", "once") else _unit(name)
    return actuarial_apr(advanced, _payments(case, unit), unit)


def _payments(case: Mapping[str, Any], unit: UnitPeriod | None) -> list[tuple[date, int]]:
    if isinstance(case["payments"], list):
        return [(day(item["date"]), money(item["amount"])) for item in case["payments"]]
    first, count = day(case["first_payment"]), int(case["payments"])
    dates = unit.dates(first, count) if unit else (first,)
    sums = [money(case["payment"])] * len(dates)
    if case.get("first_payment_amount"):
        sums[0] = money(case["first_payment_amount"])
    if case.get("last_payment") or case.get("final_payment"):
        sums[-1] = money(case.get("last_payment") or case.get("final_payment"))
    return list(zip(dates, sums, strict=True))


def _periodic(inputs: Inputs, expected: Mapping[str, Any]) -> Figures:
    """Flows one period apart: the rate of a period, of a year without compounding, and of a year with it."""
    unit = _unit(inputs.one_of("frequency") or "annual")
    if "cash_flows" in inputs:
        sums = [money(flow) for flow in inputs["cash_flows"]]
    else:
        each = -money(inputs["payment"])
        sums = [money(inputs.one_of("principal", "amount")), *[each] * int(inputs.one_of("instalments", "payments"))]
    lent = 1 if sums[0] > 0 else -1  # seen by the borrower
    first, *later = zip(unit.dates(ANY_DAY, len(sums)), (lent * fen for fen in sums), strict=True)
    nominal = actuarial_apr([first], [(on, -fen) for on, fen in later], unit)
    per_year = unit.value[0]
    rates = {
        **dict.fromkeys(_OF_A_PERIOD, nominal / per_year),
        **dict.fromkeys(_SIMPLE, nominal),
        **dict.fromkeys(_COMPOUND, compounded(nominal, per_year)),
    }
    return {key: _percent(rate, expected[key], inputs) for key, rate in rates.items() if key in expected}


def _unit(name: object) -> UnitPeriod:
    try:
        return UnitPeriod[re.sub("[-_ ]", "", str(name)).upper().replace("YEARLY", "ANNUAL")]
    except KeyError:
        raise NotOfThisEngine(f"a frequency {name}") from None


def _effective(inputs: Inputs, expected: Mapping[str, Any]) -> Figures:
    flows = [(day(flow["date"]), money(flow["amount"])) for flow in inputs["cash_flows"]]
    rate = apr(flows)
    wanted = [key for key in _EFFECTIVE if key in expected]
    return {key: None if rate is None else _percent(rate, expected[key], inputs) for key in wanted}


def _percent(rate: Decimal, like: object, inputs: Inputs) -> str:
    """A rate in percent with as many decimals as the published one has."""
    places = Decimal(1).scaleb(Decimal(str(like)).as_tuple().exponent)  # type: ignore[arg-type]
    mode = ROUND_HALF_UP if inputs.rounding is Rounding.HALF_UP else ROUND_HALF_EVEN
    return str(rate.scaleb(2).quantize(places, mode))


def _penalty(inputs: Inputs, _: Mapping[str, Any]) -> Figures:
    """Overdue principal for a day, and for the days overdue where they are given."""
    terms, principal = terms_of(inputs), money(inputs["overdue_principal"])

    def after(days: int) -> tuple[str, str, str]:
        until = ANY_DAY + timedelta(days=days)
        exact = (
            interest(principal, terms, ANY_DAY, until),
            penalty_extra(principal, terms, ANY_DAY, until),
            penalty(principal, terms, ANY_DAY, until),
        )
        ordinary, extra, total = (yuan(round_fen(part, terms.rounding)) for part in exact)
        return ordinary, extra, total

    ordinary, extra, total = after(1)
    found = {"ordinary_per_day": ordinary, "penalty_extra_per_day": extra, "total_per_day": total}
    days = inputs.one_of("days_overdue", "overdue_days", "days")
    since, until = inputs.one_of("due", "due_date"), inputs.one_of("paid_on", "as_of", "until", "business_date")
    if days is None and since is not None and until is not None:
        days = days_between(day(since), day(until))
    if days is not None:
        ordinary, extra, total = after(int(days))
        found |= {"ordinary": ordinary, "penalty_extra": extra, "total": total}
        found |= {"penalty": total, "penalty_interest": total}
    return found


def _dated(inputs: Inputs) -> bool:
    return isinstance(inputs.get("payments"), list)


def _by_period(inputs: Inputs) -> bool:
    """Flows without days: a bare list, or an amount and so many equal payments."""
    flows = inputs.get("cash_flows")
    if isinstance(flows, list):
        return not any(isinstance(flow, dict) for flow in flows)
    return "payment" in inputs and any(key in inputs for key in ("instalments", "payments"))


SHAPES = (
    Shape(
        "yearly cost, actuarial",
        lambda inputs, expected: (
            "apr_pct" in expected and ("cases" in inputs or "first_payment" in inputs or _dated(inputs))
        ),
        _actuarial,
    ),
    Shape(
        "yearly cost, by periods",
        lambda inputs, expected: (
            _by_period(inputs) and any(key in expected for key in (*_OF_A_PERIOD, *_SIMPLE, *_COMPOUND))
        ),
        _periodic,
    ),
    Shape(
        "yearly cost, effective",
        lambda inputs, expected: "cash_flows" in inputs and any(key in expected for key in _EFFECTIVE),
        _effective,
    ),
    Shape("penalty interest", lambda inputs, expected: "overdue_principal" in inputs, _penalty),
)

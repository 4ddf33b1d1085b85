"""The rules beside plain floating-point amortization (the package `amortization`) in the same run on the same loans.

Everything here is computation, so what is counted is processor seconds: other work on the machine does not change them
much.
"""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from time import process_time
from typing import TYPE_CHECKING, Any

import psutil
import yaml
from amortization.schedule import ScheduleRow, amortization_schedule

from bench.document import Figures
from kuanxin.operate.model import ROOT
from kuanxin.servicing import schedule
from kuanxin.servicing.calendar import add_months
from kuanxin.servicing.model import DayBasis, Fen, Instalment, Loan, Method, Payment, Terms
from kuanxin.servicing.offers import offer
from kuanxin.servicing.policy import Policy
from kuanxin.servicing.quotes import (
    DueDateChange,
    EarlySettlement,
    Extension,
    PartialPayment,
    PenaltyWaiver,
    PromiseToPay,
    Quote,
    ReducedInterim,
    ReInstalment,
    ReliefRequest,
)
from kuanxin.servicing.status import Status, status_of
from kuanxin.servicing.wire import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
ROWS = 20
SIZES = (10_000, 100_000)
FULL = 1_000_000
LOT = 1_000  # loans in memory at a time
RATE = Decimal("0.18")
PRODUCT = Terms(RATE)
AS_THE_LIBRARY = Terms(RATE, Method.EQUAL_INSTALMENT, DayBasis.THIRTY_360)  # months as twelfths: all that it knows
REQUESTS: dict[str, ReliefRequest] = {
    "promise to pay": PromiseToPay(date(2026, 11, 28)),
    "extension": Extension(date(2026, 12, 13)),
    "re-instalment of the balance, 12 rows": ReInstalment(12),
    "re-instalment of the balance, 12 equal instalments": ReInstalment(12, method=Method.EQUAL_INSTALMENT),
    "re-instalment of the arrears, 6 rows": ReInstalment(6, scope="arrears"),
    "reduced interim payment, 3 months": ReducedInterim(600_00, 3),
    "penalty waiver": PenaltyWaiver(),
    "partial payment": PartialPayment(500_00, date(2026, 11, 26)),
    "early settlement": EarlySettlement(date(2026, 12, 3)),
    "due-date change (a loan without arrears)": DueDateChange(10),
}


def measure(*, full: bool) -> list[Figures]:
    """Quotes of every kind, then schedules and arrears of ever more loans."""
    return [_quotes(), _portfolios((*SIZES, FULL) if full else SIZES)]


# -- quotes ---------------------------------------------------------------------------------------------------------


def _quotes() -> Figures:
    policy = Policy.parse(yaml.safe_load((ROOT / "policy.yml").read_text("utf-8")))
    in_arrears, on_time = (
        _loan(one, _plan(one))
        for one in (
            _Borrowed(1, 20_000_00, PRODUCT, first_due=date(2026, 5, 13), paid=5),  # 41 days past due
            _Borrowed(2, 20_000_00, PRODUCT, first_due=date(2026, 6, 28), paid=5),
        )
    )
    rows = []
    for name, request in REQUESTS.items():
        loan = on_time if isinstance(request, DueDateChange) else in_arrears
        if not isinstance(offer(loan, policy, request, NOW), Quote):
            raise RuntimeError(f"{name} is refused: a refusal is quicker than a quote")
        ours, library = _side_by_side(
            lambda loan=loan, request=request: offer(loan, policy, request, NOW),
            lambda loan=loan: list(_in_floats(loan)),
        )
        rows.append((name, f"{1 / ours:,.0f}", f"{ours * 1000:.2f}", f"{ours / library:,.0f}"))
    header = (f"quote for a loan of {ROWS} rows", "quotes/s", "ms a quote", f"float schedules of {ROWS} rows meanwhile")
    return Figures(header, rows)


def _side_by_side(ours: Callable[[], object], library: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds of one call of each, the best of rounds that alternate."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _round in range(5):
        for do, calls, found in ((ours, 20, taken[0]), (library, 200, taken[1])):
            began = process_time()
            for _ in range(calls):
                do()
            found.append((process_time() - began) / calls)
    return min(taken[0]), min(taken[1])


# -- portfolios -----------------------------------------------------------------------------------------------------


def _portfolios(sizes: tuple[int, ...]) -> Figures:
    rows = []
    for size in sizes:
        taken = _on_all_cores(size)
        rows.append(
            (
                f"{size:,}",
                f"{size / taken.float_schedules:,.0f}",
                f"{size / taken.schedules:,.0f}",
                f"{taken.float_schedules / taken.schedules:.3f}",
                f"{size / taken.float_arrears:,.0f}",
                f"{size / taken.arrears:,.0f}",
                f"{taken.float_arrears / taken.arrears:.3f}",
                f"{taken.arrears:,.1f}",
                f"{taken.memory / 2**20:.0f}",
            )
        )
    header = (
        "loans",
        "schedules/s: floats",
        "Kuanxin",
        "Kuanxin / floats",
        "arrears/s: floats",
        "Kuanxin",
        "Kuanxin / floats",
        "arrears of all, s",
        "memory, MB",
    )
    return Figures(header, rows)


@dataclass
class _Taken:
    """Processor seconds of schedules and arrears, exact and in floats; bytes that one process held beyond its start."""

    schedules: float = 0
    float_schedules: float = 0
    arrears: float = 0
    float_arrears: float = 0
    memory: int = 0

    def __add__(self, other: _Taken) -> _Taken:
        return _Taken(
            self.schedules + other.schedules,
            self.float_schedules + other.float_schedules,
            self.arrears + other.arrears,
            self.float_arrears + other.float_arrears,
            max(self.memory, other.memory),
        )


def _on_all_cores(size: int) -> _Taken:
    """The portfolio in equal shares, each in a new process, so that the memory is its own."""
    cores = len(psutil.Process().cpu_affinity())
    ends = [size * n // cores for n in range(cores + 1)]
    with multiprocessing.get_context("spawn").Pool(cores, maxtasksperchild=1) as pool:
        return sum(pool.starmap(_share, pairwise(ends), chunksize=1), _Taken())


def _share(first: int, end: int) -> _Taken:
    process, taken = psutil.Process(), _Taken()
    before = process.memory_info().rss
    for start in range(first, end, LOT):
        borrowed = [_borrowed(n) for n in range(start, min(start + LOT, end))]
        seconds, plans = _timed(_plan, borrowed)
        taken.schedules += seconds
        loans = [_loan(one, plan) for one, plan in zip(borrowed, plans, strict=True)]
        seconds, _ = _timed(lambda loan: list(_in_floats(loan)), loans)
        taken.float_schedules += seconds
        seconds, statuses = _timed(lambda loan: status_of(loan, NOW), loans)
        taken.arrears += seconds
        seconds, due = _timed(_due_in_floats, loans)
        taken.float_arrears += seconds
        taken.memory = max(taken.memory, process.memory_info().rss - before)
        _agree(statuses, due)
    return taken


def _timed(do: Callable[[Any], Any], items: list[Any]) -> tuple[float, list[Any]]:
    """Processor seconds of doing it to every item, and what came of it."""
    began = process_time()
    done = [do(item) for item in items]
    return process_time() - began, done


# -- loans ----------------------------------------------------------------------------------------------------------


def loan_number(n: int) -> Loan:
    """Loan number n of a portfolio, the same in every run."""
    one = _borrowed(n)
    return _loan(one, _plan(one))


@dataclass(frozen=True)
class _Borrowed:
    """What a loan is made of."""

    number: int
    principal: Fen
    terms: Terms
    first_due: date
    paid: int  # rows, each in full on its day

    @property
    def lent_on(self) -> date:
        return add_months(self.first_due, -1)


def _borrowed(n: int) -> _Borrowed:
    """Number n of a portfolio: other amounts and days, 0-15 rows paid, 0-4 rows in arrears; the same in every run."""
    paid, late = n * 7 % 16, n % 5
    first_due = add_months(date(2026, 11, 1 + n % 28), 1 - paid - late)
    return _Borrowed(n, 1_000_00 + n * 7919 % 49_000_00, AS_THE_LIBRARY, first_due, paid)


def _plan(one: _Borrowed) -> tuple[Instalment, ...]:
    return schedule.generate(one.principal, one.terms, one.lent_on, ROWS, one.first_due)


def _loan(one: _Borrowed, plan: tuple[Instalment, ...]) -> Loan:
    payments = tuple(
        Payment(
            id=f"P{row.number}",
            amount=row.principal + row.interest,
            paid_at=datetime.combine(row.due_date, time(9), SHANGHAI),
        )
        for row in plan[: one.paid]
    )
    return Loan(f"L{one.number}", f"B{one.number}", "微粒贷", one.principal, one.lent_on, one.terms, plan, payments)


def _in_floats(loan: Loan) -> Iterator[ScheduleRow]:
    return amortization_schedule(loan.principal / 100, float(loan.terms.annual_rate), len(loan.instalments))


def _due_in_floats(loan: Loan) -> float:
    """What is due today in yuan, as a script with the library would say it: its rows not paid, and penalty interest."""
    a_day = float(loan.terms.annual_rate) * (1 + float(loan.terms.penalty_uplift)) / 360
    received = sum(payment.amount for payment in loan.payments) / 100
    due = 0.0
    for row, instalment in zip(_in_floats(loan), loan.instalments, strict=True):
        if instalment.due_date > TODAY:
            break
        if received >= row.amount - 0.005:
            received -= row.amount
        else:
            due += row.amount + row.principal * a_day * (TODAY - instalment.due_date).days
    return due


def _agree(statuses: list[Status], due: list[float]) -> None:
    """Both did the same work: what is due differs by at most a fen for each row that floats rounded otherwise."""
    for status, yuan in zip(statuses, due, strict=True):
        rows = sum(row.due_date <= TODAY for row in status.open_rows)
        if abs(status.due.total - yuan * 100) > rows:
            raise RuntimeError(f"{status.loan.id}: {status.due.total} fen are due, in floats {yuan * 100:.1f}")

"""What an import makes of the form: exact loans, one book in a database, nothing half-written."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import yaml
from sqlalchemy import func, select

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.exporter import NoBook, export_book
from kuanxin.book.importer import import_book
from kuanxin.book.problems import ImportRefused
from kuanxin.book.reader import read
from kuanxin.servicing.model import Borrower, Component, DayBasis, Instalment, Method, Payment, PaymentStatus, Terms
from kuanxin.store import book_writer
from kuanxin.store.base import SHANGHAI
from kuanxin.store.engine import make_engine, migrate, reading
from kuanxin.store.settings import book_settings
from kuanxin.store.sql_book import SqlLoanBook
from kuanxin.store.tables_book import borrowers as borrowers_table
from tests.builders import NOW, a_borrower, a_loan, an_event


def demo_loan(**fields: object) -> dict[str, object]:
    loan = {"id": "T1", "principal": "1000.00", "instalments": 5, "first_due": "2026-10-20", **fields}
    return {"kind": "test", "borrowers": [{"id": "B1", "name": "测试", "loans": [loan]}]}


def count(engine, table=borrowers_table) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar()


def test_every_field_of_the_form_arrives(engine, real, loan):
    loan.update(
        method="equal_instalment",
        day_basis="act/365",
        rounding="half_even",
        penalty_uplift="30%",
        grace_days=3,
        holidays_grace=True,
        repayment_order="principal, interest, penalty, fees",
        allocation="by_component",
        settlement_fee_rate="0.01",
        autopay=True,
        card_tail="6688",
    )
    loan["instalments"][0]["fees"] = "2.00"
    loan["payments"].append(
        {
            "id": "Z2",
            "amount": "5",
            "at": "2026-10-01T00:30:00Z",
            "status": "failed",
            "method": "卡",
            "failure": "余额",
        }
    )
    import_book(engine, real, NOW)
    book = SqlLoanBook(engine)
    assert book.borrower("C1") == Borrower("C1", "王芳", "13800000001", demo=False)
    stored = book.loan("C1", "K1")
    assert stored.terms == Terms(
        Decimal("0.18"),
        Method.EQUAL_INSTALMENT,
        DayBasis.ACT_365,
        type(stored.terms.rounding)("half_even"),
        Decimal("0.3"),
        3,
        True,
        (Component.PRINCIPAL, Component.INTEREST, Component.PENALTY, Component.FEES),
        type(stored.terms.allocation)("by_component"),
        Decimal("0.01"),
    )
    assert stored.instalments[0] == Instalment(1, date(2026, 9, 20), 100_000, 4_650, 200)
    assert stored.payments == (
        Payment("Z1", 104_650, datetime(2026, 9, 20, 8, 30, tzinfo=SHANGHAI)),
        Payment("Z2", 500, datetime(2026, 10, 1, 8, 30, tzinfo=SHANGHAI), PaymentStatus.FAILED, "卡", "余额"),
    )
    assert (stored.principal, stored.disbursed_on, stored.autopay, stored.card_tail, stored.version) == (
        *(300_000, date(2026, 8, 20)),
        *(True, "6688", 0),
    )


@pytest.mark.parametrize(
    ("fields", "annual"),
    [
        ({"annual_rate": "18%"}, "0.18"),
        ({"daily_rate": "0.05%"}, "0.18"),
        ({"daily_rate": "0.0005", "day_basis": "act/365"}, "0.1825"),
        ({}, "0.18"),
    ],
)
def test_rates_are_exact_however_they_are_written(engine, fields, annual):
    import_book(engine, demo_loan(**fields), NOW)
    assert SqlLoanBook(engine).loan("B1", "T1").terms.annual_rate == Decimal(annual)


def test_a_generated_schedule_keeps_its_day_at_month_ends(engine):
    import_book(engine, demo_loan(next_due="2026-10-31", first_due=None, paid_rows=2, disbursed="2026-07-31"), NOW)
    rows = SqlLoanBook(engine).loan("B1", "T1").instalments
    assert [str(row.due_date) for row in rows] == ["2026-08-31", "2026-09-30", "2026-10-31", "2026-11-30", "2026-12-31"]
    assert sum(row.principal for row in rows) == 100_000


@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2027, 3, 31), date(2028, 2, 29)])
def test_the_demo_is_three_days_late_whatever_the_day(engine, today):
    import_book(engine, read([DEMO_BOOK]), datetime(today.year, today.month, today.day, 10, tzinfo=SHANGHAI))
    book = SqlLoanBook(engine)
    oldest_open = {}
    for borrower in book.borrowers():
        assert borrower.demo
        assert borrower.name.startswith("演示·")
        for loan in book.loans_of(borrower.id):
            paid = sum(payment.id.startswith(f"{loan.id}-A") for payment in loan.payments)
            if paid < len(loan.instalments):
                oldest_open[loan.id] = (today - loan.instalments[paid].due_date).days
    assert {loan: oldest_open[loan] for loan in ("L001", "L002", "L003", "L004", "L005", "L012")} == {
        **{"L001": 3, "L002": -9, "L003": 0, "L004": 41, "L005": 95},
        "L012": 1,
    }
    assert "L011" not in oldest_open
    assert book.loan("B010", "L010").terms.method is Method.EQUAL_INSTALMENT
    assert {payment.status.value for payment in book.loan("B007", "L007").payments} == {"posted", "pending"}
    assert len(book.borrowers()) >= 12


def test_a_row_paid_today_was_paid_before_now(engine):
    now = datetime(2026, 10, 20, 7, 0, tzinfo=SHANGHAI)
    import_book(engine, demo_loan(paid_rows=1), now)
    assert SqlLoanBook(engine).loan("B1", "T1").payments[0].paid_at <= now


def test_what_pays_a_row_is_that_row(engine):
    import_book(engine, demo_loan(payments=[{"id": "P", "pays_row": 1, "at": "today-1 20:15"}]), NOW)
    loan = SqlLoanBook(engine).loan("B1", "T1")
    assert loan.payments[0].amount == loan.instalments[0].principal + loan.instalments[0].interest
    assert loan.payments[0].paid_at == datetime(2026, 11, 22, 20, 15, tzinfo=SHANGHAI)


def test_a_test_book_may_fix_its_clock_and_counts_days_from_there(engine):
    fixed = datetime(2030, 1, 15, 9, 0, tzinfo=SHANGHAI)
    import_book(engine, {**demo_loan(first_due="today-5"), "now": fixed.isoformat()}, NOW)
    settings = book_settings(engine)
    assert (settings.kind, settings.now) == ("test", fixed)
    assert SqlLoanBook(engine).loan("B1", "T1").instalments[0].due_date == date(2030, 1, 10)


def test_demo_and_test_books_take_each_others_place(engine):
    import_book(engine, demo_loan(), NOW)
    result = import_book(engine, {**demo_loan(id="T2"), "kind": "demo"}, NOW)
    assert result.replaced == "test"
    assert [loan.id for loan in SqlLoanBook(engine).loans_of("B1")] == ["T2"]


def test_a_demo_book_with_events_and_quotes_makes_way_too(engine):
    with engine.begin() as connection:
        book_writer.settle_kind(connection, "demo", None, NOW)
        book_writer.add(connection, [a_borrower()], [a_loan(events=(an_event(),))])
    import_book(engine, demo_loan(), NOW)
    assert [borrower.id for borrower in SqlLoanBook(engine).borrowers()] == ["B1"]


def test_real_data_take_the_place_of_a_demo_only_when_told(engine, real):
    import_book(engine, demo_loan(), NOW)
    with pytest.raises(ImportRefused, match="--replace"):
        import_book(engine, real, NOW)
    assert [borrower.id for borrower in SqlLoanBook(engine).borrowers()] == ["B1"]
    assert import_book(engine, real, NOW, replace=True).replaced == "test"
    assert [borrower.id for borrower in SqlLoanBook(engine).borrowers()] == ["C1"]
    assert book_settings(engine).kind == "real"


@pytest.mark.parametrize("replace", [False, True])
def test_nothing_takes_the_place_of_real_data(engine, real, replace):
    import_book(engine, real, NOW)
    with pytest.raises(ImportRefused, match="real data"):
        import_book(engine, demo_loan(), NOW, replace=replace)
    assert [borrower.id for borrower in SqlLoanBook(engine).borrowers()] == ["C1"]


def test_real_data_grow_by_borrowers_loans_and_payments(engine, real, loan):
    import_book(engine, real, NOW)
    borrower = real["borrowers"][0]
    second = {**loan, "id": "K2", "payments": []}
    more = {
        "kind": "real",
        "borrowers": [{**borrower, "loans": [second]}, {"id": "C2", "name": "李强", "loans": []}],
        "payments": [{"loan": "K1", "id": "Z2", "amount": "1030.00", "at": "2026-10-20 09:00", "status": "pending"}],
    }
    import_book(engine, more, NOW)
    book = SqlLoanBook(engine)
    assert [one.id for one in book.loans_of("C1")] == ["K1", "K2"]
    assert book.borrower("C2").name == "李强"
    assert book.loan("C1", "K1").payments[-1].status is PaymentStatus.PENDING
    assert book.loan("C1", "K1").version == 1

    posted = {"kind": "real", "payments": [{**more["payments"][0], "status": "posted"}]}
    import_book(engine, posted, NOW)
    import_book(engine, posted, NOW)  # the bank's nightly file may come twice
    assert book.loan("C1", "K1").payments[-1].status is PaymentStatus.POSTED
    assert book.loan("C1", "K1").version == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loan": "K9"}, "payments\\[0\\].loan: K9 stands neither"),
        ({"id": "Z1", "amount": "2.00"}, "Z1 stands in the book in another way"),
        ({"id": "Z1", "amount": "1046.50", "status": "failed"}, "Z1 stands in the book in another way"),
    ],
)
def test_payments_that_contradict_the_book_are_refused(engine, real, change, message):
    import_book(engine, real, NOW)
    payment = {"loan": "K1", "id": "Z2", "amount": "1.00", "at": "2026-10-20 09:00", **change}
    with pytest.raises(ImportRefused, match=message):
        import_book(engine, {"kind": "real", "payments": [payment]}, NOW)
    assert len(SqlLoanBook(engine).loan("C1", "K1").payments) == 1


def test_ids_that_stand_in_the_real_book_are_refused(engine, real):
    import_book(engine, real, NOW)
    real["borrowers"][0]["name"] = "另一个人"
    with pytest.raises(ImportRefused) as refused:
        import_book(engine, real, NOW)
    assert {problem.field for problem in refused.value.problems} == {"borrowers[0].id", "borrowers[0].loans[0].id"}


def test_an_export_imports_to_the_same_book(engine, tmp_path):
    loan = a_loan(rows=4, version=2, events=(an_event("E1", amount=91_378), an_event("E2")))
    loan = replace(loan, payments=loan.payments[:1])
    with engine.begin() as connection:
        book_writer.settle_kind(connection, "test", NOW, NOW)
        book_writer.add(connection, [a_borrower(), a_borrower("007")], [loan, a_loan("1e3", "007", rows=2)])
    text = io.StringIO()
    export_book(engine, text)
    other = make_engine(f"sqlite:///{tmp_path / 'other.db'}")
    migrate(other)
    import_book(other, yaml.safe_load(text.getvalue()), NOW + timedelta(days=400))
    assert SqlLoanBook(other).borrowers() == SqlLoanBook(engine).borrowers()
    for borrower in ("B001", "007"):
        assert SqlLoanBook(other).loans_of(borrower) == SqlLoanBook(engine).loans_of(borrower)
    assert book_settings(other)[:2] == book_settings(engine)[:2]
    again = io.StringIO()
    export_book(other, again)
    assert again.getvalue() == text.getvalue()


def test_there_is_nothing_to_export_before_an_import(engine):
    with pytest.raises(NoBook):
        export_book(engine, io.StringIO())


def test_a_fault_in_the_middle_of_writing_leaves_nothing(engine, monkeypatch):
    import_book(engine, demo_loan(), NOW)

    def breaks(*_args: object, **_named: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(book_writer, "post", breaks)
    with pytest.raises(OSError, match="disk full"):
        import_book(engine, demo_loan(id="T2"), NOW)
    assert [loan.id for loan in SqlLoanBook(engine).loans_of("B1")] == ["T1"]
    assert count(engine) == 1


def test_penalty_interest_that_was_paid_is_not_too_much(engine, real, loan):
    """3092.00 by contract, paid months late: the rest is penalty interest."""
    loan["payments"] = [{"id": "Z1", "amount": "3100.00", "at": "2026-11-20 09:00"}]
    import_book(engine, real, NOW)
    assert SqlLoanBook(engine).loan("C1", "K1").payments[0].amount == 310_000


def promise(**fields: object) -> dict[str, object]:
    wish = {"kind": "promise_to_pay", "agreed": "2026-11-21 09:00", "date": "2026-11-26", **fields}
    return demo_loan(first_due=None, next_due="2026-11-20", arrangements=[wish])


def test_an_arrangement_is_made_by_the_rules_as_of_its_day(engine):
    assert import_book(engine, promise(), NOW).arrangements == 1
    loan = SqlLoanBook(engine).loan("B1", "T1")
    assert (loan.version, [event.kind for event in loan.events]) == (1, ["committed"])
    assert loan.events[0].at == datetime(2026, 11, 21, 9, 0, tzinfo=SHANGHAI)
    assert loan.events[0].data["quote"]["request"] == {"on": "2026-11-26", "amount": None}


def test_an_arrangement_that_the_policy_refuses_is_a_problem(engine):
    with pytest.raises(ImportRefused, match=r"arrangements\[0\].kind: is refused: .*11月"):
        import_book(engine, promise(date="2026-12-24"), NOW)
    assert count(engine) == 0


def test_a_later_payment_does_not_change_what_was_agreed_before(engine):
    with_payment = promise()
    with_payment["borrowers"][0]["loans"][0]["payments"] = [{"id": "P1", "pays_row": 1, "at": "2026-11-22 09:00"}]
    import_book(engine, with_payment, NOW)
    paid_later = SqlLoanBook(engine).loan("B1", "T1").events
    import_book(engine, promise(), NOW)
    assert paid_later[0].data["quote"]["total"] == SqlLoanBook(engine).loan("B1", "T1").events[0].data["quote"]["total"]

"""What every loan book does, whether it is our own database or the bank's system over HTTP."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from kuanxin.servicing.ports import LoanBook, LoanChanged, LoanNotFound
from tests.builders import a_borrower, a_loan, a_quote, an_event


class LoanBookContract:
    """Subclasses give a fixture `book` that holds a_borrower() with LOANS, and another borrower B002 with OTHER."""

    LOANS = (a_loan("L001"), a_loan("L002", disbursed_on=a_loan().disbursed_on.replace(day=25)))
    OTHER = a_loan("L900", "B002")

    def test_a_borrower_comes_back_whole(self, book: LoanBook):
        assert book.borrower("B001") == a_borrower()
        assert book.borrower("B404") is None

    def test_loans_come_back_whole_oldest_first(self, book: LoanBook):
        assert book.loans_of("B001") == self.LOANS
        assert book.loans_of("B404") == ()

    def test_one_loan(self, book: LoanBook):
        assert book.loan("B001", "L002") == self.LOANS[1]

    @pytest.mark.parametrize("loan_id", ["L900", "L404"])
    def test_a_foreign_loan_and_an_invented_one_look_the_same(self, book: LoanBook, loan_id: str):
        with pytest.raises(LoanNotFound):
            book.loan("B001", loan_id)

    def test_events_are_appended_under_the_version(self, book: LoanBook):
        first = book.append(book.loan("B001", "L001"), (an_event("E1", amount=91_378), an_event("E2")))
        assert first == replace(self.LOANS[0], version=1, events=(an_event("E1", amount=91_378), an_event("E2")))
        assert book.loan("B001", "L001") == first
        second = book.append(first, (an_event("E3"),))
        assert [event.id for event in second.events] == ["E1", "E2", "E3"]
        assert second.version == 2

    def test_an_append_to_a_loan_that_changed_is_refused_and_writes_nothing(self, book: LoanBook):
        read = book.loan("B001", "L001")
        current = book.append(read, (an_event("E1"),))
        with pytest.raises(LoanChanged):
            book.append(read, (an_event("E2"),))
        assert book.loan("B001", "L001") == current

    def test_a_repeated_append_is_written_once(self, book: LoanBook):
        read = book.loan("B001", "L001")
        first = book.append(read, (an_event("E1"),))
        assert book.append(read, (an_event("E1"),)) == first
        assert book.append(first, (an_event("E1"),)) == first
        assert book.loan("B001", "L001") == first

    def test_an_append_to_a_foreign_loan_is_not_found(self, book: LoanBook):
        with pytest.raises(LoanNotFound):
            book.append(replace(self.OTHER, borrower_id="B001"), (an_event("E1", "L900"),))
        assert book.loan("B002", "L900") == self.OTHER

    def test_events_of_another_loan_are_a_mistake_of_the_caller(self, book: LoanBook):
        with pytest.raises(ValueError, match="E1"):
            book.append(book.loan("B001", "L001"), (an_event("E1", "L002"),))

    def test_of_appends_at_the_same_moment_exactly_one_wins(self, book: LoanBook):
        for round_ in range(5):
            read = book.loan("B001", "L001")
            together = threading.Barrier(6)
            outcomes: list[str] = []

            def commit(name: str, read=read, together=together, outcomes=outcomes) -> None:
                together.wait()
                try:
                    book.append(read, (an_event(name),))
                    outcomes.append(name)
                except LoanChanged:
                    outcomes.append("changed")

            threads = [threading.Thread(target=commit, args=(f"E{round_}-{n}",)) for n in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            winners = [name for name in outcomes if name != "changed"]
            assert len(outcomes) == 6
            assert len(winners) == 1
            now = book.loan("B001", "L001")
            assert (now.version, now.events[-1].id, len(now.events)) == (round_ + 1, winners[0], round_ + 1)

    def test_quotes_are_kept_for_their_borrower_and_never_touch_the_loan(self, book: LoanBook):
        quote = a_quote(self.LOANS[0])
        book.keep_quote(quote)
        book.keep_quote(quote)
        assert book.quote("B001", "q1") == quote
        assert book.quote("B002", "q1") is None
        assert book.quote("B001", "q2") is None
        assert book.loan("B001", "L001") == self.LOANS[0]

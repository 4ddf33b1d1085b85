"""When and by which way a borrower wants to be written to: read, set within what is allowed at all, undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.conversations.contact import NoSuchHours, NoSuchWay, Wishes
from kuanxin.notices.policy import EARLIEST, LATEST, hours

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime, time

    from kuanxin.identity.addresses import Addresses
    from kuanxin.notices.policy import Contact, Person
    from kuanxin.store.outbox import Outbox


class ContactWishes:
    """Composed in kuanxin.bootstrap. `ways` are the names of those that are set up."""

    def __init__(self, outbox: Outbox, addresses: Addresses, contact: Contact, ways: Container[str]) -> None:
        self._outbox = outbox
        self._addresses = addresses
        self._contact = contact
        self._ways = ways

    def of(self, borrower_id: str, now: datetime) -> Wishes:
        """What holds for a borrower at this moment."""
        person = self._person(borrower_id, now)
        opens, closes = hours(person, self._contact)
        way = person.way or "sms"
        bound = any(one.channel == way and ends > now for one, ends in self._addresses.bindings(borrower_id))
        return Wishes(opens, closes, bool(person.opens or person.closes), way, way == "sms" or bound)

    def set_hours(self, borrower_id: str, opens: time | None, closes: time | None, now: datetime) -> None:
        """The borrower's own hours. A side that nothing was said of stays as it was where that leaves any time,
        and else goes as far as is allowed. Raises NoSuchHours.
        """
        person = self._person(borrower_id, now)
        first = opens or person.opens or self._contact.opens
        last = closes or person.closes or self._contact.closes
        if first >= last:
            first, last = opens or EARLIEST, closes or LATEST
        if not EARLIEST <= first < last or first >= LATEST:
            raise NoSuchHours
        self._outbox.wish(borrower_id, person.way, first, min(last, LATEST))

    def set_way(self, borrower_id: str, way: str, now: datetime) -> None:
        """Raises NoSuchWay."""
        if way not in self._ways:
            raise NoSuchWay(way)
        person = self._person(borrower_id, now)
        self._outbox.wish(borrower_id, way, person.opens, person.closes)

    def forget(self, borrower_id: str) -> None:
        """As the bank does, for hours and way."""
        self._outbox.wish(borrower_id, "", None, None)

    def _person(self, borrower_id: str, now: datetime) -> Person:
        return self._outbox.people([borrower_id], now)[borrower_id]

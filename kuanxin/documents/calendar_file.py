"""The dates of an arrangement for a phone's calendar (RFC 5545): an all-day entry each, a reminder the evening before.

A calendar may be seen by others on a lock screen: the title names no debt and no amount, the description does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from icalendar import Alarm, Calendar, Event

from kuanxin.documents.payments import agreed_payments
from kuanxin.servicing.words import money, parts

if TYPE_CHECKING:
    from datetime import datetime

    from kuanxin.servicing.quotes import Arrangement

TITLE = "宽心提醒：今天有一件事要办"
BEFORE = "宽心提醒：明天有一件事要办"
EVENING_BEFORE = timedelta(hours=-5)  # 19:00 on the day before


def calendar_file(arrangement: Arrangement, made_at: datetime) -> bytes:
    """The same arrangement gives the same entries: a second import changes them and adds none."""
    calendar = Calendar()
    calendar.add("prodid", "-//Kuanxin//Repayment dates//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for number, payment in enumerate(agreed_payments(arrangement), 1):
        event = Event()
        event.add("uid", f"{arrangement.id}-{number}@kuanxin")
        event.add("dtstamp", made_at)
        event.add("dtstart", payment.due_date)
        event.add("dtend", payment.due_date + timedelta(days=1))
        event.add("summary", TITLE)
        amount = f"{money(payment.amounts.total)}（{parts(payment.amounts)}）"
        event.add("description", f"第{number}次：{amount}。只在银行官方页面办理。")
        event.add("class", "PRIVATE")
        event.add("transp", "TRANSPARENT")
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", BEFORE)
        alarm.add("trigger", EVENING_BEFORE)
        event.add_component(alarm)
        calendar.add_component(event)
    return bytes(calendar.to_ical())

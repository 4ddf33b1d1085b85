"""Not falling behind again: reminders, a budget from the borrower's own dates and amounts."""

from __future__ import annotations

from datetime import timedelta

from actions.base import answers
from actions.cards import days_card
from actions.contact import wished
from actions.turn import Answer, Turn, say
from actions.words import day, money
from kuanxin.conversations.replies import Button

DAYS_BEFORE = 3


@answers("set_reminder")
def reminder(turn: Turn) -> Answer:
    """Sets a reminder some days before the next due date (three unless the borrower says otherwise), or hours and way."""
    if answer := wished(turn):
        return answer
    borrower = turn.must_be_borrower()
    status = turn.chosen
    arrangement = status.arrangement if status else None
    rows = (*(arrangement.quote.rows if arrangement else ()), *(status.open_rows if status else ()))
    due = next((row.due_date for row in rows if row.due_date > turn.today), None)
    if due is None:
        return say("接下来没有要到期的款，不用设提醒。", buttons=(Button("我欠多少", "ask_loan_status"),))
    before = turn.entity("duration")
    before = DAYS_BEFORE if before is None else max(0, min(int(before), 15))
    on = max(due - timedelta(days=before), turn.today)
    turn.services.conversations.set_reminder(turn.conversation, borrower, on, before, f"{day(due)}还款", turn.now)
    return say(
        f"设好了：{day(on)}白天提醒您一次，{day(due)}还款。提醒里不写金额和“贷款”字样。"
        "也可以在手机日历里给每月的这一天加个重复提醒，双保险。",
        buttons=(
            Button("改成提前1天", "set_reminder", {"duration": 1}),
            Button("不要提醒了", "stop_reminders"),
        ),
    )


@answers("ask_budget_advice")
def budget_advice(turn: Turn) -> Answer:
    """Concrete steps; with the borrower's own next dates and amounts where they are known."""
    status = turn.known
    rows = status.open_rows[:3] if status else ()
    if rows:
        most = max(row.open.total for row in rows)
        weekly = -(-most // 400) * 100  # a quarter of the largest of the next instalments, whole yuan
        first = f"按您的账，接下来几期最多一期{money(most)}，可以每周先留{money(weekly)}，到期时正好够。"
    else:
        first = "把每月还款额分成四份，每周先留一份，到期时正好够。"
    steps = (
        first + "另外三件小事最管用：①工资到账第二天就把还款的钱转进扣款账户，并打开自动扣款；"
        "②把还款日改到发工资后两天；③手头松一点时先存一笔“应急钱”，目标是一个月的房租饭钱，从每周几十元开始。"
        "几笔债一起还时，先保证每笔的最低应还，再集中还利率最高的。账单每月看一眼，有不认识的扣款马上问我。"
    )
    card = (
        days_card("接下来的还款日", tuple((row.due_date, f"还{money(row.open.total)}") for row in rows))
        if rows
        else None
    )
    return say(
        steps,
        card,
        (
            Button("到期前提醒我", "set_reminder"),
            Button("改还款日", "request_due_date_change"),
            Button("自动扣款", "ask_autopay"),
        ),
    )

"""Figures: the sums of the page, the plots and the file say the same, for exactly the days that are asked for."""

from __future__ import annotations

import csv
import io
from datetime import timedelta


def test_sums_agree_with_the_list(sign_in, parts):
    from kuanxin.conversations.review import Filters

    now = parts.clock.now()
    since, until = (now - timedelta(days=20)).date(), now.date()
    client = sign_in("supervisor")
    rows = list(csv.reader(io.StringIO(client.get(f"/figures.csv?since={since}&until={until}").content.decode())))
    days = [row for row in rows if row[0] == "day"]
    listed = parts.staff.page(Filters(tag="演示"), limit=500).rows
    handed = sum(row.handed_over for row in listed)
    assert sum(int(row[3]) for row in days) >= handed
    channels = [row for row in rows if row[0] == "channel"]
    assert sum(int(row[2]) for row in days) == sum(int(row[2]) for row in channels)
    page = client.get(f"/figures/?since={since}&until={until}").content.decode()
    assert f"<dd>{sum(int(row[2]) for row in days)}</dd>" in page


def test_days_without_conversations_are_said_to_be_empty(sign_in):
    page = sign_in("supervisor").get("/figures/?since=2020-01-01&until=2020-01-31").content.decode()
    assert "这段时间没有会话" in page
    plot = sign_in("supervisor").get("/figures/endings.svg?since=2020-01-01&until=2020-01-31")
    assert plot.headers["Content-Type"] == "image/svg+xml"
    assert "这段时间没有数据" in plot.content.decode()


def test_nonsense_days_are_the_last_thirty(sign_in):
    client = sign_in("auditor")
    assert client.get("/figures/?since=x&until=y").status_code == 200
    assert client.get("/figures/?since=2026-12-01&until=2026-01-01").status_code == 200
    assert client.get("/figures/nothing.svg").status_code == 404


def test_plots_ask_no_other_host(sign_in):
    for name in ("endings", "signals", "intents", "arrangements"):
        plot = sign_in("supervisor").get(f"/figures/{name}.svg").content.decode()
        assert "<script" not in plot

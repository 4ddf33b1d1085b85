"""Each alert fires over an hour of figures that call for it, and not over an hour that does not (promtool)."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.deploy.test_figures import ALERTS, RULES
from tests.services import find_or_install

if TYPE_CHECKING:
    from pathlib import Path

Figures = dict[str, str]  # series → its values, one a minute: first + growth x times


def turns(**of_outcome: str) -> Figures:
    return {f'kuanxin_turn_seconds_count{{channel="web",outcome="{name}"}}': v for name, v in of_outcome.items()}


def answers_within(**of_bound: str) -> Figures:
    """Of which so many come within half a second, two, or at all."""
    bounds = {"half": "0.5", "two": "2.5", "all": "+Inf"}
    return {f'kuanxin_turn_seconds_bucket{{channel="web",le="{bounds[name]}"}}': v for name, v in of_bound.items()}


def connections(in_use: int) -> Figures:
    return {
        'kuanxin_database_connections{instance="a",state="in_use"}': f"{in_use}+0x60",
        'kuanxin_database_connections{instance="a",state="idle"}': "1+0x60",
        'kuanxin_database_connections_most{instance="a"}': "30+0x60",
    }


AWAITED = 'kuanxin_requests_waiting_seconds{whom="%s"}'
CASES: dict[str, tuple[list[Figures], list[Figures]]] = {
    "KuanxinNotReady": (
        [{'kuanxin_ready{server="rasa"}': "0+0x60"}, {'kuanxin_ready{server="notices"}': "1+0x60"}],
        [
            {
                'kuanxin_ready{server="rasa",instance="a"}': "0+0x60",
                'kuanxin_ready{server="rasa",instance="b"}': "1+0x60",
            }
        ],
    ),
    "KuanxinServerDown": (
        [{'up{job="kuanxin",instance="a"}': "0+0x60"}],
        [{'up{job="kuanxin",instance="a"}': "1+0x60"}, {'up{job="another"}': "0+0x60"}],
    ),
    "KuanxinNoNotices": ([{"up": "1+0x60"}], [{"kuanxin_notices_due": "0+0x60"}]),
    "KuanxinTurnsFail": (
        [turns(answered="0+60x60", failed="0+6x60"), turns(failed="0+5x60")],
        [
            turns(answered="0+60x60", failed="0+1x60"),
            turns(answered="0+1x60", failed="0+0x50 1+0x10"),
            {'kuanxin_turn_seconds_count{channel="warm-up",outcome="failed"}': "0+60x60"},
        ],
    ),
    "KuanxinSlow": (
        [answers_within(half="0+90x60", two="0+100x60", all="0+100x60")],
        [answers_within(half="0+99x60", two="0+100x60", all="0+100x60")],
    ),
    "KuanxinColleagueAwaited": ([{AWAITED % "colleague": "0+60x60"}], [{AWAITED % "colleague": "600+0x60"}]),
    "KuanxinDecisionAwaited": ([{AWAITED % "decision": "172800+60x60"}], [{AWAITED % "decision": "86400+60x60"}]),
    "KuanxinNoticesStuck": ([{"kuanxin_notices_due_seconds": "0+60x60"}], [{"kuanxin_notices_due_seconds": "30+0x60"}]),
    "KuanxinNoticesRefused": (
        [{'kuanxin_notices_total{state="failed"}': "0+1x60"}],
        [{'kuanxin_notices_total{state="sent"}': "0+100x60", 'kuanxin_notices_total{state="failed"}': "0+0x60"}],
    ),
    "KuanxinLoanBookLeftAlone": (
        [
            {
                'kuanxin_loan_book_breaker_open{instance="a"}': "0+0x60",
                'kuanxin_loan_book_breaker_open{instance="b"}': "1+0x60",
            }
        ],
        [{"kuanxin_loan_book_breaker_open": "0+0x59 1"}],
    ),
    "KuanxinDeskFails": (
        [{'kuanxin_desk_request_seconds_count{view="queue",status="500"}': "0+1x60"}],
        [
            {
                'kuanxin_desk_request_seconds_count{view="queue",status="200"}': "0+100x60",
                'kuanxin_desk_request_seconds_count{view="queue",status="404"}': "0+100x60",
                'kuanxin_desk_request_seconds_count{view="queue",status="500"}': "0+1x30 30+0x30",
                'kuanxin_desk_request_seconds_count{view="queue",status="503"}': "0+0x55 1+0x5",
            }
        ],
    ),
    "KuanxinConnectionsUsedUp": ([connections(27)], [connections(12)]),
}


def test_every_alert_has_its_cases() -> None:
    assert CASES.keys() == ALERTS.keys()


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_when_it_must_and_only_then(tmp_path: Path, name: str) -> None:
    must, must_not = CASES[name]
    firing = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": series, "values": values} for series, values in figures.items()],
            "promql_expr_test": [{"expr": firing, "eval_time": "1h", "exp_samples": expected}],
        }
        for all_figures, expected in ((must, [{"labels": "{}", "value": 1}]), (must_not, []))
        for figures in all_figures
    ]
    file = tmp_path / "alerts.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}), "utf-8")
    promtool = find_or_install("promtool", "prometheus", "/usr/bin")
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

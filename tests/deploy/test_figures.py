"""A real Prometheus with the text of deploy/, over servers that have something to count."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from kuanxin.book.demo import DEMO_BOOK
from kuanxin.book.importer import import_book
from kuanxin.identity.signing import sign_as_bank
from kuanxin.operate.assistant import RunningAssistant, running_assistant
from kuanxin.operate.shown import SHOWN
from kuanxin.settings import ROOT
from kuanxin.store.engine import make_engine, migrate
from tests.builders import SHANGHAI
from tests.deploy.test_proxy import proxied
from tests.gateways.conftest import TOKEN, reference_server
from tests.services import Prometheus, find_or_install, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services import Redis

KEY = "the-key-of-the-bank-for-tests-only-0123456789"
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
PAGES = 40
ALERTS = {rule["alert"]: rule["expr"] for rule in yaml.safe_load(RULES.read_text("utf-8"))["groups"][0]["rules"]}
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "kuanxin.json").read_text("utf-8"))
SHOWN_EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
METRIC = re.compile(r"\b(?:kuanxin_\w+|process_\w+|up)\b(?!\")")


@dataclass
class Watched:
    assistant: RunningAssistant
    ports: dict[str, int]
    prometheus: Prometheus

    @property
    def desk(self) -> str:
        return f"http://127.0.0.1:{self.assistant.environment['KUANXIN_DESK_PORT']}"

    def text(self, server: str) -> str:
        return requests.get(f"http://127.0.0.1:{self.ports[server]}/metrics", timeout=10).text

    def says(self, borrower: str, text: str, message_id: str = "") -> None:
        headers = {"Authorization": f"Bearer {sign_as_bank(KEY, borrower)}"}
        body = {"text": text, **({"message_id": message_id} if message_id else {})}
        requests.post(f"{self.assistant.chat}/messages", json=body, headers=headers, timeout=60).raise_for_status()

    def comes_to(self, expression: str, expected: float) -> None:
        until = time.monotonic() + 30
        while (found := self.prometheus.value(expression)) != expected:
            assert time.monotonic() < until, (expression, found)
            time.sleep(0.2)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, redis_server: Redis) -> Iterator[Watched]:
    """Servers over Redis and a bank's loan system, with a turn of each outcome behind them; at the end the loan system
    is gone, and then the action server."""
    folder = tmp_path_factory.mktemp("figures")
    bank_url, bank_port, first = f"sqlite:///{folder / 'bank.db'}", free_port(), free_port(4)
    engine = make_engine(bank_url)
    migrate(engine)
    import_book(engine, yaml.safe_load(DEMO_BOOK.read_text("utf-8")), datetime.now(SHANGHAI))
    engine.dispose()
    settings = {
        "KUANXIN_LOAN_BOOK_URL": f"http://127.0.0.1:{bank_port}",
        "KUANXIN_LOAN_BOOK_TOKEN": TOKEN,
        "KUANXIN_TOKEN_KEY": KEY,
        "KUANXIN_REDIS_URL": redis_server.url,
        "KUANXIN_METRICS_PORT": str(first),
        "KUANXIN_DESK_PORT": str(free_port()),
    }
    with (folder / "bank.log").open("w") as log, ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        bank = stack.enter_context(ExitStack())
        bank.enter_context(reference_server(bank_url, log, bank_port))
        assistant = stack.enter_context(running_assistant(folder / "var"))
        subprocess.run([sys.executable, "-m", "desk", "prepare"], cwd=ROOT, env=assistant.environment, check=True)
        for name in ("notices", "desk"):
            server = subprocess.Popen(
                [sys.executable, "-m", "kuanxin.operate", "start", name],
                cwd=ROOT,
                env=assistant.environment,
                stderr=(folder / f"{name}.log").open("w"),
            )
            stack.callback(server.wait, 30)
            stack.callback(server.terminate)
        ports = {server: first + n for n, server in enumerate(SHOWN)}
        prometheus = Prometheus([f"127.0.0.1:{port}" for port in ports.values()])
        stack.callback(prometheus.stop)
        found = Watched(assistant, ports, prometheus)
        found.comes_to("sum(up)", 4)
        for _ in range(PAGES):
            requests.get(f"{found.desk}/sign-in/", timeout=10).raise_for_status()
        found.says("B001", "我欠多少", "once")
        found.says("B001", "我欠多少", "once")  # a repetition is no turn
        found.says("B002", "你好")
        found.says("B002", "这个那个嗯哼上回说的咋弄")  # understood by nobody
        found.says("B002", "转人工")
        bank.close()
        for _ in range(3):
            found.says("B003", "我欠多少")
        found.comes_to('sum(kuanxin_loan_book_call_seconds_count{outcome="left_alone"}) > bool 0', 1)
        assistant.processes["actions"].kill()
        found.says("B004", "我欠多少")
        yield found


def test_turns_are_counted_by_what_became_of_them(watched: Watched) -> None:
    turns = 'kuanxin_turn_seconds_count{channel="chat", outcome="%s"}'
    for outcome, number in (("answered", 5), ("asked_back", 1), ("handed_over", 1), ("failed", 1)):
        watched.comes_to(turns % outcome, number)
    watched.comes_to("sum(kuanxin_understood_total)", 7 + 2)  # the two of the warm-up are typed, too
    watched.comes_to('kuanxin_understood_total{certainty="asked_back"}', 1)
    watched.comes_to('kuanxin_lock_wait_seconds_count{lock="redis"}', 8 + 2)
    watched.comes_to('kuanxin_action_call_seconds_count{outcome="failed"}', 1)
    watched.comes_to('kuanxin_ready{server="rasa"}', 1)
    watched.comes_to("kuanxin_model_info", 1)


def test_the_loan_system_that_fails_is_seen(watched: Watched) -> None:
    """The action server is gone by now: what it showed before stands in Prometheus."""
    before = "last_over_time(%s[5m])"
    assert watched.prometheus.value(before % 'kuanxin_loan_book_call_seconds_count{outcome="answered"}') > 0
    assert watched.prometheus.value(before % 'kuanxin_loan_book_call_seconds_count{outcome="failed"}') > 0
    assert watched.prometheus.value(before % 'kuanxin_loan_book_call_seconds_count{outcome="left_alone"}') > 0
    assert watched.prometheus.value(before % "kuanxin_loan_book_breaker_open") == 1


def test_what_waits_is_seen(watched: Watched) -> None:
    watched.comes_to('kuanxin_requests_waiting{whom="colleague"}', 1)
    watched.comes_to('kuanxin_requests_waiting{whom="decision"}', 0)
    assert watched.prometheus.value('kuanxin_requests_waiting_seconds{whom="colleague"}') > 0
    assert watched.prometheus.value("kuanxin_notices_due") is not None


def test_all_processes_of_the_desk_count_together(watched: Watched) -> None:
    counted = 'kuanxin_desk_request_seconds_count{method="%s", view="%s", status="%s"}'
    watched.comes_to(counted % ("GET", "login", 200), PAGES)
    session = requests.Session()
    assert session.get(f"{watched.desk}/conversations/b-B001/?q=13800000001", timeout=10).status_code == 200
    watched.comes_to(counted % ("GET", "conversation", 302), 1)
    watched.comes_to(counted % ("GET", "login", 200), PAGES + 1)
    assert requests.post(f"{watched.desk}/sign-in/", timeout=10).status_code == 403  # no token of a form
    watched.comes_to(counted % ("POST", "login", 403), 1)
    for method in ("B001", "B002"):
        requests.request(method, f"{watched.desk}/no-such-page/", timeout=10)
    watched.comes_to('kuanxin_desk_request_seconds_count{method="other"}', 2)
    assert "kuanxin_ready" not in watched.text("desk")


def test_every_expression_finds_what_it_asks_for(watched: Watched) -> None:
    names = set(watched.prometheus.ask("label/__name__/values"))
    for expression in (*SHOWN_EXPRESSIONS, *ALERTS.values()):
        asked = set(METRIC.findall(expression))
        assert asked, expression
        assert asked <= names, expression
        watched.prometheus.ask("query", query=expression.replace("$__rate_interval", "1m"))
    drawn = {expression for expression in SHOWN_EXPRESSIONS if "histogram_quantile" not in expression}
    for expression in drawn:
        assert watched.prometheus.value(expression.replace("$__rate_interval", "5m")) is not None, expression


def test_every_alert_is_evaluated_and_those_that_must_begin(watched: Watched) -> None:
    until = time.monotonic() + 30
    while True:
        (group,) = watched.prometheus.ask("rules")["groups"]
        states = {rule["name"]: rule["state"] for rule in group["rules"]}
        if states["KuanxinServerDown"] == "pending":
            break
        assert time.monotonic() < until, states
        time.sleep(0.5)
    assert {rule["health"] for rule in group["rules"]} == {"ok"}
    assert states.keys() == ALERTS.keys()
    assert states["KuanxinNotReady"] == "inactive"
    assert states["KuanxinNoNotices"] == "inactive"


def test_no_label_has_values_without_end_or_of_a_person(watched: Watched) -> None:
    labels: dict[str, set[str]] = {}
    for series in watched.prometheus.ask("series", **{"match[]": '{__name__=~"kuanxin_.*"}'}):
        for name, value in series.items():
            labels.setdefault(name, set()).add(value)
    assert labels.keys() == {
        *("__name__", "instance", "job", "le", "server", "channel", "outcome", "certainty", "lock", "state", "whom"),
        *("model", "sha256", "method", "view", "status"),
    }
    assert labels["channel"] <= {"chat", "warm-up"}
    assert all(len(values) <= 12 for name, values in labels.items() if name not in ("__name__", "le"))
    for server in ("rasa", "notices", "desk"):
        # a phone number, and not digits of a fraction of a second
        assert not re.search(r"B00\d|L00\d|演示|(?<![\w.])13\d{9}(?!\w)", watched.text(server))


def test_nobody_outside_sees_figures(watched: Watched) -> None:
    rasa = int(watched.assistant.url.rsplit(":", 1)[1])
    assert requests.get(f"{watched.assistant.url}/metrics", timeout=10).status_code == 404
    with proxied(rasa) as nginx:
        for path in ("/metrics", "/webhooks/chat/metrics", "/webhooks/web/metrics"):
            answer = requests.get(nginx.url + path, verify=False, timeout=10)
            assert answer.status_code in (404, 405)
            assert "kuanxin_" not in answer.text
    lines = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    listening = [fields[1] for fields in lines if fields[3] == "0A"]
    for server in ("rasa", "notices", "desk"):
        at = [address for address in listening if address.endswith(f":{watched.ports[server]:04X}")]
        assert at == [f"0100007F:{watched.ports[server]:04X}"]


def test_the_documents_say_what_to_do_about_each_alert() -> None:
    text = (ROOT / "docs" / "operation.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(Kuanxin\w+)` \|", text, re.MULTILINE)) == set(ALERTS)


def test_promtool_finds_nothing_wrong() -> None:
    promtool: Any = find_or_install("promtool", "prometheus", "/usr/bin")
    subprocess.run([promtool, "check", "rules", "--lint-fatal", RULES], check=True, capture_output=True)
    subprocess.run([promtool, "check", "config", RULES.with_name("prometheus.yml")], check=True, capture_output=True)

"""Shows the figures of a server to Prometheus, on a port of its own that no proxy passes on."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from kuanxin.bootstrap import services
from kuanxin.conversations.model import ConversationsUnavailable
from kuanxin.metrics import READY
from kuanxin.store.engine import engines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from kuanxin.settings import Settings

SHOWN = ("rasa", "actions", "notices", "desk")  # on KUANXIN_METRICS_PORT and the three after it


def show(server: str, settings: Settings) -> None:
    """From now on, where the settings say so. Raises OSError where the port is not free."""
    if not settings.metrics_port or server not in SHOWN:
        return
    disable_created_metrics()
    registry = REGISTRY
    if server == "desk":
        OfAllProcesses(registry := CollectorRegistry())
    else:
        registry.register(Connections())
    if server == "notices":
        registry.register(Waiting())
    READY.labels(server).set(server != "rasa")  # the Rasa server says itself when it is
    # a thread that took the signal would end the process in the midst of its work
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    start_http_server(settings.metrics_port + SHOWN.index(server), settings.interface, registry)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


class OfAllProcesses(MultiProcessCollector):
    """What the processes of a server counted together. A gauge would be of one of them, and named by its number."""

    def collect(self) -> list[Metric]:
        return [metric for metric in super().collect() if metric.type != "gauge"]


class Connections(Collector):
    """The connections of this process to the database."""

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        pools = [engine.pool for engine in engines if isinstance(engine.pool, QueuePool)]
        shown = GaugeMetricFamily("kuanxin_database_connections", "Connections to the database", labels=["state"])
        shown.add_metric(["in_use"], sum(pool.checkedout() for pool in pools))
        shown.add_metric(["idle"], sum(pool.checkedin() for pool in pools))
        yield shown
        most = sum(pool.size() + pool._max_overflow for pool in pools)
        yield GaugeMetricFamily("kuanxin_database_connections_most", "How many there may be", value=most)


class Waiting(Collector):
    """What waits in the database, asked at each scrape: by the server of notices, of which there is one that plans."""

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Nothing while the database does not answer."""
        parts = services()
        try:
            now = parts.clock.now()
            requests, (due, since) = parts.figures.unclaimed(), parts.outbox.overdue(now)
        except (ConversationsUnavailable, SQLAlchemyError):
            return
        number = GaugeMetricFamily("kuanxin_requests_waiting", "Requests that nobody has taken", labels=["whom"])
        oldest = GaugeMetricFamily("kuanxin_requests_waiting_seconds", "How long the oldest waits", labels=["whom"])
        for whom in ("colleague", "decision"):
            count, waiting_since = requests.get(whom, (0, now))
            number.add_metric([whom], count)
            oldest.add_metric([whom], (now - waiting_since).total_seconds())
        yield from (number, oldest)
        yield GaugeMetricFamily("kuanxin_notices_due", "Notices that are due and not settled", value=due)
        waits = (now - (since or now)).total_seconds()
        yield GaugeMetricFamily("kuanxin_notices_due_seconds", "How long the oldest of them is due", value=waits)

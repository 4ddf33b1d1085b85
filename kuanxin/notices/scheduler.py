"""The process that plans every morning and sends all day: APScheduler, which Rasa brings along.

One machine needs no broker. Several machines share the work through the outbox: each runs this process, the claims see
to it that a notice goes to one worker; a second planner would only do the same work again.
"""

from __future__ import annotations

import logging
import signal
from datetime import datetime
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

from kuanxin.metrics import NOTICES
from kuanxin.servicing.wire import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Callable

    from kuanxin.bootstrap import Services

log = logging.getLogger(__name__)

PLAN_AT = 6  # o'clock, before anybody may be written to
SEND_EVERY_SECONDS = 30
LATE_SECONDS = 12 * 3600  # a machine that slept still plans for the day


def run(parts: Services, *, plans: bool = True) -> None:
    """Until SIGINT or SIGTERM; what is being sent at that moment is finished."""
    scheduler = BackgroundScheduler(
        timezone=str(SHANGHAI), job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": LATE_SECONDS}
    )
    if plans:
        scheduler.add_job(_guarded, args=(plan_once, parts), id="plan now")
        scheduler.add_job(_guarded, "cron", args=(plan_once, parts), hour=PLAN_AT, id="plan")
    at_once = datetime.now(SHANGHAI)
    every = {"seconds": SEND_EVERY_SECONDS, "next_run_time": at_once}
    scheduler.add_job(_guarded, "interval", args=(send_once, parts), id="send", **every)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    scheduler.start()
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    scheduler.shutdown(wait=True)


def plan_once(parts: Services) -> None:
    _, lots = parts.portfolio()
    plan = parts.planner.plan(lots, parts.clock.now())
    if plan.new:
        log.warning("planned %d notices for %d borrowers", sum(plan.new.values()), plan.borrowers)


def send_once(parts: Services) -> None:
    parts.sender.send_due(parts.clock.now(), lambda state: NOTICES.labels(state).inc())


def _guarded(job: Callable[[Services], None], parts: Services) -> None:
    """A fault ends this run and not the process: the next run finds what was left."""
    try:
        job(parts)
    except Exception as fault:
        # texts of faults may hold personal data
        log.error("%s: %s", job.__name__, type(fault).__name__)

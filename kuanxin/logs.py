"""One form of log for every server: a line for each event, plain or as JSON (KUANXIN_LOG_FORMAT), on standard error.

Rasa writes a part of its log through structlog and the rest through logging; Sanic and gunicorn bring handlers of their
own. Here all of it takes one way, and whoever wrote a line, it names no borrower:

- a conversation is its pseudonym; the field `conversation` is bound where a message is handled,
- an error is its kind and place: its message may quote what somebody said,
- what Rasa writes down of a turn when it is told to debug is left out.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, Literal

import structlog
from structlog.contextvars import bind_contextvars, merge_contextvars
from structlog.stdlib import ProcessorFormatter

from kuanxin.pseudonym import pseudonym

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, Processor

Form = Literal["text", "json"]

# the id of a borrower's conversation, also after a line break as JSON and repr write it
_NAMES_A_BORROWER = re.compile(r"(?:(?<![\w-])|(?<=\\[nrt]))b-[A-Za-z0-9](?:[A-Za-z0-9_.@-]{0,62}[A-Za-z0-9])?")
_RASA_FIELDS_OF_A_TURN = frozenset(
    [
        "text",
        "response_text",
        "user_text",
        "slot_values",
        "parse_data_text",
        "parse_data_entities",
        "prediction_events",
        "rasa_event",
        "rasa_events",
        "tracker_latest_message",
        "prefilled_slots",
        "message",
        "response",
        "slot_candidates",
        "tracker_states",
        "current_states",
        "old_states",
        "successes",
        "current_entity",
        "next_entity",
        "states",
        "entity",
        "token_text",
        "user_message",
        "json_message",
    ]
)
_QUIETER = {"django.request": logging.ERROR}  # a refusal stands in the audit log


def configure(server: str, form: Form, level: int | str = logging.WARNING) -> None:
    """For this process, from now on; called again, it changes the level."""
    root = logging.getLogger()
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(server, form))
    root.handlers = [handler]
    root.setLevel(level)
    logging.lastResort = handler  # for libraries that keep their lines from the root
    logging.raiseExceptions = False  # a line that cannot be written would otherwise be printed with all that was in it
    logging.captureWarnings(True)
    for name, least in _QUIETER.items():
        logging.getLogger(name).setLevel(least)
    sys.excepthook = _process_ended
    threading.excepthook = _thread_ended
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            merge_contextvars,
            structlog.dev.set_exc_info,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=True,
    )


def _formatter(server: str, form: Form) -> ProcessorFormatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            pad_event=0,
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
            timestamp_key="time",
        )
    )

    def fields(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return {"time": "", "level": "", "server": server, "logger": "", **event} if form == "json" else event

    def render(logger: Any, method: str, event: EventDict) -> str:
        return _NAMES_A_BORROWER.sub(lambda found: pseudonym(found[0]), str(renderer(logger, method, event)))

    return ProcessorFormatter(
        foreign_pre_chain=[merge_contextvars],
        processors=[
            fields,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            _nobody_named,
            _exception,
            ProcessorFormatter.remove_processors_meta,
            render,
        ],
    )


def of_conversation(conversation_id: str) -> None:
    """What this task logs from now on belongs to this conversation."""
    bind_contextvars(conversation=conversation_id)


def log_where(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Logs a failure: what kind and where. The message of an error may quote the borrower and is left out."""
    logger.error("%s with %s", what, type(error).__name__, exc_info=_wordless(error))


def _wordless(error: BaseException) -> BaseException:
    """An error of the same name and place that says nothing."""
    kind = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    return kind().with_traceback(error.__traceback__)


def _exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = "".join(traceback.format_exception(_wordless(error))).rstrip()
    return event


def _nobody_named(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if conversation := event.get("conversation"):
        event["conversation"] = pseudonym(conversation)
    if event["_from_structlog"]:
        for name in _RASA_FIELDS_OF_A_TURN & event.keys():
            event[name] = "…"
        if said := event.pop("event_info", None):  # Rasa's own words for people
            event["event_key"], event["event"] = event["event"], said
    return event


def _process_ended(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """No turn is under way: what the error says is for the operator."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("kuanxin").critical("the process ends: %s: %s", kind.__name__, error, exc_info=error)


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    logging.getLogger("kuanxin").error("a thread ended", exc_info=ended.exc_value)

"""Transactions over the tables of conversations: whatever the database has against it is ConversationsUnavailable."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from kuanxin.conversations.model import ConversationsUnavailable
from kuanxin.store.engine import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

log = logging.getLogger(__name__)


class Transactions:
    """What repositories of conversations are made on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _faults_as_unavailable(), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _faults_as_unavailable(), self._engine.begin() as connection:
            yield connection


@contextmanager
def _faults_as_unavailable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as fault:
        # the statement and its parameters hold what people said: only the kind of fault is logged
        log.error("conversations: %s (%s)", type(fault).__name__, type(getattr(fault, "orig", None)).__name__)
        raise ConversationsUnavailable(type(fault).__name__) from None

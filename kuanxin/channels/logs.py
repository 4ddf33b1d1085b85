"""How channels log a failure: what kind and where. The message of an error may quote the borrower and is left out."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


def log_where(logger: logging.Logger, what: str, error: BaseException) -> None:
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s with %s:\n%s", what, type(error).__name__, where)

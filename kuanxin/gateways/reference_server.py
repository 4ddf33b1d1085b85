"""A loan system that speaks docs/integration/loan-book.openapi.yaml: an example for engineers, a partner for tests.

    KUANXIN_LOAN_BOOK_TOKEN=… python -m kuanxin.gateways.reference_server [--port 5090]

serves the book in the database (the demo book, or an operator's own) on 127.0.0.1. Requests are checked against the
document itself. Quotes are kept in memory: they are notes, and a loan system may forget them.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import os
import re
import sys
from collections import OrderedDict
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jsonschema import Draft4Validator, FormatChecker, RefResolver
from jsonschema.exceptions import ValidationError
from sanic import Sanic
from sanic.exceptions import MethodNotSupported, NotFound, SanicException
from sanic.response import HTTPResponse

from kuanxin.servicing.ports import BookUnavailable, LoanChanged, LoanNotFound
from kuanxin.servicing.wire import borrower_to_json, event_from_json, loan_to_json, moment_from_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sanic.request import Request

    from kuanxin.servicing.model import Loan
    from kuanxin.servicing.ports import LoanBook

    Handler = Callable[..., Awaitable[HTTPResponse]]
    Lots = Callable[[str, int], dict[str, list[Loan]]]

CONTRACT = Path(__file__).resolve().parents[2] / "docs" / "integration" / "loan-book.openapi.yaml"
TOKEN = "KUANXIN_LOAN_BOOK_TOKEN"
_NAME = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
_MOST_QUOTES = 10_000
MOST_IN_A_PAGE = 500
_STATUS = {
    "malformed": (400, "The request is not by the contract"),
    "unauthorized": (401, "The token is missing or wrong"),
    "borrower-not-found": (404, "No such borrower"),
    "loan-not-found": (404, "No such loan of this borrower"),
    "quote-not-found": (404, "No such quote of this borrower"),
    "not-found": (404, "No such resource"),
    "method-not-allowed": (405, "This resource has no such method"),
    "loan-changed": (409, "The loan changed since it was read"),
    "unavailable": (503, "The loan book cannot be asked at the moment"),
}


class Problem(Exception):
    """An answer that is not the one asked for; `kind` is a word of the contract."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail

    def answer(self, headers: dict[str, str] | None = None) -> HTTPResponse:
        status, title = _STATUS[self.kind]
        body = {"type": self.kind, "title": title, "status": status}
        return _json(
            {**body, "detail": self.detail} if self.detail else body, status, headers, "application/problem+json"
        )


class Shelf:
    """The last quotes that were shown, by borrower and hash."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def put(self, borrower_id: str, quote_hash: str, quote: dict[str, Any]) -> None:
        self._kept[borrower_id, quote_hash] = quote
        while len(self._kept) > _MOST_QUOTES:
            self._kept.popitem(last=False)

    def get(self, borrower_id: str, quote_hash: str) -> Any:
        return self._kept.get((borrower_id, quote_hash))


def make_app(book: LoanBook, lots: Lots, token: str, name: str = "loan_book") -> Sanic:
    """The server over a loan book. `lots` gives borrowers after an id with their loans. Both are called in threads."""
    app = Sanic(name, configure_logging=False)
    app.config.REQUEST_MAX_SIZE = 2_000_000
    app.config.FALLBACK_ERROR_FORMAT = "json"
    shelf = Shelf()
    contract = _Contract()
    guarded = _guarded(token)

    @app.get("/portfolio")
    @guarded
    async def portfolio(request: Request) -> HTTPResponse:
        after, most = _page_asked(request)
        found = await asyncio.to_thread(lots, after, most)
        page = [{"borrower_id": id, "loans": [loan_to_json(loan) for loan in loans]} for id, loans in found.items()]
        return _json({"borrowers": page, **({"next": page[-1]["borrower_id"]} if len(page) == most else {})})

    @app.get("/borrowers/<borrower_id>", unquote=True)
    @guarded
    async def borrower(_request: Request, borrower_id: str) -> HTTPResponse:
        return _json(borrower_to_json(await _borrower(book, borrower_id)))

    @app.get("/borrowers/<borrower_id>/loans", unquote=True)
    @guarded
    async def loans(_request: Request, borrower_id: str) -> HTTPResponse:
        await _borrower(book, borrower_id)
        found = await asyncio.to_thread(book.loans_of, borrower_id)
        return _json({"loans": [loan_to_json(loan) for loan in found]})

    @app.get("/borrowers/<borrower_id>/loans/<loan_id>", unquote=True)
    @guarded
    async def loan(_request: Request, borrower_id: str, loan_id: str) -> HTTPResponse:
        return _json(loan_to_json(await asyncio.to_thread(book.loan, borrower_id, loan_id)))

    @app.post("/borrowers/<borrower_id>/loans/<loan_id>/events", unquote=True)
    @guarded
    async def append(request: Request, borrower_id: str, loan_id: str) -> HTTPResponse:
        key = request.headers.get("Idempotency-Key", "")
        if not _NAME.fullmatch(key):
            raise Problem("malformed", "Idempotency-Key is missing or not by the contract")
        body = contract.body(request, "Append")
        try:
            events = tuple(event_from_json(event, loan_id) for event in body["events"])
        except ValueError as fault:
            raise Problem("malformed", str(fault)) from None
        stored = await asyncio.to_thread(_append, book, borrower_id, loan_id, body["version"], events)
        return _json(loan_to_json(stored))

    @app.get("/borrowers/<borrower_id>/quotes/<quote_hash>", unquote=True)
    @guarded
    async def quote(_request: Request, borrower_id: str, quote_hash: str) -> HTTPResponse:
        kept = shelf.get(borrower_id, quote_hash)
        if kept is None:
            raise Problem("quote-not-found")
        return _json(kept)

    @app.put("/borrowers/<borrower_id>/quotes/<quote_hash>", unquote=True)
    @guarded
    async def keep_quote(request: Request, borrower_id: str, quote_hash: str) -> HTTPResponse:
        body = contract.body(request, "Quote")
        await asyncio.to_thread(book.loan, borrower_id, body["loan_id"])
        shelf.put(borrower_id, quote_hash, body)
        return HTTPResponse(status=204)

    @app.exception(MethodNotSupported)
    async def method(_request: Request, fault: MethodNotSupported) -> HTTPResponse:
        return Problem("method-not-allowed").answer(dict(fault.headers))

    @app.exception(NotFound)
    async def nothing(_request: Request, _fault: NotFound) -> HTTPResponse:
        return Problem("not-found").answer()

    @app.exception(SanicException)
    async def unusable(_request: Request, _fault: SanicException) -> HTTPResponse:
        return Problem("malformed").answer()

    return app


def _guarded(token: str) -> Callable[[Handler], Handler]:
    """Checks the token and the names in the address, and answers problems by the contract."""

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request, **names: str) -> HTTPResponse:
            try:
                kind, _, given = request.headers.get("Authorization", "").partition(" ")
                if kind.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
                    raise Problem("unauthorized")
                if not all(_NAME.fullmatch(name) for name in names.values()):
                    raise Problem("borrower-not-found")
                return await handler(request, **names)
            except Problem as problem:
                challenge = {"WWW-Authenticate": "Bearer"} if problem.kind == "unauthorized" else None
                return problem.answer(challenge)
            except LoanNotFound:
                return Problem("loan-not-found").answer()
            except LoanChanged:
                return Problem("loan-changed").answer()
            except BookUnavailable:
                return Problem("unavailable").answer({"Retry-After": "1"})

        return guarded

    return guard


class _Contract:
    """Checks bodies against the schemas of the document."""

    def __init__(self) -> None:
        self._document = yaml.safe_load(CONTRACT.read_text("utf-8"))
        formats = FormatChecker(formats=())
        formats.checks("date-time", raises=ValueError)(_is_moment)
        self._validator = Draft4Validator({}, RefResolver.from_schema(self._document), formats)

    def body(self, request: Request, schema: str) -> dict[str, Any]:
        if request.content_type.partition(";")[0].strip() != "application/json":
            raise Problem("malformed", "the body must be application/json")
        try:
            body = json.loads(request.body, parse_constant=_no_number)
            json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text
            self._validator.evolve(schema=self._document["components"]["schemas"][schema]).validate(body)
        except ValidationError as fault:
            where = "/".join(str(part) for part in fault.absolute_path) or "body"
            raise Problem("malformed", f"{where}: {fault.validator}") from None
        except (ValueError, RecursionError):
            raise Problem("malformed", "the body is not JSON") from None
        return body


def _page_asked(request: Request) -> tuple[str, int]:
    """After whom, and how many. The cursor is the last id of the page before; to its reader it is just a word."""
    asked = request.get_args(keep_blank_values=True)
    cursor, limit = asked.getlist("cursor", []), asked.getlist("limit", ["100"])
    if len(cursor) > 1 or not all(map(_NAME.fullmatch, cursor)):
        raise Problem("malformed", "cursor: not one of ours")
    if len(limit) > 1 or not re.fullmatch("[0-9]{1,3}", limit[0]) or not 1 <= int(limit[0]) <= MOST_IN_A_PAGE:
        raise Problem("malformed", f"limit: expected a number from 1 to {MOST_IN_A_PAGE}")
    return (cursor[0] if cursor else ""), int(limit[0])


async def _borrower(book: LoanBook, borrower_id: str) -> Any:
    found = await asyncio.to_thread(book.borrower, borrower_id)
    if found is None:
        raise Problem("borrower-not-found")
    return found


def _append(book: LoanBook, borrower_id: str, loan_id: str, version: int, events: tuple[Any, ...]) -> Any:
    return book.append(replace(book.loan(borrower_id, loan_id), version=version), events)


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(moment_from_json(value))


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _json(
    data: object, status: int = 200, headers: dict[str, str] | None = None, kind: str = "application/json"
) -> HTTPResponse:
    return HTTPResponse(json.dumps(data, ensure_ascii=False), status, headers, content_type=kind)


def main() -> int:
    # composes by itself: it stands for another system, so nothing else of Kuanxin starts with it
    from kuanxin.store.engine import make_engine, migrate
    from kuanxin.store.portfolio import lot_after
    from kuanxin.store.sql_book import SqlLoanBook

    parser = argparse.ArgumentParser(prog="python -m kuanxin.gateways.reference_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5090)
    chosen = parser.parse_args()
    token = os.environ.get(TOKEN, "")
    if len(token) < 16:
        print(f"Set {TOKEN} to a secret of at least 16 characters, here and where Kuanxin runs.", file=sys.stderr)
        return 2
    engine = make_engine()
    migrate(engine)
    make_app(SqlLoanBook(engine), partial(lot_after, engine), token).run(
        chosen.host, chosen.port, access_log=False, motd=False
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

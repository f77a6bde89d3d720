"""ChartMogul's API over an account: customers, subscriptions, plans, invoices, data sources.

Paths, filters and keys are those of dev.chartmogul.com's reference; bodies of pages and errors are those that
ChartMogul's own clients have on record (chartmogul-ruby, spec/fixtures), or free-form where none has.
"""

import base64
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mogulsync.sandbox import pagination
from mogulsync.sandbox.account import SandboxAccount
from mogulsync.sandbox.answers import JsonAnswer

_MOST_PER_PAGE: Final = 200
"""Also the default (dev.chartmogul.com, pagination)."""

_MESSAGES: Final = {
    400: "The request is not valid.",
    401: "No valid API key provided",
    402: "Your parameters were valid but the request failed.",
    403: "Your trial has expired.",
    404: "Not found",
    405: "Method not allowed",
    429: "Your request rate has exceeded our rate limit.",
    503: "Too many parallel connections.",
}

_CUSTOMER_FILTERS: Final = ("external_id", "data_source_uuid", "status", "system")

_Entries = Iterator[tuple[list[int], Any]]
"""Entries, each with the place after it."""


def error(status: int, message: str | None = None, *, param: str | None = None) -> Response:
    """Return an error body in the form that is on record for 401 and 404: code, message and parameter."""
    text = message or _MESSAGES.get(status, "Something went wrong on our end.")
    return JsonAnswer({"code": status, "message": text, "param": param}, status_code=status)


def _not_found(what: str) -> Response:
    """Return the other form of a 404 that is on record."""
    return JsonAnswer({"error": f"{what} not found"}, status_code=404)


class _ParameterRefusedError(Exception):
    """A parameter of a request that cannot be taken."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


class _PageRequest(NamedTuple):
    """The page of a list that a request asks for."""

    size: int
    start: list[int]
    """The place that its cursor names; zeros without one."""
    number: int | None
    """The page number that it names: deprecated, and ignored beside a cursor."""
    is_first: bool
    """Whether it names neither a cursor nor a page number."""


class ChartMogulApi:
    """Answers ChartMogul's requests from an account; `app` is the ASGI application."""

    def __init__(self, account: SandboxAccount) -> None:
        self._account = account
        router = Router(
            [
                Route("/ping", self._ping),
                Route("/account", self._about),
                Route("/customers", self._customers),
                Route("/customers/search", self._search),
                Route("/customers/{uuid}", self._customer),
                Route("/customers/{uuid}/subscriptions", self._subscriptions),
                Route("/import/customers/{uuid}/invoices", self._customer_invoices),
                Route("/plans", self._plans),
                Route("/plans/{uuid}", self._plan),
                Route("/invoices", self._invoices),
                Route("/invoices/{uuid}", self._invoice),
                Route("/data_sources", self._data_sources),
                Route("/data_sources/{uuid}", self._data_source),
            ],
            redirect_slashes=False,
        )
        self.app: ASGIApp = Starlette(
            routes=[Mount("/", app=_ApiKeyMiddleware(router, account))],
            exception_handlers={HTTPException: _http_error, _ParameterRefusedError: _refused},
        )

    async def _ping(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint gets the request
        return JsonAnswer({"data": "pong!"})

    async def _about(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint gets the request
        return JsonAnswer(
            {
                "id": self._account.account_uuid,
                "name": self._account.name,
                "currency": self._account.currency,
                "time_zone": "Europe/Berlin",
                "week_start_on": "monday",
            }
        )

    async def _customers(self, request: Request) -> Response:
        asked, query = _page_request(request, 1), request.query_params
        filters = {name: query[name] for name in _CUSTOMER_FILTERS if name in query}
        if filters:
            return _page("entries", asked, lambda start: self._selected_customers(filters, start[0]))
        first = asked.start[0] if asked.number is None else self._account.customer_index_at(_skipped(asked))
        found = (([index + 1], customer) for index, customer in self._account.customers(first))
        return _full_page("entries", asked, found, total=self._account.customer_count)

    def _selected_customers(self, filters: dict[str, str], start: int) -> _Entries:
        """Yield the customers that the filters leave, each with the place after it."""
        for index, customer in self._candidates(filters.get("external_id"), start):
            held = {
                "external_id": customer["external_ids"],
                "data_source_uuid": customer["data_source_uuids"],
                "status": (str(customer["status"]).replace(" ", "_"), customer["status"]),
                "system": (customer["billing-system-type"],),
            }
            if all(value in held[name] for name, value in filters.items()):
                yield [index + 1], customer

    def _candidates(self, external_id: str | None, start: int) -> Iterator[tuple[int, dict[str, Any]]]:
        if external_id is None:
            yield from self._account.customers(start)
            return
        for index in self._account.candidate_customers(external_id):
            customer = self._account.customer_at(index)
            if index >= start and customer is not None:
                yield index, customer

    async def _search(self, request: Request) -> Response:
        email = request.query_params.get("email")
        if not email:
            raise _ParameterRefusedError("email", "The parameter email is missing.")
        asked = _page_request(request, 1)

        def found(start: list[int]) -> _Entries:
            for index in self._account.candidate_customers(email):
                customer = self._account.customer_at(index)
                if index >= start[0] and customer is not None and customer["email"] == email:
                    yield [index + 1], customer

        if next(found([0]), None) is None:
            return error(404, f'Can\'t find any customers with email: "{email}"', param="email")
        return _page("entries", asked, found)

    async def _customer(self, request: Request) -> Response:
        customer = self._account.customer(request.path_params["uuid"])
        return _not_found("Customer") if customer is None else JsonAnswer(customer)

    async def _subscriptions(self, request: Request) -> Response:
        try:
            found = self._account.subscriptions(request.path_params["uuid"])
        except KeyError:
            return _not_found("Customer")
        return _listed(request, "entries", found)

    async def _plans(self, request: Request) -> Response:
        return _listed(request, "plans", [plan for plan in self._account.plans() if _has_values(request, plan)])

    async def _plan(self, request: Request) -> Response:
        return _one("Plan", request, self._account.plans())

    async def _data_sources(self, request: Request) -> Response:
        query = request.query_params
        return JsonAnswer(
            {
                "data_sources": [
                    source
                    for source in self._account.data_sources()
                    if all(query.get(name) in (None, source[name]) for name in ("name", "system"))
                ]
            }
        )

    async def _data_source(self, request: Request) -> Response:
        return _one("Data source", request, self._account.data_sources())

    async def _invoices(self, request: Request) -> Response:
        asked = _page_request(request, 2)
        uuid = request.query_params.get("customer_uuid")
        return _page("invoices", asked, lambda start: self._selected_invoices(request, uuid, start))

    async def _customer_invoices(self, request: Request) -> Response:
        uuid = request.path_params["uuid"]
        if self._account.customer(uuid) is None:
            return _not_found("Customer")
        asked = _page_request(request, 2)
        return _page(
            "invoices",
            asked,
            lambda start: self._selected_invoices(request, uuid, start),
            customer_uuid=uuid,
        )

    async def _invoice(self, request: Request) -> Response:
        uuid = request.path_params["uuid"]
        index = self._account.invoice_customer_index(uuid)
        held = [] if index is None else self._account.invoices_at(index)
        return _one("Invoice", request, held)

    def _selected_invoices(self, request: Request, uuid: str | None, start: list[int]) -> _Entries:
        first, skipped = start
        with_disabled = request.query_params.get("with_disabled") == "true"
        for index, customer in self._invoiced(uuid, first):
            for at, invoice in enumerate(self._account.invoices_at(index)):
                if index == first and at < skipped:
                    continue
                if _has_values(request, invoice) and (with_disabled or not invoice.get("disabled")):
                    yield [index, at + 1], {**invoice, "customer_uuid": customer["uuid"]}

    def _invoiced(self, uuid: str | None, first: int) -> Iterator[tuple[int, dict[str, Any]]]:
        if uuid is None:
            yield from self._account.customers(first)
            return
        index = self._account.customer_index(uuid)
        customer = None if index is None else self._account.customer_at(index)
        if index is not None and customer is not None:
            yield index, customer


class _ApiKeyMiddleware:
    """Lets requests with the account's API key through, and answers 401 to others."""

    def __init__(self, app: ASGIApp, account: SandboxAccount) -> None:
        self._app = app
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _user_name(Request(scope))
        app = self._app if key is not None and key == self._account.api_key else error(401)
        await app(scope, receive, send)


async def _http_error(request: Request, problem: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    return error(problem.status_code if isinstance(problem, HTTPException) else 500)


async def _refused(request: Request, problem: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    return error(400, str(problem), param=problem.param if isinstance(problem, _ParameterRefusedError) else None)


def _user_name(request: Request) -> str | None:
    """Return the user name of HTTP Basic authentication, which is where ChartMogul wants the key."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded).decode().partition(":")[0]
    except ValueError:  # binascii.Error and UnicodeDecodeError are ones, and what is not ASCII raises it
        return None


def _has_values(request: Request, record: dict[str, Any]) -> bool:
    """Return whether a plan or an invoice has the data source and external id that the request names, if any."""
    query = request.query_params
    return all(query.get(name) in (None, record.get(name)) for name in ("data_source_uuid", "external_id"))


def _one(what: str, request: Request, records: list[dict[str, Any]]) -> Response:
    uuid = request.path_params["uuid"]
    found = next((record for record in records if record.get("uuid") == uuid), None)
    return _not_found(what) if found is None else JsonAnswer(found)


def _page_request(request: Request, length: int) -> _PageRequest:
    """Return the page that a request asks for.

    Raises:
        _ParameterRefusedError: The cursor, the page number or the size is none. That these are refused is our choice;
            what the real API answers is not documented. A size above 200 counts as 200, as it documents.
    """
    query = request.query_params
    text = query.get("cursor") or ""
    start = pagination.index_place(text, length) if text else [0] * length
    if start is None:
        raise _ParameterRefusedError("cursor", "The cursor is not valid.")
    number = pagination.page_number(query, default=0)
    if number is None:
        raise _ParameterRefusedError("page", "page must be a whole number from 1 on.")
    size = pagination.whole_number(query.get("per_page"), _MOST_PER_PAGE)
    if size is None or size < 1:
        raise _ParameterRefusedError("per_page", "per_page must be a whole number from 1 to 200.")
    named = number if number and not text else None
    return _PageRequest(min(size, _MOST_PER_PAGE), start, named, is_first=not text and named is None)


def _skipped(asked: _PageRequest) -> int:
    """Return how many entries come before the page that is asked for by its number."""
    return 0 if asked.number is None else (asked.number - 1) * asked.size


def _listed(request: Request, root: str, records: list[Any]) -> Response:
    """Return the asked-for page of a list that is at hand."""
    asked = _page_request(request, 1)
    start = asked.start[0] if asked.number is None else _skipped(asked)
    found = (([start + at + 1], each) for at, each in enumerate(records[start:]))
    return _full_page(root, asked, found, total=len(records))


def _page(root: str, asked: _PageRequest, found: Callable[[list[int]], _Entries], **more: Any) -> Response:
    """Return the asked-for page of a list that has to be gone through; its pages are counted only for a page number."""
    total = sum(1 for _ in found(asked.start)) if asked.number is not None else None
    return _full_page(root, asked, islice(found(asked.start), _skipped(asked), None), total=total, **more)


def _full_page(root: str, asked: _PageRequest, found: _Entries, *, total: int | None, **more: Any) -> Response:
    """Return a page of what was found, with the keys that are on record: the page's number only without a cursor."""
    entries: list[Any] = []
    after: list[int] = []
    has_more = False
    for after_this, entry in found:
        if len(entries) == asked.size:
            has_more = True
            break
        entries.append(entry)
        after = after_this
    body: dict[str, Any] = {
        **more,
        root: entries,
        "cursor": pagination.cursor(*after) if after else None,
        "has_more": has_more,
    }
    if asked.is_first or asked.number is not None:
        number = asked.number or 1
        body |= {"current_page": number, "total_pages": None if total is None else max(1, -(-total // asked.size))}
        if root == "entries":
            body |= {"page": number, "per_page": asked.size}
    return JsonAnswer(body)

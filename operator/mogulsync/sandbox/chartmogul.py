"""ChartMogul's side: customers, subscriptions, plans, invoices.

Paths, filters and keys are those of dev.chartmogul.com's reference; its error bodies are free-form there.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mogulsync.sandbox import pagination
from mogulsync.sandbox.account import SandboxAccount
from mogulsync.sandbox.routing import Routes

_MOST_PER_PAGE: Final = 200
"""Also the default (dev.chartmogul.com, pagination)."""

_MESSAGES: Final = {
    401: "Unauthorized. No valid API key given.",
    402: "Your parameters were valid but the request failed.",
    403: "Your trial has expired.",
    404: "Not found",
    405: "Method not allowed",
    429: "Your request rate has exceeded our rate limit.",
    503: "Too many parallel connections.",
}


def error(status: int, message: str | None = None) -> Response:
    """Return an error as ChartMogul words it."""
    text = message or _MESSAGES.get(status, "Something went wrong on our end.")
    return JSONResponse({"code": status, "message": text, "error": text}, status_code=status)


class ChartMogulApi:
    """Answers ChartMogul's requests out of an account."""

    def __init__(self, account: SandboxAccount) -> None:
        self._account = account
        self._routes = Routes(
            ("GET", "/ping", self._ping),
            ("GET", "/account", self._about),
            ("GET", "/customers", self._customers),
            ("GET", "/customers/(?P<uuid>[^/]+)", self._customer),
            ("GET", "/customers/(?P<uuid>[^/]+)/subscriptions", self._subscriptions),
            ("GET", "/plans", self._plans),
            ("GET", "/invoices", self._invoices),
        )

    async def answer(self, request: Request, path: str) -> Response:
        """Return the answer to a request whose path below the base URL is `path`."""
        key = _user_name(request)
        if key is None or key != self._account.api_key:
            return error(401)
        handler = self._routes.find(request.method, path)
        return error(handler) if isinstance(handler, int) else await handler(request)

    async def _ping(self, request: Request) -> Response:  # noqa: ARG002 - every handler gets the request
        return JSONResponse({"data": "pong!"})

    async def _about(self, request: Request) -> Response:  # noqa: ARG002 - every handler gets the request
        return JSONResponse(
            {
                "id": self._account.account_uuid,
                "name": self._account.name,
                "currency": "USD",
                "time_zone": "Europe/Berlin",
                "week_start_on": "monday",
            }
        )

    async def _customers(self, request: Request) -> Response:
        query = request.query_params
        found = self._selected_customers(
            query.get("external_id"),
            _start(request, 1),
            source=query.get("data_source_uuid"),
            status=query.get("status"),
        )
        return _page(request, "entries", found)

    def _selected_customers(
        self, external_id: str | None, start: list[Any], *, source: str | None, status: str | None
    ) -> Iterator[tuple[list[Any], dict[str, Any]]]:
        """Yield the customers that the filters leave, each with the place after it."""
        for index, customer in self._candidates(external_id, start[0]):
            if (
                (external_id is None or external_id in customer["external_ids"])
                and (source is None or source in customer["data_source_uuids"])
                and (status is None or str(customer["status"]).replace(" ", "_").lower() == status.lower())
            ):
                yield [index + 1], customer

    def _candidates(self, external_id: str | None, start: int) -> Iterator[tuple[int, dict[str, Any]]]:
        if external_id is None:
            yield from self._account.customers(start)
            return
        for index in self._account.customers_that_may_have(external_id):
            customer = self._account.customer_at(index)
            if index >= start and customer is not None:
                yield index, customer

    async def _customer(self, request: Request, uuid: str) -> Response:  # noqa: ARG002 - every handler gets it
        customer = self._account.customer(uuid)
        return error(404, "Customer not found") if customer is None else JSONResponse(customer)

    async def _subscriptions(self, request: Request, uuid: str) -> Response:
        try:
            found = self._account.subscriptions(uuid)
        except KeyError:
            return error(404, "Customer not found")
        start = _start(request, 1)[0]
        return _page(request, "entries", (([start + at + 1], each) for at, each in enumerate(found[start:])))

    async def _plans(self, request: Request) -> Response:
        query = request.query_params
        start = _start(request, 1)[0]
        found = [
            plan
            for plan in self._account.plans()
            if query.get("data_source_uuid") in (None, plan["data_source_uuid"])
            and query.get("external_id") in (None, plan["external_id"])
        ]
        return _page(request, "plans", (([start + at + 1], each) for at, each in enumerate(found[start:])))

    async def _invoices(self, request: Request) -> Response:
        return _page(request, "invoices", self._selected_invoices(request))

    def _selected_invoices(self, request: Request) -> Iterator[tuple[list[Any], dict[str, Any]]]:
        query = request.query_params
        first, skipped = _start(request, 2)
        for index, customer in self._invoiced(query.get("customer_uuid"), first):
            for at, invoice in enumerate(self._account.invoices_at(index)):
                if index == first and at < skipped:
                    continue
                if (
                    query.get("data_source_uuid") in (None, invoice.get("data_source_uuid"))
                    and query.get("external_id") in (None, invoice.get("external_id"))
                    and (not invoice.get("disabled") or query.get("with_disabled") == "true")
                ):
                    yield [index, at + 1], {**invoice, "customer_uuid": customer["uuid"]}

    def _invoiced(self, uuid: str | None, first: int) -> Iterator[tuple[int, dict[str, Any]]]:
        if uuid is None:
            yield from self._account.customers(first)
            return
        index = self._account.customer_index(uuid)
        customer = None if index is None else self._account.customer_at(index)
        if index is not None and customer is not None:
            yield index, customer


def _user_name(request: Request) -> str | None:
    """Return the user name of HTTP Basic authentication, which is where ChartMogul wants the key."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _start(request: Request, length: int) -> list[Any]:
    """Return the place that the request's cursor names: the beginning without one, or with a broken one."""
    found = pagination.place(request.query_params.get("cursor") or "", length)
    return found if found is not None else [0] * length


def _page(request: Request, root: str, found: Iterator[tuple[list[Any], Any]]) -> Response:
    """Return a page of what was found; each comes with the place after it."""
    size = pagination.page_size(request.query_params, default=_MOST_PER_PAGE, most=_MOST_PER_PAGE) or _MOST_PER_PAGE
    entries: list[Any] = []
    after: list[Any] = []
    for after_this, entry in found:
        if len(entries) == size:
            return JSONResponse({root: entries, "cursor": pagination.cursor(*after), "has_more": True})
        entries.append(entry)
        after = after_this
    return JSONResponse({root: entries, "cursor": pagination.cursor(*after) if after else None, "has_more": False})

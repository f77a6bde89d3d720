"""A client of ChartMogul: the lists that a sync reads, page by page."""

import base64
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

from mogulsync.chartmogul import parsing
from mogulsync.chartmogul.models import Customer, Invoice, Plan, SelectedDetails, Subscription
from mogulsync.chartmogul.paging import PAGE_SIZE, DuplicateFilter, EntryPage, EntryPageReader
from mogulsync.chartmogul.rate_limit import ChartMogulRateLimit
from mogulsync.transport.client import JsonClient
from mogulsync.transport.rate_limiter import RateLimiter
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats

_T = TypeVar("_T")

_REFUSED: Final = frozenset({401, 402, 403})
"""402: the account's trial or subscription has ended (dev.chartmogul.com/docs/response-codes)."""

_logger = logging.getLogger("mogulsync.chartmogul")


class ChartMogulClient:
    """A client of ChartMogul. Use it as an asynchronous context manager.

    Every method may raise the errors of `mogulsync.transport.errors`. All calls of one instance share the
    limits: 40 requests in any second and 20 connections.
    """

    def __init__(self, *, url: str, api_key: str, stats: RequestStats, settings: RequestSettings | None = None) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: The API's base, for example `https://api.chartmogul.com/v1`.
            api_key: The user name of HTTP Basic; the password is empty.
            stats: Where requests are counted.
            settings: Time-outs and retries.
        """
        self._stats = stats
        self._http = JsonClient(
            api="ChartMogul",
            url=url,
            headers={"Authorization": "Basic " + base64.b64encode(f"{api_key.strip()}:".encode()).decode()},
            rate_limiter=RateLimiter(ChartMogulRateLimit()),
            stats=stats,
            settings=settings or RequestSettings(),
            refused=_REFUSED,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def ping(self) -> None:
        """Check that the API key works; raise CredentialsRejectedError when it is refused."""
        await self._http.request("GET", "/ping", what="ping", read=lambda _: None)

    async def customers(self, *, selected: SelectedDetails | None = None) -> AsyncIterator[list[Customer]]:
        """Yield the customers, page by page, each one once, also where pages overlap.

        Those whose email or external ids cannot be read are among them, and counted as unreadable.

        Args:
            selected: The details to read of each; None: none.
        """
        parse = partial(parsing.customer, selected=selected or SelectedDetails())
        seen: set[str] = set()
        async for page in self._pages("/customers", "entries", what="list customers"):
            records = self._records(page.entries, parse, what="customers")
            self._stats.unreadable_customers += len(page.entries) - len(records)
            self._count_unreadable_keys(page.entries)
            customers = []
            for customer in records:
                if customer.uuid not in seen:
                    seen.add(customer.uuid)
                    customers.append(customer)
            yield customers

    async def plans(self) -> AsyncIterator[list[Plan]]:
        """Yield the account's plans, page by page."""
        duplicates = DuplicateFilter()
        async for page in self._pages("/plans", "plans", what="list plans"):
            yield self._records(duplicates.new(page.entries), parsing.plan, what="plans")

    async def subscriptions(self, customer_uuid: str) -> list[Subscription] | None:
        """Return a customer's subscriptions; None where one of them cannot be read, which is counted.

        Raises:
            GoneError: The customer is not there any more.
        """
        path = f"/customers/{quote(customer_uuid, safe='')}/subscriptions"
        duplicates = DuplicateFilter()
        read = [
            parsing.subscription(entry)
            async for page in self._pages(path, "entries", "subscriptions", what="list subscriptions")
            for entry in duplicates.new(page.entries)
        ]
        readable = [subscription for subscription in read if subscription is not None]
        unreadable = len(read) - len(readable)
        if not unreadable:
            return readable
        self._stats.unreadable += unreadable
        _logger.warning("ChartMogul: %d subscriptions of %s cannot be read", unreadable, customer_uuid)
        return None

    async def invoices(self) -> AsyncIterator[list[Invoice]]:
        """Yield the account's invoices, page by page."""
        duplicates = DuplicateFilter()
        async for page in self._pages("/invoices", "invoices", what="list invoices"):
            yield self._records(duplicates.new(page.entries), parsing.invoice, what="invoices")

    def _count_unreadable_keys(self, entries: list[dict[str, Any]]) -> None:
        """Count the customers that are not left out, since they have an id, but have a key that cannot be read."""
        spoilt = filter(parsing.has_unreadable_key, entries)
        odd = [customer.uuid for each in spoilt if (customer := parsing.customer(each)) is not None]
        if odd:
            self._stats.unreadable += len(odd)
            self._stats.unreadable_customers += len(odd)
            _logger.warning("ChartMogul: the email or an external id of %s is of another type", ", ".join(odd))

    async def _pages(self, path: str, *roots: str, what: str) -> AsyncIterator[EntryPage]:
        reader = EntryPageReader(*roots)
        params = {"per_page": str(PAGE_SIZE)}
        while True:
            page = await self._http.request("GET", path, what=what, read=reader.read, params=params)
            yield page
            if page.cursor is None:
                return
            params = {"per_page": str(PAGE_SIZE), "cursor": page.cursor}

    def _records(
        self, entries: list[dict[str, Any]], parse: Callable[[dict[str, Any]], _T | None], *, what: str
    ) -> list[_T]:
        """Parse entries; those without an id, which nothing could refer to, are left out and counted."""
        records = [record for entry in entries if (record := parse(entry)) is not None]
        lost = len(entries) - len(records)
        if lost:
            self._stats.unreadable += lost
            _logger.warning("ChartMogul: %d %s without an id left out", lost, what)
        return records

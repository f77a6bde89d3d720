"""A client of Intercom: the workspace, its contact attributes, and contacts read and updated."""

import logging
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from mogulsync.intercom import parsing
from mogulsync.intercom.models import Contact, DataAttribute, Workspace
from mogulsync.intercom.paging import PAGE_SIZE, ContactPage, ContactPageReader
from mogulsync.intercom.rate_limit import IntercomRateLimit
from mogulsync.intercom.search import SearchBatchSize, merge
from mogulsync.transport.client import JsonClient, JsonResponse, MalformedResponseError
from mogulsync.transport.errors import RejectedError
from mogulsync.transport.rate_limiter import RateLimiter
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats

_VERSION: Final = "2.16"
"""Of Intercom's API. From here on a merged contact is answered 410 rather than 404; both mean gone."""

UNKNOWN_ATTRIBUTE: Final = frozenset({400, 404, 422})
"""Statuses by which Intercom may refuse a write that holds an attribute which it does not know yet."""

_SIZE_REFUSED: Final = frozenset({400, 413, 422})
_BUILT_IN: Final = frozenset({"email", "external_id"})

_logger = logging.getLogger("mogulsync.intercom")


class IntercomClient:
    """A client of Intercom. Use it as an asynchronous context manager.

    Every method may raise the errors of `mogulsync.transport.errors`. All calls of one instance share the
    run's request budget; calls may be made at the same time, and `concurrency` says how many use the allowed rate.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str,
        rate_limit_percent: int,
        stats: RequestStats,
        settings: RequestSettings | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: The API's base, for example `https://api.eu.intercom.io`.
            token: The access token.
            rate_limit_percent: The share of the workspace's request budget that may be used, 1 to 100.
            stats: Where requests are counted.
            settings: Time-outs and retries.
        """
        self._stats = stats
        self._rate_limit = IntercomRateLimit(rate_limit_percent=rate_limit_percent)
        self._batch_size = SearchBatchSize()
        self._http = JsonClient(
            api="Intercom",
            url=url,
            headers={"Authorization": f"Bearer {token.strip()}", "Intercom-Version": _VERSION},
            rate_limiter=RateLimiter(self._rate_limit),
            stats=stats,
            settings=settings or RequestSettings(),
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    @property
    def concurrency(self) -> int:
        """Calls to make at the same time so that the allowed rate is used; it follows the latency."""
        return self._rate_limit.concurrency

    @property
    def batch_size(self) -> int:
        """Keys that one search asks for at present."""
        return self._batch_size.size

    async def me(self) -> Workspace:
        """Return the workspace that the token belongs to."""
        return await self._http.request(
            "GET", "/me", what="read the workspace", read=lambda body: parsing.workspace(body.data)
        )

    async def attributes(self, *, expected: str | None = None) -> list[DataAttribute]:
        """Return the contact attributes, archived ones included.

        Args:
            expected: An attribute that was made a moment ago. A list without it is asked for again, like an answer that
                got lost: UnavailableError when it never comes.
        """

        def read(body: JsonResponse) -> list[DataAttribute]:
            listed = parsing.attributes(body.data)
            if expected is not None and all(each.name != expected for each in listed):
                raise MalformedResponseError("it lacks an attribute that was just made")
            return listed

        return await self._http.request(
            "GET",
            "/data_attributes",
            what="list attributes",
            read=read,
            params={"model": "contact", "include_archived": "true"},
        )

    async def create_attribute(self, *, name: str, data_type: str, description: str) -> None:
        """Create a custom contact attribute.

        Raises:
            RejectedError: Intercom refused it, `detail` says why in its words. So it does when an earlier attempt's
                answer got lost, or another run was faster: list the attributes again before taking it for a failure.
        """
        await self._http.request(
            "POST",
            "/data_attributes",
            what="create an attribute",
            read=lambda body: parsing.created(body.data),
            body={"name": name, "model": "contact", "data_type": data_type, "description": description},
        )

    async def scan(self, *, keep: frozenset[str]) -> AsyncGenerator[ContactPage]:
        """Yield all contacts, page by page. Where pages overlap, so do these.

        Args:
            keep: The custom attributes to keep.

        Raises:
            UnavailableError: Also where the list ends before all contacts were read (see `ContactPageReader`).
        """
        reader = ContactPageReader(keep, scan=True)
        params = {"per_page": str(PAGE_SIZE)}
        while True:
            page, cursor = await self._http.request(
                "GET", "/contacts", what="list contacts", read=reader.read, params=params, shape=parsing.CONTACTS
            )
            yield self._counted(page, reader)
            if cursor is None:
                return
            params = {"per_page": str(PAGE_SIZE), "starting_after": cursor}

    async def search(
        self, *, field: str, keys: Sequence[str | int], keep: frozenset[str]
    ) -> AsyncGenerator[ContactPage]:
        """Yield the contacts whose `field` is any of `keys`, as Intercom's search finds them, in any order.

        Several keys are asked for at once, fewer when Intercom refuses as many (see `batch_size`); once it has taken
        one such search, as many are under way as make sense (see `concurrency`). A contact may come more than once
        when keys differ only in case.

        Args:
            field: `email`, `external_id` or the name of a custom attribute.
            keys: The values to look for, of the JSON type that the attribute has.
            keep: The custom attributes to keep.

        Raises:
            RejectedError: Intercom refuses to search for a single key.
        """
        name = field if field in _BUILT_IN else f"custom_attributes.{field}"
        left = deque(keys)

        def next_search() -> AsyncGenerator[ContactPage] | None:
            return self._search(name, self._batch_size.take(left), left, keep) if left else None

        merged = merge(next_search, max_open=lambda: self.concurrency if self._batch_size.was_taken else 1)
        async with aclosing(merged) as pages:
            async for page in pages:
                yield page

    async def update(
        self,
        contact_id: str,
        attributes: Mapping[str, Any],
        *,
        keep: frozenset[str],
        retried_statuses: frozenset[int] = frozenset(),
    ) -> Contact:
        """Write custom attributes of a contact and return it as Intercom then has it.

        Args:
            contact_id: Intercom's id.
            attributes: The values by name; None clears one. All others stay as they are.
            keep: The custom attributes to keep in the result.
            retried_statuses: Refusals to retry like a broken connection (`UNKNOWN_ATTRIBUTE`, where an attribute was
                made a moment ago).

        Raises:
            GoneError: The contact is not there any more: deleted, or merged into another.
            RejectedError: Intercom refused a value.
        """

        def read(body: JsonResponse) -> Contact:
            contact = parsing.contact(body.data, keep, request_id=body.request_id)
            if contact is None:
                raise MalformedResponseError("it is not a contact")
            return contact

        return await self._http.request(
            "PUT",
            f"/contacts/{quote(contact_id, safe='')}",
            what="update a contact",
            read=read,
            body={"custom_attributes": dict(attributes)},
            shape=parsing.CONTACT,
            retried_statuses=retried_statuses,
        )

    async def _search(
        self, name: str, batch: list[str | int], left: deque[str | int], keep: frozenset[str]
    ) -> AsyncGenerator[ContactPage]:
        """Yield what one search finds; where Intercom refuses as many keys, put them back to what is left."""
        reader = ContactPageReader(keep)
        try:
            page, cursor = await self._search_page(name, batch, reader, cursor=None)
        except RejectedError as error:
            if error.status not in _SIZE_REFUSED or len(batch) == 1:
                raise
            left.extendleft(reversed(batch))
            self._batch_size.refused(len(batch))
            _logger.info("Intercom: a search for %d keys was refused; trying %d", len(batch), self._batch_size.size)
            return
        self._batch_size.taken(len(batch))
        found: set[str] = set()
        unreadable = 0
        while True:
            yield self._counted(page, reader)
            found |= page.ids
            unreadable += reader.unreadable
            if cursor is None:
                break
            page, cursor = await self._search_page(name, batch, reader, cursor=cursor)
        if page.total_count is not None:
            self._count_missing(page.total_count - len(found) - unreadable)
        elif page.lacks_next:
            # How many the missing pages hold is not known.
            self._count_missing(1)

    async def _search_page(
        self, field: str, keys: list[str | int], reader: ContactPageReader, *, cursor: str | None
    ) -> tuple[ContactPage, str | None]:
        # Intercom reads the cursor from the body; in the URL it is ignored and the first page comes again.
        pagination = {"per_page": PAGE_SIZE} | ({"starting_after": cursor} if cursor else {})
        return await self._http.request(
            "POST",
            "/contacts/search",
            what="search contacts",
            read=reader.read,
            body={"query": {"field": field, "operator": "IN", "value": keys}, "pagination": pagination},
            shape=parsing.CONTACTS,
        )

    def _count_missing(self, missing: int) -> None:
        """Count the contacts that a search's last page still counts, but that no page held."""
        if missing > 0:
            self._stats.missing_from_searches += missing
            _logger.warning("Intercom: the pages of a search lacked %d of its contacts", missing)

    def _counted(self, page: ContactPage, reader: ContactPageReader) -> ContactPage:
        """Count the contacts that a page had to leave out for want of an id."""
        if reader.unreadable:
            self._stats.unreadable += reader.unreadable
            _logger.warning("Intercom: %d contacts without an id left out", reader.unreadable)
        return page

"""Reads Intercom's contacts, page by page, by the plan that needs fewer requests."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import Contact
from mogulsync.intercom.paging import ContactPage
from mogulsync.sync.progress import Counter, Phase, Progress
from mogulsync.sync.readplan import Choice, ReadPlan, Searches, choose
from mogulsync.transport.errors import RejectedError

_log: Final = logging.getLogger(__name__)


class ContactReader:
    """Reads the contacts that customers may match; a contact may come more than once."""

    def __init__(
        self, intercom: IntercomClient, searches: Searches, *, keep: frozenset[str], progress: Progress
    ) -> None:
        self._intercom = intercom
        self._searches = searches
        self._keep = keep
        self._counter: Counter = progress.of(Phase.CONTACTS)

    async def pages(self, read_plan: ReadPlan | None) -> AsyncGenerator[list[Contact]]:
        """Yield pages of contacts, the next ones being read meanwhile; none at all without a plan."""
        if read_plan is None:
            _log.info("no customer has a key, so no contact is read")
            return
        async with aclosing(_read_ahead(self._planned(read_plan))) as pages:
            async for page in pages:
                yield page.contacts
                self._counter.done += len(page)
        self._counter.finished = True

    async def _planned(self, read_plan: ReadPlan) -> AsyncGenerator[ContactPage]:
        choice = None if read_plan == "Auto" else _logged(Choice(read_plan, "the spec asks for it"))
        if choice is None or choice.plan == "Scan":
            async with aclosing(self._scan()) as scan:
                async for page in scan:
                    choice = choice or self._choose(page)
                    yield page
                    if choice.plan == "Search":
                        break
        if choice is not None and choice.plan == "Search":
            async for page in self._search():
                yield page

    def _choose(self, first: ContactPage) -> Choice:
        """Return how to go on after the first page of a scan."""
        choice = _logged(
            choose(
                total_contacts=first.total_count,
                first_page=len(first),
                searches=self._searches,
                batch=self._intercom.batch_size,
            )
        )
        if choice.plan == "Search":
            self._counter.total = None
        return choice

    async def _scan(self) -> AsyncGenerator[ContactPage]:
        async for page in self._intercom.scan(keep=self._keep):
            self._counter.total = page.total_count
            yield page

    async def _search(self) -> AsyncGenerator[ContactPage]:
        """Yield what the searches find; when Intercom refuses one even for a single key, list all contacts instead."""
        try:
            for search in self._searches.fields:
                async for page in self._intercom.search(field=search.field, keys=search.keys, keep=self._keep):
                    yield page
        except RejectedError as error:
            _log.warning("Intercom refuses a search, so all contacts are listed", extra={"error": str(error)})
            async for page in self._scan():
                yield page


def _logged(choice: Choice) -> Choice:
    _log.info("read plan", extra={"plan": choice.plan, "reasoning": choice.reasoning})
    return choice


async def _read_ahead(pages: AsyncGenerator[ContactPage]) -> AsyncGenerator[ContactPage]:
    """Yield the pages; while one is looked at, the next one waits and the one after it is being read."""
    waiting: asyncio.Queue[ContactPage | None] = asyncio.Queue(maxsize=1)

    async def read() -> None:
        try:
            async for page in pages:
                await waiting.put(page)
        except Exception:
            await waiting.put(None)
            raise
        await waiting.put(None)

    reading = asyncio.create_task(read())
    try:
        while (page := await waiting.get()) is not None:
            yield page
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await pages.aclose()

"""Writes contacts, many at once, and reads back what was stored."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final, Protocol

from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import Contact
from mogulsync.resource.reasons import RecordReason
from mogulsync.resource.report import Example
from mogulsync.sync.accounting import Books
from mogulsync.sync.availability import Availability
from mogulsync.sync.differences import Changes, not_stored
from mogulsync.sync.failures import failure_of, record_reason
from mogulsync.sync.progress import Phase, Progress
from mogulsync.transport.errors import (
    ApiError,
    CredentialsRejectedError,
    GoneError,
    RejectedError,
)

_log: Final = logging.getLogger(__name__)
_INVALID: Final = frozenset({400, 422})


class Sink(Protocol):
    """Where changes go."""

    async def put(self, contact_id: str, changes: Changes) -> None:
        """Take the changes of one contact; wait while too many are under way."""
        ...

    async def drain(self) -> None:
        """Wait until everything that was put is done."""
        ...

    async def close(self, grace: float) -> None:
        """Start nothing more; give what is under way so many seconds to end."""
        ...


class DryRun:
    """Counts what would be written."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def put(self, contact_id: str, changes: Changes) -> None:  # noqa: ARG002 - a sink's signature
        """Count the contact as if all of it had been stored."""
        self._books.update(field.source for field in changes)

    async def drain(self) -> None:
        """Nothing is under way."""

    async def close(self, grace: float) -> None:
        """Nothing is under way."""


class Writer:
    """Writes to Intercom. A contact is put once in a run, so the writes of one never overtake each other."""

    def __init__(self, intercom: IntercomClient, books: Books, *, keep: frozenset[str], progress: Progress) -> None:
        self._intercom = intercom
        self._books = books
        self._keep = keep
        self._counter = progress.of(Phase.WRITES)
        self._counter.total = 0
        self._availability = Availability("Intercom")
        self._under_way: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None

    async def put(self, contact_id: str, changes: Changes) -> None:
        """Start writing the contact; wait while as many as make sense are under way.

        Raises:
            RunError: An earlier write showed that the run cannot go on.
        """
        self._counter.total = (self._counter.total or 0) + 1
        while len(self._under_way) >= self._intercom.concurrency and self._failure is None:
            await self._next_end()
        self._raise_failure()
        task = asyncio.create_task(self._write(contact_id, changes))
        self._under_way.add(task)
        task.add_done_callback(self._end)

    async def drain(self) -> None:
        """Wait for all writes.

        Raises:
            RunError: The run cannot go on, or not one write succeeded and some failed.
        """
        while self._under_way and self._failure is None:
            await self._next_end()
        self._raise_failure()
        self._availability.conclude()
        self._counter.finished = True

    async def close(self, grace: float) -> None:
        """Give the writes under way so many seconds, then abandon them."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=grace)
        left = tuple(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _next_end(self) -> None:
        self._ended.clear()
        await self._ended.wait()

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._ended.set()
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self._failure = self._failure or error
        self._counter.done += 1

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _write(self, contact_id: str, changes: Changes) -> None:
        try:
            answer = await self._send(contact_id, changes)
        except CredentialsRejectedError as error:
            raise failure_of(error) from None
        except GoneError as error:
            self._books.vanished += 1
            self._availability.answered()
            _log.warning("contact is gone", extra={"contact": contact_id, "requestId": error.request_id})
        except ApiError as error:
            self._fail(contact_id, record_reason(error), error.request_id, str(error))
            self._availability.failed(error)
        else:
            self._availability.succeeded()
            self._check(contact_id, changes, answer)

    async def _send(self, contact_id: str, changes: Changes) -> Contact:
        """Write the contact; where Intercom refuses null, as it once did for leads, clear with empty text."""
        attributes = {field.attribute: value for field, value in changes.items()}
        try:
            return await self._update(contact_id, attributes)
        except RejectedError as error:
            if error.status not in _INVALID or None not in attributes.values():
                raise
            emptied = {name: "" if value is None else value for name, value in attributes.items()}
            return await self._update(contact_id, emptied)

    async def _update(self, contact_id: str, attributes: Mapping[str, Any]) -> Contact:
        return await self._intercom.update(contact_id, attributes, keep=self._keep)

    def _check(self, contact_id: str, changes: Changes, answer: Contact) -> None:
        lost = not_stored(changes, answer.attributes)
        stored = [field.source for field in changes if field not in lost]
        if not lost:
            self._books.update(stored)
            return
        self._books.fail(RecordReason.NOT_STORED, Example(contact=contact_id, request_id=answer.request_id), stored)
        names = [field.attribute for field in lost]
        _log.warning(
            "values were not stored", extra={"contact": contact_id, "attributes": names, "requestId": answer.request_id}
        )

    def _fail(self, contact_id: str, reason: RecordReason, request_id: str | None, error: str) -> None:
        self._books.fail(reason, Example(contact=contact_id, request_id=request_id))
        _log.warning(
            "contact was not written",
            extra={"contact": contact_id, "reason": reason, "requestId": request_id, "error": error},
        )

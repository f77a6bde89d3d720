"""Writes contacts, many at once, and reads back what was stored."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import Contact
from mogulsync.resource.reasons import RecordReason
from mogulsync.resource.report import Example
from mogulsync.resource.sources import Source
from mogulsync.sync.circuit_breaker import CircuitBreaker
from mogulsync.sync.differences import Changes, not_stored
from mogulsync.sync.failures import failure_of, record_reason
from mogulsync.sync.fields import Field, Value
from mogulsync.sync.progress import Phase, Progress
from mogulsync.sync.statistics import RunStatistics
from mogulsync.transport.errors import CredentialsRejectedError, GoneError, RejectedError, UnavailableError

_log: Final = logging.getLogger(__name__)
_INVALID: Final = frozenset({400, 422})
"""Statuses by which Intercom refuses values."""


class ContactChanges(NamedTuple):
    """A contact and what has to be written to it."""

    contact_id: str
    changes: Changes


class Writer(Protocol):
    """Where changes go: to Intercom, or in a dry run into counts only."""

    async def put(self, change: ContactChanges) -> None:
        """Take the changes of one contact; wait while too many are under way."""
        ...

    async def drain(self) -> None:
        """Wait until everything that was put is done."""
        ...

    async def close(self, grace: float) -> None:
        """Start nothing more; give what is under way so many seconds to end."""
        ...


class DryRunWriter:
    """Counts what would be written."""

    def __init__(self, statistics: RunStatistics) -> None:
        self._statistics = statistics

    async def put(self, change: ContactChanges) -> None:
        """Count the contact as if all of it had been stored."""
        self._statistics.count_updated(field.source for field in change.changes.values)

    async def drain(self) -> None:
        """Return; nothing is under way."""

    async def close(self, grace: float) -> None:
        """Return; nothing is under way."""


class IntercomWriter:
    """Writes to Intercom. A contact is put once in a run, so the writes of one never overtake each other."""

    def __init__(
        self, intercom: IntercomClient, statistics: RunStatistics, *, keep: frozenset[str], progress: Progress
    ) -> None:
        self._intercom = intercom
        self._statistics = statistics
        self._keep = keep
        self._counter = progress.of(Phase.WRITES)
        self._counter.total = 0
        self._breaker = CircuitBreaker("Intercom")
        self._under_way: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None

    async def put(self, change: ContactChanges) -> None:
        """Start writing the contact; wait while as many as make sense are under way.

        Raises:
            RunError: An earlier write showed that the run cannot go on.
        """
        self._counter.total = (self._counter.total or 0) + 1
        while len(self._under_way) >= self._intercom.concurrency and self._failure is None:
            await self._next_end()
        self._raise_failure()
        task = asyncio.create_task(self._write(change.contact_id, change.changes.values))
        self._under_way.add(task)
        task.add_done_callback(self._end)

    async def drain(self) -> None:
        """Wait for all writes.

        Raises:
            RunError: The run cannot go on, or no write was answered and some met an outage.
        """
        while self._under_way and self._failure is None:
            await self._next_end()
        self._raise_failure()
        self._breaker.conclude()
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

    async def _write(self, contact_id: str, values: Mapping[Field, Value | None]) -> None:
        stored: list[Source] = []
        try:
            try:
                answer = await self._send(contact_id, values)
            except RejectedError as error:
                self._breaker.record_answer()
                if error.status in _INVALID and len(values) > 1:
                    await self._write_one_by_one(contact_id, values, stored)
                self._fail(contact_id, error, stored)
            else:
                self._breaker.record_answer()
                self._count(contact_id, values, answer)
        except CredentialsRejectedError as error:
            raise failure_of(error) from None
        except GoneError as error:
            self._breaker.record_answer()
            self._statistics.vanished += 1
            self._statistics.values.update(stored)
            _log.warning("contact is gone", extra={"contact": contact_id, "requestId": error.request_id})
        except UnavailableError as error:
            self._fail(contact_id, error, stored)
            self._breaker.record_outage(error)

    async def _write_one_by_one(
        self, contact_id: str, values: Mapping[Field, Value | None], stored: list[Source]
    ) -> None:
        """Write each value on its own and append the sources of those that Intercom stores.

        LastUpdated comes last, and only when another value was stored.
        """
        for field, value in sorted(values.items(), key=lambda item: item[0].source is Source.LAST_UPDATED):
            if field.source is Source.LAST_UPDATED and not stored:
                return
            try:
                answer = await self._send(contact_id, {field: value})
            except RejectedError as error:
                if error.status not in _INVALID:
                    return
            else:
                if not not_stored({field: value}, answer.attributes):
                    stored.append(field.source)
            self._breaker.record_answer()

    async def _send(self, contact_id: str, values: Mapping[Field, Value | None]) -> Contact:
        """Write the contact; where Intercom refuses null, as it once did for leads, clear with empty text."""
        attributes = {field.attribute: value for field, value in values.items()}
        try:
            return await self._update(contact_id, attributes)
        except RejectedError as error:
            if error.status not in _INVALID or None not in attributes.values():
                raise
            emptied = {name: "" if value is None else value for name, value in attributes.items()}
            return await self._update(contact_id, emptied)

    async def _update(self, contact_id: str, attributes: Mapping[str, Any]) -> Contact:
        return await self._intercom.update(contact_id, attributes, keep=self._keep)

    def _count(self, contact_id: str, values: Mapping[Field, Value | None], answer: Contact) -> None:
        lost = not_stored(values, answer.attributes)
        stored = [field.source for field in values if field not in lost]
        if not lost:
            self._statistics.count_updated(stored)
            return
        example = Example(contact=contact_id, request_id=answer.request_id)
        self._statistics.count_failed(RecordReason.NOT_STORED, example, stored)
        names = [field.attribute for field in lost]
        _log.warning(
            "values were not stored", extra={"contact": contact_id, "attributes": names, "requestId": answer.request_id}
        )

    def _fail(self, contact_id: str, error: RejectedError | UnavailableError, stored: list[Source]) -> None:
        reason = record_reason(error)
        self._statistics.count_failed(reason, Example(contact=contact_id, request_id=error.request_id), stored)
        _log.warning(
            "contact was not written",
            extra={"contact": contact_id, "reason": reason, "requestId": error.request_id, "error": str(error)},
        )

"""Writes contacts, many at once, and reads back what was stored."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from mogulsync.intercom.client import UNKNOWN_ATTRIBUTE, IntercomClient
from mogulsync.intercom.models import Contact
from mogulsync.resource.reasons import RecordReason
from mogulsync.resource.report import Example
from mogulsync.resource.sources import Source
from mogulsync.sync.circuit_breaker import CircuitBreaker
from mogulsync.sync.differences import Changes, not_stored
from mogulsync.sync.failures import failure_of, record_reason
from mogulsync.sync.fields import Field, Value
from mogulsync.sync.progress import Phase, Progress
from mogulsync.sync.settings import FRESH_ATTRIBUTE_SECONDS
from mogulsync.sync.statistics import RunStatistics
from mogulsync.transport.errors import CredentialsRejectedError, GoneError, RejectedError, UnavailableError

_log: Final = logging.getLogger(__name__)
_INVALID: Final = frozenset({400, 422})
"""Statuses by which Intercom refuses values."""


class ContactChanges(NamedTuple):
    """A contact and what has to be written to it."""

    contact_id: str
    changes: Changes


class Tally(Protocol):
    """Counts what becomes of contacts that are written."""

    def written(self, stored: Collection[Source]) -> None:
        """Count a contact of which all was stored, with the sources of the values."""
        ...

    def failed(self, reason: str, example: Example, stored: Collection[Source], detail: str | None) -> None:
        """Count a contact of which not all was stored, with the sources of the values that were."""
        ...

    def vanished(self, stored: Collection[Source]) -> None:
        """Count a contact that is not there any more."""
        ...


class UpdateTally:
    """Counts contacts that customers match."""

    def __init__(self, statistics: RunStatistics) -> None:
        self._statistics = statistics

    def written(self, stored: Collection[Source]) -> None:
        """Count an update."""
        self._statistics.count_updated(stored)

    def failed(self, reason: str, example: Example, stored: Collection[Source], detail: str | None) -> None:
        """Count a failure for its reason."""
        self._statistics.count_failed(reason, example, stored, detail=detail)

    def vanished(self, stored: Collection[Source]) -> None:
        """Count a contact that is gone."""
        self._statistics.count_vanished(stored)


class ClearTally:
    """Counts contacts that no customer matches and that are cleared; their values count nowhere."""

    def __init__(self, statistics: RunStatistics) -> None:
        self._statistics = statistics

    def written(self, stored: Collection[Source]) -> None:  # noqa: ARG002 - a tally's signature
        """Count a cleared contact."""
        self._statistics.cleared += 1

    def failed(
        self,
        reason: str,  # noqa: ARG002 - as above
        example: Example,
        stored: Collection[Source],  # noqa: ARG002 - as above
        detail: str | None,
    ) -> None:
        """Count a contact that could not be cleared, whatever the reason."""
        self._statistics.count_clear_failed(example, detail=detail)

    def vanished(self, stored: Collection[Source]) -> None:
        """Count nothing: a contact that is gone holds no value."""


class Writer(Protocol):
    """Where changes go: to Intercom, or in a dry run into counts only."""

    async def put(self, change: ContactChanges, tally: Tally) -> None:
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

    async def put(self, change: ContactChanges, tally: Tally) -> None:
        """Count the contact as if all of it had been stored."""
        tally.written([field.source for field in change.changes.fields])

    async def drain(self) -> None:
        """Return; nothing is under way."""

    async def close(self, grace: float) -> None:
        """Return; nothing is under way."""


class IntercomWriter:
    """Writes to Intercom. A contact is put once in a run, so the writes of one never overtake each other.

    Args:
        intercom: Where to.
        keep: The attributes to read back.
        made_at: When this run made attributes, by name.
        now: The clock.
        progress: Counts the writes.
    """

    def __init__(
        self,
        intercom: IntercomClient,
        *,
        keep: frozenset[str],
        made_at: Mapping[str, datetime],
        now: Callable[[], datetime],
        progress: Progress,
    ) -> None:
        self._intercom = intercom
        self._keep = keep
        self._made_at = made_at
        self._now = now
        self._counter = progress.of(Phase.WRITES)
        self._counter.total = 0
        self._breaker = CircuitBreaker("Intercom")
        self._under_way: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None

    async def put(self, change: ContactChanges, tally: Tally) -> None:
        """Start writing the contact; wait while as many as make sense are under way.

        Raises:
            RunError: An earlier write showed that the run cannot go on.
        """
        self._counter.total = (self._counter.total or 0) + 1
        while len(self._under_way) >= self._intercom.concurrency and self._failure is None:
            await self._next_end()
        self._raise_failure()
        task = asyncio.create_task(self._write(change.contact_id, change.changes.values, tally))
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

    async def _write(self, contact_id: str, values: Mapping[Field, Value | None], tally: Tally) -> None:
        stored: list[Source] = []
        try:
            retried_statuses = self._retried_statuses(values)
            try:
                answer = await self._send(contact_id, values, retried_statuses=retried_statuses)
            except (RejectedError, GoneError) as error:
                self._breaker.record_answer()
                if len(values) > 1 and error.status in _INVALID | retried_statuses:
                    await self._write_one_by_one(contact_id, values, stored)
                elif isinstance(error, GoneError):
                    raise
                self._fail(contact_id, error, stored, tally)
            else:
                self._breaker.record_answer()
                self._count(contact_id, values, answer, tally)
        except CredentialsRejectedError as error:
            raise failure_of(error) from None
        except GoneError as error:
            self._breaker.record_answer()
            tally.vanished(stored)
            _log.warning("contact is gone", extra={"contact": contact_id, "requestId": error.request_id})
        except UnavailableError as error:
            self._fail(contact_id, error, stored, tally)
            self._breaker.record_outage(error)

    async def _write_one_by_one(
        self, contact_id: str, values: Mapping[Field, Value | None], stored: list[Source]
    ) -> None:
        """Write each value on its own and append the sources of those that Intercom stores.

        LastUpdated comes last, and only when another value was stored. Fresh attributes had their time when all values
        were sent together, so that no refusal is retried here, and none keeps the other values from being sent.

        Raises:
            GoneError: Every value was answered so; where only some are, it is these that are refused.
        """
        gone: GoneError | None = None
        gone_count = sent_count = 0
        for field, value in sorted(values.items(), key=lambda item: item[0].source is Source.LAST_UPDATED):
            if field.source is Source.LAST_UPDATED and not stored:
                break
            sent_count += 1
            try:
                answer = await self._send(contact_id, {field: value})
            except RejectedError:
                pass
            except GoneError as error:
                gone = error
                gone_count += 1
            else:
                if not not_stored({field: value}, answer.attributes):
                    stored.append(field.source)
            self._breaker.record_answer()
        if gone is not None and gone_count == sent_count:
            raise gone

    async def _send(
        self,
        contact_id: str,
        values: Mapping[Field, Value | None],
        *,
        retried_statuses: frozenset[int] = frozenset(),
    ) -> Contact:
        """Write the contact; where Intercom refuses null, as it once did for leads, clear with empty text."""
        attributes = {field.attribute: value for field, value in values.items()}
        try:
            return await self._update(contact_id, attributes, retried_statuses)
        except RejectedError as error:
            if error.status not in _INVALID or None not in attributes.values():
                raise
            emptied = {name: "" if value is None else value for name, value in attributes.items()}
            return await self._update(contact_id, emptied, frozenset())

    async def _update(
        self, contact_id: str, attributes: Mapping[str, Any], retried_statuses: frozenset[int]
    ) -> Contact:
        return await self._intercom.update(contact_id, attributes, keep=self._keep, retried_statuses=retried_statuses)

    def _retried_statuses(self, values: Mapping[Field, Value | None]) -> frozenset[int]:
        """Return the refusals that may pass, since the write holds an attribute that was made a moment ago."""
        if self._made_at and any(self._is_fresh(field.attribute) for field in values):
            return UNKNOWN_ATTRIBUTE
        return frozenset()

    def _is_fresh(self, attribute: str) -> bool:
        made_at = self._made_at.get(attribute)
        return made_at is not None and (self._now() - made_at).total_seconds() < FRESH_ATTRIBUTE_SECONDS

    def _count(self, contact_id: str, values: Mapping[Field, Value | None], answer: Contact, tally: Tally) -> None:
        lost = not_stored(values, answer.attributes)
        stored = [field.source for field in values if field not in lost]
        if not lost:
            tally.written(stored)
            return
        example = Example(contact=contact_id, request_id=answer.request_id)
        tally.failed(RecordReason.NOT_STORED, example, stored, None)
        names = [field.attribute for field in lost]
        _log.warning(
            "values were not stored", extra={"contact": contact_id, "attributes": names, "requestId": answer.request_id}
        )

    def _fail(
        self, contact_id: str, error: RejectedError | GoneError | UnavailableError, stored: list[Source], tally: Tally
    ) -> None:
        reason = record_reason(error)
        detail = error.detail if isinstance(error, RejectedError) else None
        tally.failed(reason, Example(contact=contact_id, request_id=error.request_id), stored, detail)
        _log.warning(
            "contact was not written",
            extra={"contact": contact_id, "reason": reason, "requestId": error.request_id, "error": str(error)},
        )

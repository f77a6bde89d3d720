"""One sync: read, match, compare, write, report."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final, NamedTuple

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.client import IntercomClient
from mogulsync.resource.reasons import RunReason, WarningReason
from mogulsync.resource.report import Customers, Report
from mogulsync.resource.sources import Source
from mogulsync.resource.spec import Spec
from mogulsync.sync import guard
from mogulsync.sync.accounting import Books
from mogulsync.sync.attributes import Survey, matching_attributes, refused_for_matching, survey, types_by_name
from mogulsync.sync.comparison import Comparison
from mogulsync.sync.contacts import ContactReader
from mogulsync.sync.creation import Creation, none_usable, not_matchable
from mogulsync.sync.differences import Changes, without
from mogulsync.sync.failures import RunError
from mogulsync.sync.fields import Field, fields_of
from mogulsync.sync.keys import keys_for
from mogulsync.sync.matching import Matcher, matcher_for
from mogulsync.sync.netpayments import NetPayments
from mogulsync.sync.plans import PlanBook
from mogulsync.sync.progress import Progress
from mogulsync.sync.reading import PlansOfCustomers, read_customers, read_net_payments, read_plans, wants
from mogulsync.sync.readplan import searches_for
from mogulsync.sync.stopping import GRACE_SECONDS, run_until
from mogulsync.sync.writing import DryRun, Sink, Writer
from mogulsync.transport.stats import RequestStats

_log: Final = logging.getLogger(__name__)
_PAGE: Final = 150
"""Contacts compared at a time where they do not come in pages."""


class _Found(NamedTuple):
    """What the workspace has."""

    survey: Survey
    types: Mapping[str, str]
    """Data type of each custom contact attribute."""


class Sync:
    """A sync of one destination, to be run once.

    Args:
        spec: What to send, to whom.
        chartmogul: Client of ChartMogul, open.
        intercom: Client of Intercom, open.
        stats: What both clients count their requests with.
        dry_run: Whether to count what would be written instead of writing it.
        now: The clock, with a time zone.
        progress: Told how far the run has come.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        chartmogul: ChartMogulClient,
        intercom: IntercomClient,
        stats: RequestStats,
        dry_run: bool,
        now: Callable[[], datetime],
        progress: Progress,
    ) -> None:
        self._spec = spec
        self._chartmogul = chartmogul
        self._intercom = intercom
        self._stats = stats
        self._dry_run = dry_run
        self._now = now
        self._progress = progress
        self._start = now()
        self._books = Books()
        self._sink: Sink = DryRun(self._books)
        self._matcher: Matcher | None = None

    async def run(self, stop: asyncio.Event) -> Report:
        """Run until done, until it cannot go on, or until told to stop; return the report in every case."""
        failure = await run_until(stop, self._work())
        await self._sink.close(GRACE_SECONDS)
        customers = Customers()
        if self._matcher is not None:
            customers = self._matcher.count()
            unreached = self._matcher.contacts - self._books.reached
            self._books.leave(unreached, failure.reason if failure else RunReason.INTERNAL_ERROR)
        report = self._books.report(
            self._books.run_ending(failure, customers, dry_run=self._dry_run),
            customers=customers,
            stats=self._stats,
            start=self._start,
            completion=self._now(),
            dry_run=self._dry_run,
        )
        _log.info("run ended", extra={"outcome": report.outcome, "reason": report.reason})
        return report

    async def _work(self) -> None:
        found = await self._look_at_workspace()
        customers, comparison = await self._read_chartmogul(found.survey.usable)
        self._matcher = matcher_for(self._spec.matching.ambiguous, customers, keys_for(self._spec.matching))
        reader = self._contact_reader(customers, found)
        if guard.can_trip(self._spec.max_changed_percent):
            await self._write_after_guard(found.survey, reader, comparison, self._matcher)
        else:
            comparison.fields = await self._make_attributes(found.survey)
            await self._write(self._changes(reader, comparison, self._matcher), comparison.fields)
        comparison.conclude()

    async def _look_at_workspace(self) -> _Found:
        """Return what the workspace has; a run that cannot use it ends before anything else is read."""
        workspace = await self._intercom.me()
        self._books.found(workspace, self._spec.intercom.region)
        attributes = await self._intercom.attributes()
        found = survey(fields_of(self._spec.fields), attributes)
        self._books.refused.extend(found.refused)
        refused = refused_for_matching(matching_attributes(self._spec.matching), attributes)
        if refused:
            self._books.refused.extend(refused)
            raise not_matchable(refused)
        if not found.usable:
            raise none_usable(found.refused)
        names = [field.attribute for field in found.missing]
        _log.info("read Intercom's attributes", extra={"usable": len(found.usable), "missing": names})
        return _Found(found, types_by_name(attributes))

    async def _read_chartmogul(self, fields: Sequence[Field]) -> tuple[list[Customer], Comparison]:
        """Return all customers, and what else the fields need to know of them."""
        async with asyncio.TaskGroup() as group:
            customers = group.create_task(self._read_customers())
            payments = group.create_task(self._read_net_payments()) if wants(fields, Source.NET_PAYMENTS) else None
            plans = group.create_task(self._read_plans(fields))
        if payments is not None:
            mixed = sum(payments.result().mixed(customer) for customer in customers.result())
            self._books.warn(WarningReason.MIXED_CURRENCIES, mixed)
        comparison = Comparison(
            fields,
            net_payments=payments.result() if payments is not None else None,
            plans=plans.result(),
            empty_values=self._spec.empty_values,
            run_start=int(self._start.timestamp()),
            books=self._books,
        )
        return customers.result(), comparison

    async def _read_customers(self) -> list[Customer]:
        data_sources = frozenset(self._spec.chartmogul.data_sources)
        return await read_customers(self._chartmogul, data_sources=data_sources, progress=self._progress)

    async def _read_net_payments(self) -> NetPayments:
        return await read_net_payments(self._chartmogul, progress=self._progress)

    async def _read_plans(self, fields: Sequence[Field]) -> PlansOfCustomers | None:
        """Return the reader of plans; the list of all plans is needed for external ids only."""
        by_external_id = wants(fields, Source.PLAN_EXTERNAL_ID)
        if not by_external_id and not wants(fields, Source.PLAN):
            return None
        book = await read_plans(self._chartmogul) if by_external_id else PlanBook()
        return PlansOfCustomers(self._chartmogul, book, progress=self._progress)

    def _contact_reader(self, customers: Sequence[Customer], found: _Found) -> ContactReader:
        matching = self._spec.matching
        wanted = [*(field.attribute for field in found.survey.usable), *matching_attributes(matching)]
        return ContactReader(
            self._intercom,
            searches_for(matching, keys_for(matching), customers, found.types),
            keep=frozenset(wanted),
            progress=self._progress,
        )

    async def _changes(
        self, reader: ContactReader, comparison: Comparison, matcher: Matcher
    ) -> AsyncGenerator[tuple[str, Changes]]:
        """Yield the contacts that need a write while further ones are still being read."""
        async with aclosing(reader.pages(self._spec.intercom.read_plan)) as pages:
            async for page in pages:
                matches = [match for contact in page if (match := matcher.see(contact)) is not None]
                for change in await comparison.compare(matches):
                    yield change
        rest = matcher.rest()
        for first in range(0, len(rest), _PAGE):
            for change in await comparison.compare(rest[first : first + _PAGE]):
                yield change
        _log.info("compared contacts", extra={"matched": matcher.contacts, "unchanged": self._books.unchanged})

    async def _write_after_guard(
        self, found: Survey, reader: ContactReader, comparison: Comparison, matcher: Matcher
    ) -> None:
        """Hold every change back until it is known how many there are."""
        held = [change async for change in self._changes(reader, comparison, matcher)]
        share = {
            "changed": len(held),
            "matched": matcher.contacts,
            "max_changed_percent": self._spec.max_changed_percent,
        }
        if guard.trips(**share):
            raise RunError(RunReason.GUARD_TRIPPED, guard.refusal(**share))
        fields = await self._make_attributes(found)
        await self._write(self._still_wanted(held), fields)

    async def _still_wanted(self, held: Sequence[tuple[str, Changes]]) -> AsyncGenerator[tuple[str, Changes]]:
        """Yield the changes that are left now that some attributes may have been refused."""
        refused = {each.attribute for each in self._books.refused}
        for contact_id, changes in held:
            left = without(changes, refused)
            if left:
                yield contact_id, left
            else:
                self._books.unchanged += 1

    async def _make_attributes(self, found: Survey) -> tuple[Field, ...]:
        """Create what is missing, or say what would be; return the fields that can be written."""
        if self._dry_run:
            self._books.created.extend(field.attribute for field in found.missing)
            return found.usable
        creation = Creation(self._intercom, created=self._books.created, refused=self._books.refused)
        await creation.create(found.missing)
        return creation.left(found.usable)

    async def _write(self, changes: AsyncGenerator[tuple[str, Changes]], fields: Sequence[Field]) -> None:
        if not self._dry_run:
            keep = frozenset(field.attribute for field in fields)
            self._sink = Writer(self._intercom, self._books, keep=keep, progress=self._progress)
        async with aclosing(changes):
            async for contact_id, change in changes:
                await self._sink.put(contact_id, change)
        await self._sink.drain()
        done = "counted what would be written" if self._dry_run else "wrote contacts"
        _log.info(done, extra={"updated": self._books.updated, "failed": self._books.failed})

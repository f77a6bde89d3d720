"""One sync: read, match, plan, hold for the guard, create attributes, write and read back, report."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.intercom.client import IntercomClient
from mogulsync.resource.reasons import RunReason, WarningReason
from mogulsync.resource.report import Customers, Example, Report
from mogulsync.resource.spec import Spec
from mogulsync.sync.attributes import AttributePlan, Inspection, inspect, matching_attributes
from mogulsync.sync.contacts import ContactReader
from mogulsync.sync.creation import create_attributes
from mogulsync.sync.differences import without
from mogulsync.sync.failures import (
    GRACE_SECONDS,
    failure_of,
    no_attribute_usable,
    not_matchable,
    record_reason,
    run_until,
)
from mogulsync.sync.fields import Field
from mogulsync.sync.guard import Guard
from mogulsync.sync.keys import keys_for
from mogulsync.sync.matching import Match, Matcher, customer_counts, matcher_for
from mogulsync.sync.observing import PlanObserver
from mogulsync.sync.planning import Planned, Planner, without_values
from mogulsync.sync.progress import Progress
from mogulsync.sync.reading import Account, read_account
from mogulsync.sync.readplan import searches_for
from mogulsync.sync.reporting import report_of, run_ending
from mogulsync.sync.statistics import RunStatistics
from mogulsync.sync.subscriptions import SubscriptionLookup
from mogulsync.sync.writing import ContactChanges, DryRunWriter, IntercomWriter, Writer
from mogulsync.transport.errors import UnavailableError
from mogulsync.transport.stats import RequestStats

_log: Final = logging.getLogger(__name__)
_BATCH: Final = 150
"""Contacts compared at a time where they do not come in pages."""


class Sync:
    """A sync of one destination, to be run once.

    Args:
        spec: What to send, to whom.
        chartmogul: Client of ChartMogul, open.
        intercom: Client of Intercom, open.
        stats: What both clients count their requests with.
        dry_run: Whether to count what would be written instead of writing it.
        now: The clock, with a time zone.
        progress: Counts how far the run has come.
        observer: Gets every record as it is planned.
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
        observer: PlanObserver | None = None,
    ) -> None:
        self._spec = spec
        self._chartmogul = chartmogul
        self._intercom = intercom
        self._stats = stats
        self._dry_run = dry_run
        self._now = now
        self._progress = progress
        self._observer = observer
        self._guard = Guard(spec.max_changed_percent)
        self._keys = keys_for(spec.matching)
        self._start = now()
        self._statistics = RunStatistics()
        self._writer: Writer = DryRunWriter(self._statistics)
        self._matcher: Matcher | None = None
        self._changed = 0

    async def run(self, stop: asyncio.Event) -> Report:
        """Run until done, until it cannot go on, or until `stop` is set; return the report in every case."""
        failure = await run_until(stop, self._work())
        await self._writer.close(GRACE_SECONDS)
        customers = Customers()
        if self._matcher is not None:
            customers = customer_counts(self._matcher)
            unreached = self._matcher.contact_count - self._statistics.reached
            self._statistics.count_unreached(unreached, failure.reason if failure else RunReason.INTERNAL_ERROR)
        report = report_of(
            self._statistics,
            run_ending(self._statistics, failure, customers, dry_run=self._dry_run),
            customers=customers,
            requests=self._stats,
            start=self._start,
            completion=self._now(),
            dry_run=self._dry_run,
        )
        _log.info("run ended", extra={"outcome": report.outcome, "reason": report.reason})
        return report

    async def _work(self) -> None:
        """String the stages together; every one but the last yields to the next while it still reads."""
        inspection = await self._inspect_workspace()
        account = await self._read_account(inspection.plan.usable)
        matcher = self._matcher = matcher_for(self._spec.matching.ambiguous, account.customers, self._keys)
        subscriptions = self._subscription_lookup(account)
        planner = self._planner(inspection.plan.usable, account, subscriptions)

        matches = self._matched(self._contact_reader(inspection, account), matcher)
        changes = self._to_write(self._planned(matches, planner))
        released = await self._held(changes, matcher)
        fields = await self._ensure_attributes(inspection.plan)
        await self._write(released, fields)

        if subscriptions is not None:
            subscriptions.conclude()
        self._observe_customers(matcher)
        self._guard.check(changed=self._changed, matched=matcher.contact_count)

    async def _inspect_workspace(self) -> Inspection:
        """Return what the workspace has; a run that cannot use it ends before anything else is read."""
        self._statistics.found_workspace(await self._intercom.me(), self._spec.intercom.region)
        inspection = inspect(self._spec, await self._intercom.attributes())
        plan, refused_for_matching = inspection.plan, inspection.refused_for_matching
        self._statistics.refused.extend([*plan.refused, *refused_for_matching])
        if refused_for_matching:
            raise not_matchable(refused_for_matching)
        if not plan.usable:
            raise no_attribute_usable(plan.refused)
        names = [field.attribute for field in plan.missing]
        _log.info("read Intercom's attributes", extra={"usable": len(plan.usable), "missing": names})
        if self._observer is not None:
            self._observer.on_fields(plan.usable)
        return inspection

    async def _read_account(self, fields: Sequence[Field]) -> Account:
        account = await read_account(
            self._chartmogul,
            fields,
            data_sources=frozenset(self._spec.chartmogul.data_sources),
            progress=self._progress,
        )
        if account.net_payments is not None:
            mixed = sum(map(account.net_payments.mixed, account.customers))
            self._statistics.warn(WarningReason.MIXED_CURRENCIES, mixed)
        return account

    def _subscription_lookup(self, account: Account) -> SubscriptionLookup | None:
        if account.plans is None:
            return None
        return SubscriptionLookup(self._chartmogul, account.plans, progress=self._progress)

    def _planner(self, fields: Sequence[Field], account: Account, subscriptions: SubscriptionLookup | None) -> Planner:
        return Planner(
            fields,
            account,
            subscriptions,
            empty_values=self._spec.empty_values,
            run_start=int(self._start.timestamp()),
            keep=without_values if self._observer is None else lambda contact: contact,
        )

    def _contact_reader(self, inspection: Inspection, account: Account) -> ContactReader:
        matching = self._spec.matching
        wanted = [*(field.attribute for field in inspection.plan.usable), *matching_attributes(matching)]
        return ContactReader(
            self._intercom,
            searches_for(matching, self._keys, account.customers, inspection.data_types),
            keep=frozenset(wanted),
            progress=self._progress,
        )

    async def _matched(self, reader: ContactReader, matcher: Matcher) -> AsyncGenerator[Sequence[Match]]:
        """Yield matched contacts, some at a time, while further ones are still being read."""
        async with aclosing(reader.pages(self._spec.intercom.read_plan)) as pages:
            async for page in pages:
                yield [found for contact in page if isinstance(found := matcher.see(contact), Match)]
        rest = matcher.rest()
        for first in range(0, len(rest), _BATCH):
            yield rest[first : first + _BATCH]

    async def _planned(self, matches: AsyncGenerator[Sequence[Match]], planner: Planner) -> AsyncGenerator[Planned]:
        """Yield what has to be written to each matched contact, looking up subscriptions where they decide."""
        async with aclosing(matches):
            async for some in matches:
                for planned in await planner.plan(some):
                    yield planned
        for planned in planner.rest():
            yield planned

    async def _to_write(self, plan: AsyncGenerator[Planned]) -> AsyncGenerator[ContactChanges]:
        """Yield the contacts that need a write; all others are counted."""
        async with aclosing(plan):
            async for planned in plan:
                if self._observer is not None:
                    self._observer.on_match(planned)
                contact_id = planned.match.contact.id
                if planned.error is not None:
                    example = Example(contact=contact_id, request_id=planned.error.request_id)
                    self._statistics.count_failed(record_reason(planned.error), example)
                elif planned.changes.values:
                    self._changed += 1
                    yield ContactChanges(contact_id, planned.changes)
                else:
                    self._statistics.unchanged += 1
        _log.info("compared contacts", extra={"changed": self._changed, "unchanged": self._statistics.unchanged})

    async def _held(self, changes: AsyncGenerator[ContactChanges], matcher: Matcher) -> AsyncGenerator[ContactChanges]:
        """Return the changes; where the guard can trip, once it is known how many there are.

        A dry run holds nothing back: it counts on and learns of the guard at its end.
        """
        if self._dry_run or not self._guard.can_trip:
            return changes
        held = [change async for change in changes]
        self._guard.check(changed=self._changed, matched=matcher.contact_count)
        return _streamed(held)

    async def _ensure_attributes(self, plan: AttributePlan) -> tuple[Field, ...]:
        """Create what is missing, or count what would be; return the fields that can be written.

        Raises:
            RunError: There is none.
        """
        if self._dry_run:
            self._statistics.created.extend(field.attribute for field in plan.missing)
            return plan.usable
        outage: UnavailableError | None = None
        async for creation in create_attributes(self._intercom, plan.missing):
            if creation.created:
                self._statistics.created.append(creation.field.attribute)
            if creation.refused is not None:
                self._statistics.refused.append(creation.refused)
            outage = creation.outage or outage
        refused = {each.attribute for each in self._statistics.refused}
        left = tuple(field for field in plan.usable if field.attribute not in refused)
        if not left:
            raise failure_of(outage) if outage is not None else no_attribute_usable(self._statistics.refused)
        return left

    async def _write(self, changes: AsyncGenerator[ContactChanges], fields: Sequence[Field]) -> None:
        """Write what is left of the changes now that some attributes may have been refused."""
        names = frozenset(field.attribute for field in fields)
        if not self._dry_run:
            self._writer = IntercomWriter(self._intercom, self._statistics, keep=names, progress=self._progress)
        refused = frozenset(each.attribute for each in self._statistics.refused)
        async with aclosing(changes):
            async for contact_id, change in changes:
                left = without(change, refused)
                if left.values:
                    await self._writer.put(ContactChanges(contact_id, left))
                else:
                    self._statistics.unchanged += 1
        await self._writer.drain()
        done = "counted what would be written" if self._dry_run else "wrote contacts"
        _log.info(done, extra={"updated": self._statistics.updated, "failed": self._statistics.failed})

    def _observe_customers(self, matcher: Matcher) -> None:
        if self._observer is None:
            return
        for customer, outcome in matcher.outcomes():
            if outcome != "matched":
                self._observer.on_customer(customer, outcome)


async def _streamed(changes: Sequence[ContactChanges]) -> AsyncGenerator[ContactChanges]:
    for change in changes:
        yield change

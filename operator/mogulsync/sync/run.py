"""One sync: read, match, plan, hold for the guard, create attributes, write and read back, report."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from datetime import datetime
from typing import Final

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import Contact
from mogulsync.resource.reasons import RunReason, WarningReason
from mogulsync.resource.report import Customers, Example, Report
from mogulsync.resource.syncspec import SyncSpec
from mogulsync.sync.attributes import AttributePlan, Inspection, inspect, matching_attributes
from mogulsync.sync.clearing import ClearCandidates
from mogulsync.sync.contacts import ContactReader
from mogulsync.sync.creation import create_attributes
from mogulsync.sync.differences import changes_of, without
from mogulsync.sync.failures import (
    failure_of,
    no_attribute_usable,
    not_matchable,
    record_reason,
    run_until,
)
from mogulsync.sync.fields import Field, has_mistyped, selected_details
from mogulsync.sync.guard import Guard
from mogulsync.sync.keys import Keys, keys_for
from mogulsync.sync.matching import UNMATCHED, Match, Matcher, Unmatched, customer_counts, matcher_for
from mogulsync.sync.observing import PlanObserver
from mogulsync.sync.planning import Planned, Planner, without_values
from mogulsync.sync.progress import Phase, Progress
from mogulsync.sync.reading import Account, read_account, unknown_data_sources
from mogulsync.sync.readplan import read_plan_for, searches_for
from mogulsync.sync.reporting import report_of, run_ending
from mogulsync.sync.settings import BATCH_SIZE, STOP_GRACE_SECONDS
from mogulsync.sync.statistics import RunStatistics
from mogulsync.sync.subscriptions import SubscriptionLookup
from mogulsync.sync.writing import ClearTally, ContactChanges, DryRunWriter, IntercomWriter, UpdateTally, Writer
from mogulsync.transport.errors import ApiError, RejectedError, UnavailableError
from mogulsync.transport.stats import RequestStats

_log: Final = logging.getLogger(__name__)


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
        spec: SyncSpec,
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
        self._start = now()
        self._statistics = RunStatistics()
        self._writer: Writer = DryRunWriter()
        self._matcher: Matcher | None = None
        self._account: Account | None = None
        self._usable: Sequence[Field] = ()
        self._changed = 0
        self._observed_clears: dict[str, Contact] = {}

    async def run(self, stop: asyncio.Event) -> Report:
        """Run until done, until it cannot go on, or until `stop` is set; return the report in every case."""
        failure = await run_until(stop, self._work())
        await self._writer.close(STOP_GRACE_SECONDS)
        customers = Customers()
        self._warn()
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
        usable = self._usable = inspection.plan.usable
        selected = selected_details(usable, self._spec.matching)
        keys = keys_for(self._spec.matching, selected)
        account = await read_account(
            self._chartmogul, usable, selected, spec=self._spec, keys=keys, progress=self._progress
        )
        matcher = matcher_for(self._spec.matching.ambiguous, account.customers, keys)
        self._account, self._matcher = account, matcher
        candidates = self._clear_candidates(usable, keys, account)
        subscriptions = self._subscription_lookup(account)
        planner = self._planner(usable, account, subscriptions)

        matches = self._matched(self._contacts(inspection, account, keys), matcher, candidates)
        changes = self._to_write(self._planned(matches, planner))
        released = await self._held(changes, matcher, candidates)
        refused = await self._ensure_attributes(inspection.plan)
        await self._write(released, refused)
        if subscriptions is not None:
            subscriptions.conclude()
        await self._clear(candidates, refused, matcher)

        self._observe_customers(matcher)
        self._check_guard(matcher, candidates)

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

    def _clear_candidates(self, fields: Sequence[Field], keys: Keys, account: Account) -> ClearCandidates | None:
        if self._spec.unmatched_contacts == "Keep":
            return None
        return ClearCandidates(fields, keys, account.other_keys)

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

    def _contacts(self, inspection: Inspection, account: Account, keys: Keys) -> AsyncGenerator[Sequence[Contact]]:
        """Return the contacts, page by page, by the plan that the spec and the keys allow."""
        matching = self._spec.matching
        wanted = [*(field.attribute for field in inspection.plan.usable), *matching_attributes(matching)]
        searches = searches_for(matching, keys, account.customers, inspection.data_types)
        reader = ContactReader(self._intercom, searches, keep=frozenset(wanted), progress=self._progress)
        return reader.pages(read_plan_for(self._spec, searches))

    async def _matched(
        self, contacts: AsyncGenerator[Sequence[Contact]], matcher: Matcher, candidates: ClearCandidates | None
    ) -> AsyncGenerator[Sequence[Match]]:
        """Yield matched contacts, some at a time, while further ones are still being read."""
        async with aclosing(contacts) as pages:
            async for page in pages:
                found = [matcher.see(contact) for contact in page]
                if candidates is not None:
                    for contact, each in zip(page, found, strict=True):
                        self._consider(contact, each, candidates)
                    candidates.limit(self._progress.of(Phase.CONTACTS).total)
                yield [each for each in found if isinstance(each, Match)]
        rest = matcher.rest()
        for first in range(0, len(rest), BATCH_SIZE):
            yield rest[first : first + BATCH_SIZE]

    def _consider(self, contact: Contact, found: Match | Unmatched | None, candidates: ClearCandidates) -> None:
        """Record a contact that is to be cleared when no customer matches it."""
        if found is not UNMATCHED:
            candidates.drop(contact.id)
        elif candidates.see(contact) and self._observer is not None:
            self._observed_clears[contact.id] = contact

    async def _planned(
        self, matches: AsyncGenerator[Sequence[Match]], planner: Planner
    ) -> AsyncGenerator[Iterable[Planned]]:
        """Yield what has to be written to matched contacts, looking up subscriptions where they decide."""
        async with aclosing(matches):
            async for some in matches:
                yield await planner.plan(some)
        yield planner.rest()

    async def _to_write(self, plan: AsyncGenerator[Iterable[Planned]]) -> AsyncGenerator[ContactChanges]:
        """Yield the contacts that need a write; all others are counted."""
        async with aclosing(plan):
            async for some in plan:
                for planned in some:
                    if self._observer is not None:
                        self._observer.on_match(planned)
                    if planned.error is not None:
                        self._count_unplanned(planned, planned.error)
                    elif planned.changes.fields:
                        self._changed += 1
                        yield ContactChanges(planned.match.contact.id, planned.changes)
                    else:
                        self._statistics.unchanged += 1
        _log.info("compared contacts", extra={"changed": self._changed, "unchanged": self._statistics.unchanged})

    def _count_unplanned(self, planned: Planned, error: ApiError) -> None:
        example = Example(contact=planned.match.contact.id, request_id=error.request_id)
        detail = error.detail if isinstance(error, RejectedError) else None
        self._statistics.count_failed(record_reason(error), example, detail=detail)

    async def _held(
        self, changes: AsyncGenerator[ContactChanges], matcher: Matcher, candidates: ClearCandidates | None
    ) -> AsyncGenerator[ContactChanges]:
        """Return the changes; where the guard can trip, once it is known how many there are.

        A dry run holds nothing back: it counts on and asks the guard at its end.
        """
        if self._dry_run or not self._guard.can_trip:
            return changes
        held = [change async for change in changes]
        self._check_guard(matcher, candidates)
        return _streamed(held)

    def _check_guard(self, matcher: Matcher, candidates: ClearCandidates | None) -> None:
        clear_count = len(candidates) if candidates is not None and not self._stats.unreadable_customers else 0
        self._guard.check(changed=self._changed + clear_count, matched=matcher.contact_count)

    async def _ensure_attributes(self, plan: AttributePlan) -> AbstractSet[str]:
        """Create what is missing, or count what would be; return the names of the attributes that are refused.

        Raises:
            RunError: None is left that can be written.
        """
        names = frozenset(field.attribute for field in plan.usable)
        if self._dry_run:
            self._statistics.created.extend(field.attribute for field in plan.missing)
            return frozenset(each.attribute for each in plan.refused)
        outage: UnavailableError | None = None
        made_at: dict[str, datetime] = {}
        async for creation in create_attributes(self._intercom, plan.missing):
            made_at[creation.field.attribute] = self._now()
            if creation.created:
                self._statistics.created.append(creation.field.attribute)
            if creation.refused is not None:
                self._statistics.refused.append(creation.refused)
            outage = creation.outage or outage
        refused = frozenset(each.attribute for each in self._statistics.refused)
        if names <= refused:
            raise failure_of(outage) if outage is not None else no_attribute_usable(self._statistics.refused)
        self._writer = IntercomWriter(
            self._intercom, keep=names - refused, made_at=made_at, now=self._now, progress=self._progress
        )
        return refused

    async def _write(self, changes: AsyncGenerator[ContactChanges], refused: AbstractSet[str]) -> None:
        """Write what is left of the changes now that some attributes may have been refused."""
        tally = UpdateTally(self._statistics)
        async with aclosing(changes):
            async for contact_id, change in changes:
                left = without(change, refused)
                if left.fields:
                    await self._writer.put(ContactChanges(contact_id, left), tally)
                else:
                    self._statistics.unchanged += 1
        await self._writer.drain()
        done = "counted what would be written" if self._dry_run else "wrote contacts"
        _log.info(done, extra={"updated": self._statistics.updated, "failed": self._statistics.failed})

    async def _clear(self, candidates: ClearCandidates | None, refused: AbstractSet[str], matcher: Matcher) -> None:
        """Clear the contacts that no customer matches, unless that may be a mistake."""
        if candidates is None or not len(candidates):
            return
        if self._stats.unreadable_customers:
            _log.warning("clears no contact: not every customer could be read", extra={"contacts": len(candidates)})
            return
        if len(candidates) > matcher.contact_count or not candidates.collected:
            self._statistics.warn(WarningReason.CLEARS_MANY, len(candidates))
            return
        tally = ClearTally(self._statistics)
        for contact_id, fields in candidates.clears(refused):
            if self._observer is not None:
                self._observer.on_clear(self._observed_clears[contact_id], fields)
            await self._writer.put(ContactChanges(contact_id, changes_of(dict.fromkeys(fields))), tally)
        await self._writer.drain()
        done = "counted what would be cleared" if self._dry_run else "cleared contacts"
        _log.info(done, extra={"cleared": self._statistics.cleared})

    def _warn(self) -> None:
        """Note what the run met and went on by, as far as it came."""
        self._statistics.warn(WarningReason.UNREADABLE, self._stats.unreadable)
        self._statistics.warn(WarningReason.INCOMPLETE_SEARCH, self._stats.missing_from_searches)
        if self._account is None or self._matcher is None:
            return
        missing = unknown_data_sources(self._spec.chartmogul.data_sources, self._account.customers)
        self._statistics.warn(WarningReason.UNKNOWN_DATA_SOURCE, missing)
        matched = [customer for customer, outcome in self._matcher.outcomes() if outcome == "matched"]
        if self._account.net_payments is not None:
            mixed = sum(map(self._account.net_payments.is_mixed, matched))
            self._statistics.warn(WarningReason.MIXED_CURRENCIES, mixed)
        fields = [field for field in self._usable if field.key is not None]
        if fields:
            mistyped = sum(has_mistyped(fields, self._account.custom(customer)) for customer in matched)
            self._statistics.warn(WarningReason.CUSTOM_ATTRIBUTE_TYPE, mistyped)

    def _observe_customers(self, matcher: Matcher) -> None:
        if self._observer is None:
            return
        for customer, outcome in matcher.outcomes():
            if outcome != "matched":
                self._observer.on_customer(customer, outcome)


async def _streamed(changes: Sequence[ContactChanges]) -> AsyncGenerator[ContactChanges]:
    for change in changes:
        yield change

"""The counts of a run, which add up whatever happens, and the report that is made of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from mogulsync.intercom.models import Workspace
from mogulsync.resource.reasons import Outcome, RunReason, WarningReason
from mogulsync.resource.report import (
    Attributes,
    Contacts,
    Customers,
    ErrorCount,
    Example,
    RefusedAttribute,
    Report,
    Requests,
    WarningCount,
    WorkspaceName,
    shorten,
)
from mogulsync.resource.sources import Source
from mogulsync.resource.times import timestamp
from mogulsync.sync.attributes import described
from mogulsync.sync.failures import RunError
from mogulsync.transport.stats import RequestStats


class Ending(NamedTuple):
    """How a run or a check ended."""

    outcome: Outcome
    reason: RunReason
    message: str


@dataclass
class Books:
    """What a run has done so far. Every matched contact ends up in exactly one of its counts."""

    workspace: Workspace | None = None
    created: list[str] = field(default_factory=list)
    refused: list[RefusedAttribute] = field(default_factory=list)
    warnings: dict[WarningReason, int] = field(default_factory=dict)
    unchanged: int = 0
    updated: int = 0
    vanished: int = 0
    _values: Counter[Source] = field(default_factory=Counter)
    _errors: dict[str, ErrorCount] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """Contacts that could not be written."""
        return sum(error.count for error in self._errors.values())

    @property
    def reached(self) -> int:
        """Contacts of which it is known what became of them."""
        return self.unchanged + self.updated + self.vanished + self.failed

    def found(self, workspace: Workspace, region: str) -> None:
        """Note the workspace, and whether it is hosted elsewhere than the spec says."""
        self.workspace = workspace
        if workspace.region is not None and workspace.region != region:
            self.warn(WarningReason.REGION_MISMATCH, 1)

    def update(self, stored: Iterable[Source]) -> None:
        """Count a contact that was written, with the sources whose values it stored."""
        self.updated += 1
        self._values.update(stored)

    def fail(self, reason: str, example: Example, stored: Iterable[Source] = ()) -> None:
        """Count a contact that could not be written, or not all of it."""
        self._values.update(stored)
        error = self._errors.setdefault(reason, ErrorCount(reason=reason, count=0, example=example))
        error.count += 1

    def leave(self, contacts: int, reason: str) -> None:
        """Count contacts that the run did not come to, for the reason it ended."""
        if contacts:
            self._errors.setdefault(reason, ErrorCount(reason=reason, count=0)).count += contacts

    def warn(self, reason: WarningReason, count: int) -> None:
        """Note something that the run coped with."""
        if count:
            self.warnings[reason] = count

    def contacts(self) -> Contacts:
        """Return the counts of contacts."""
        return Contacts(
            matched=self.reached,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=self.failed,
            vanished=self.vanished,
        )

    def report(
        self,
        ending: Ending,
        *,
        customers: Customers,
        stats: RequestStats,
        start: datetime,
        completion: datetime,
        dry_run: bool = False,
    ) -> Report:
        """Return the report of what ended so."""
        return Report(
            outcome=ending.outcome,
            reason=ending.reason,
            message=ending.message,
            dry_run=dry_run,
            start_time=timestamp(start),
            completion_time=timestamp(completion),
            workspace=_named(self.workspace),
            customers=customers,
            contacts=self.contacts(),
            attributes=Attributes(created=self.created, refused=self.refused),
            requests=Requests(
                chartmogul=stats.chartmogul, intercom=stats.intercom, throttled=stats.throttled, retried=stats.retried
            ),
            fields={source: count for source in Source if (count := self._values[source])},
            errors=sorted(self._errors.values(), key=lambda error: -error.count),
            warnings=[WarningCount(reason=reason, count=count) for reason, count in self.warnings.items()],
        )

    def run_ending(self, failure: RunError | None, customers: Customers, *, dry_run: bool) -> Ending:
        """Return how a run ended, with what it did in one sentence."""
        counts = (
            f"{customers.matched} of {customers.total} customers matched, {self.updated} contacts "
            + ("would be updated" if dry_run else "updated")
            + (f", {self.failed} failed" if self.failed else "")
            + (f", {self.vanished} vanished" if self.vanished else "")
        )
        if failure is not None:
            message = f"{failure.message}; {counts}" if customers.total else failure.message
            return Ending(Outcome.FAILED, failure.reason, message)
        if self.failed or self.refused:
            left_out = f"; attributes left out: {described(self.refused)}" if self.refused else ""
            return Ending(Outcome.PARTIALLY_SUCCEEDED, RunReason.PARTIALLY_SUCCEEDED, counts + left_out)
        return Ending(Outcome.SUCCEEDED, RunReason.SUCCEEDED, counts)

    def check_ending(self, failure: RunError | None, *, usable: int) -> Ending:
        """Return how a check ended; attributes refused one by one do not spoil it."""
        if failure is not None:
            return Ending(Outcome.FAILED, failure.reason, failure.message)
        message = f"credentials work, {usable} attributes can be written"
        if self.refused:
            message += f"; not usable: {described(self.refused)}"
        return Ending(Outcome.SUCCEEDED, RunReason.SUCCEEDED, message)


def _named(workspace: Workspace | None) -> WorkspaceName | None:
    if workspace is None:
        return None
    name = shorten(workspace.name) if workspace.name else None
    return WorkspaceName(id=workspace.id, name=name, region=workspace.region)

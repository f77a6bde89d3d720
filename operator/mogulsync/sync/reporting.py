"""Reporting: how a run or a check ended, and the report of it."""

from datetime import datetime
from typing import NamedTuple

from mogulsync.intercom.models import Workspace
from mogulsync.resource.reasons import Outcome, RunReason
from mogulsync.resource.report import (
    Attributes,
    Customers,
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
from mogulsync.sync.statistics import RunStatistics
from mogulsync.transport.stats import RequestStats


class Ending(NamedTuple):
    """How a run or a check ended."""

    outcome: Outcome
    reason: RunReason
    message: str


def run_ending(statistics: RunStatistics, failure: RunError | None, customers: Customers, *, dry_run: bool) -> Ending:
    """Return how a run ended, with what it did in one sentence."""
    cleared = "would be cleared" if dry_run else "cleared"
    counts = (
        f"{customers.matched} of {customers.total} customers matched, {statistics.updated} contacts "
        + ("would be updated" if dry_run else "updated")
        + (f", {statistics.failed} failed" if statistics.failed else "")
        + (f", {statistics.vanished} vanished" if statistics.vanished else "")
        + (f", {statistics.cleared} {cleared}" if statistics.cleared else "")
        + (f", {statistics.clear_failure.count} not cleared" if statistics.clear_failure else "")
    )
    if failure is not None:
        message = f"{failure.message}; {counts}" if customers.total else failure.message
        return Ending(Outcome.FAILED, failure.reason, message)
    if statistics.failed or statistics.refused or statistics.clear_failure:
        left_out = f"; attributes left out: {described(statistics.refused)}" if statistics.refused else ""
        return Ending(Outcome.PARTIALLY_SUCCEEDED, RunReason.PARTIALLY_SUCCEEDED, counts + left_out)
    return Ending(Outcome.SUCCEEDED, RunReason.SUCCEEDED, counts)


def check_ending(statistics: RunStatistics, failure: RunError | None, *, usable: int) -> Ending:
    """Return how a check ended; attributes refused one by one leave it succeeded."""
    if failure is not None:
        return Ending(Outcome.FAILED, failure.reason, failure.message)
    message = f"credentials work, {usable} attributes can be written"
    if statistics.refused:
        message += f"; not usable: {described(statistics.refused)}"
    return Ending(Outcome.SUCCEEDED, RunReason.SUCCEEDED, message)


def report_of(
    statistics: RunStatistics,
    ending: Ending,
    *,
    customers: Customers,
    requests: RequestStats,
    start: datetime,
    completion: datetime,
    dry_run: bool = False,
) -> Report:
    """Return the report of a run or a check that ended so."""
    return Report(
        outcome=ending.outcome,
        reason=ending.reason,
        message=ending.message,
        dry_run=dry_run,
        start_time=timestamp(start),
        completion_time=timestamp(completion),
        workspace=_workspace(statistics.workspace),
        customers=customers,
        contacts=statistics.contacts(),
        attributes=Attributes(created=statistics.created, refused=statistics.refused),
        requests=Requests(
            chartmogul=requests.chartmogul,
            intercom=requests.intercom,
            throttled=requests.throttled,
            retried=requests.retried,
        ),
        fields={source: count for source in Source if (count := statistics.values[source])},
        errors=statistics.error_counts,
        warnings=[WarningCount(reason=reason, count=count) for reason, count in statistics.warnings.items()],
    )


def _workspace(workspace: Workspace | None) -> WorkspaceName | None:
    """Return the workspace; None where it is not known, as of a token that belongs to no admin."""
    if workspace is None or workspace == Workspace(None, None, None):
        return None
    name = shorten(workspace.name) if workspace.name else None
    return WorkspaceName(id=workspace.id, name=name, region=workspace.region)

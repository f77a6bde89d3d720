"""What a Job that has ended came to: the report of its last Pod, or what Kubernetes shows when there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mogulsync.controller.observed import JobEnd, ObservedJob, ObservedPod
from mogulsync.controller.terminationmessage import WorkerReport, read_report
from mogulsync.resource import names
from mogulsync.resource.reasons import ConditionReason, Outcome
from mogulsync.resource.report import Contacts, Customers, Report, shorten
from mogulsync.resource.times import timestamp

_UNINFORMATIVE: Final = frozenset(
    {"Error", "Completed", "ContainerCreating", "PodInitializing", "ContainerStatusUnknown"}
)
"""Reasons of containers that say less than the Job's own."""


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """A run, check or preview that has ended."""

    job: str
    trigger: str
    generation: int | None
    """Of the spec that the Job was made from."""
    created: datetime
    """When the Job was made, by the API server's clock."""
    began: datetime
    """When the Job began, or was last resumed, by its controller's clock."""
    completed: datetime
    """When it ended: by its report, or by the Job where the report's time cannot be."""
    report: Report
    """As the worker wrote it, or made up from what Kubernetes shows."""
    document: dict[str, Any]
    """The report as it goes into the status, with all that a newer worker wrote besides."""

    @property
    def completion_time(self) -> str:
        """When it ended, as Kubernetes writes times."""
        return timestamp(self.completed)

    @property
    def order(self) -> tuple[str, str, str]:
        """What sorts results by their end; of two that ended in one second, the one that began later is the later."""
        return self.completion_time, self.report.start_time, self.job


def job_result(job: ObservedJob, pods: Sequence[ObservedPod]) -> JobResult:
    """Return what a Job that has ended did.

    Raises:
        ValueError: It has not ended.
    """
    if job.ending is None:
        raise ValueError(f"Job {job.name} has not ended")
    last = pods[-1] if pods else None
    found = read_report(last.sync.termination_message) if last else None
    if found is None:
        found = _without_report(job.ending, last, dry_run=job.trigger == names.TRIGGER_PREVIEW)
    start, completion = _times(found, job, job.ending)
    times = {"startTime": timestamp(start), "completionTime": timestamp(completion)}
    return JobResult(
        job=job.name,
        trigger=job.trigger,
        generation=job.generation,
        created=job.created,
        began=job.began,
        completed=completion,
        report=found.report.model_copy(
            update={"start_time": times["startTime"], "completion_time": times["completionTime"]}
        ),
        document=found.document | times,
    )


def _times(found: WorkerReport, job: ObservedJob, ending: JobEnd) -> tuple[datetime, datetime]:
    """Return the report's times; what lies outside the Job's own life is replaced by the Job's.

    The clock of the Pod's node may be wrong, and one time in the future would outrank every later run.
    """

    def within(moment: datetime | None, otherwise: datetime) -> datetime:
        return moment if moment is not None and job.created <= moment <= ending.time else otherwise

    start, completion = within(found.start, job.began), within(found.completion, ending.time)
    return (start, completion) if start <= completion else (job.began, ending.time)


def _without_report(ending: JobEnd, pod: ObservedPod | None, *, dry_run: bool) -> WorkerReport:
    """Return a report for a Job that left none, with counts of 0.

    One whose Job completed did its work, as far as Kubernetes can know: its Pod was collected before it
    was seen, or other containers left no room for its report.
    """
    if ending.complete:
        outcome, reason = Outcome.PARTIALLY_SUCCEEDED, ConditionReason.NO_REPORT.value
        message = "The run completed, but its report is missing or cannot be read."
    else:
        outcome = Outcome.FAILED
        of_job = (ending.reason or ConditionReason.NO_REPORT.value, ending.message)
        reason, detail = (_reason_of(pod) if pod else None) or of_job
        message = shorten(f"The run ended without a report: {detail or reason}")
    report = Report(
        outcome=outcome,
        reason=reason,
        message=message,
        dry_run=dry_run,
        start_time="",
        completion_time="",
        customers=Customers(),
        contacts=Contacts(),
    )
    included = {"version", "outcome", "reason", "message", "dry_run", "customers", "contacts"}
    document = report.model_dump(mode="json", by_alias=True, include=included)
    return WorkerReport(report=report, document=document, start=None, completion=None)


def _reason_of(pod: ObservedPod) -> tuple[str, str] | None:
    """Return the reason and message of a Pod, or of its container, that say more than the Job's.

    The Pod's comes first: of an evicted Pod's container the kubelet makes an error like any other.
    """
    sync = pod.sync
    candidates = (
        (pod.reason, pod.message),
        (sync.terminated_reason, ""),
        (pod.disruption, pod.disruption_message),
        (sync.waiting_reason, sync.waiting_message),
    )
    for reason, message in candidates:
        if reason and reason not in _UNINFORMATIVE:
            return reason, message or reason
    return None

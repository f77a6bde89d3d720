"""Records checks that have ended, and starts one when what a check looks at has not been checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mogulsync.controller.children import Children
from mogulsync.controller.conditions import CheckProgress, CheckState
from mogulsync.controller.destination import IntercomDestination
from mogulsync.controller.evidence import is_answer, is_obstacle
from mogulsync.controller.job import build_check_job, check_inputs, check_name, check_template
from mogulsync.controller.jobresult import job_result
from mogulsync.controller.observed import JobEnd, ObservedJob, ObservedPod
from mogulsync.controller.settings import RECONCILE
from mogulsync.controller.snapshot import Snapshot
from mogulsync.controller.statusupdate import asks_the_same, with_check
from mogulsync.controller.steps.requests import make_job, requested, stale_notice
from mogulsync.controller.steps.result import StepResult
from mogulsync.controller.terminationmessage import read_report
from mogulsync.controller.waits import container_started, failed_before, missing_secret, slow_from, waiting_for
from mogulsync.resource import names
from mogulsync.resource.reasons import ConditionReason, RunReason
from mogulsync.resource.spec import Spec
from mogulsync.resource.status import LastCheck, Status
from mogulsync.resource.times import timestamp

_DEADLINE_EXCEEDED: Final = "DeadlineExceeded"
_LONG_AGO: Final = "2000-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckDigests:
    """What tells a check of a destination from one of another spec, or of an operator with other defaults."""

    inputs: str
    """Fingerprint of the parts of the spec that a check looks at."""
    template: str
    """Digest of the Pod template: a check under way of another is superseded."""

    @classmethod
    def of(cls, destination: IntercomDestination, spec: Spec) -> "CheckDigests":
        """Return the digests of a destination's check; the spec has the operator's defaults for `job`."""
        return cls(inputs=check_inputs(spec), template=check_template(destination, spec))


@dataclass(frozen=True, kw_only=True)
class WantedCheck:
    """The check that the destination should have had."""

    digests: CheckDigests
    request: str | None
    """Value of the annotation that requests a check; None when it is not set."""

    def name(self, snapshot: Snapshot, status: Status) -> str:
        """Return the name of its Job, which follows the last check that is in the status."""
        previous = status.last_check.job if status.last_check else None
        return check_name(
            snapshot.destination,
            inputs=self.digests.inputs,
            template=self.digests.template,
            request=self.request,
            previous=previous,
        )


async def check(snapshot: Snapshot, spec: Spec, children: Children, digests: CheckDigests) -> StepResult:
    """Record the check if it has ended, and start one if it is due."""
    request = requested(snapshot, names.ANNOTATION_CHECK_REQUESTED_AT)
    acted_on = request.value if request is not None and not request.stale else None
    wanted = WantedCheck(digests=digests, request=acted_on)
    result = await _check(snapshot, spec, children, wanted)
    if request is None or not request.stale or request.value == snapshot.status.last_handled_check_request:
        return result
    status = (result.status or snapshot.status).model_copy(update={"last_handled_check_request": request.value})
    return replace(result, status=status, notices=(stale_notice(names.ANNOTATION_CHECK_REQUESTED_AT, request),))


async def _check(snapshot: Snapshot, spec: Spec, children: Children, wanted: WantedCheck) -> StepResult:
    snapshot, ended = await _record_ended(snapshot, children, wanted)
    status = snapshot.status
    if status.last_check is not None and status.last_check.request == wanted.request:
        status = _echoed(status, wanted)
    name = wanted.name(snapshot, status)
    job = snapshot.job(name)
    if job is None:
        due = next_check(snapshot, status, wanted, ended)
        if due is None or due > snapshot.now:
            return StepResult(
                status=status,
                check=_progress_between(status),
                missing_secret=secret_missing(snapshot, ended),
                requeue_after=due - snapshot.now if due else None,
            )
        body = build_check_job(
            snapshot.destination,
            spec,
            name=name,
            inputs=wanted.digests.inputs,
            request=wanted.request,
        )
        made = await make_job(snapshot, children, body)
        if isinstance(made, StepResult):
            return replace(made, status=status, check=CheckProgress(state=CheckState.UNDER_WAY))
        job = made
    status = _echoed(status, wanted)
    return StepResult(
        status=status,
        check=_progress_of(snapshot, status, wanted, job),
        missing_secret=secret_missing(snapshot, job),
        requeue_after=_until_pod_is_late(snapshot, job),
    )


def _echoed(status: Status, wanted: WantedCheck) -> Status:
    """Return the status with the request, if there is one, as acted on."""
    if wanted.request is None:
        return status
    return status.model_copy(update={"last_handled_check_request": wanted.request})


async def _record_ended(
    snapshot: Snapshot, children: Children, wanted: WantedCheck
) -> tuple[Snapshot, ObservedJob | None]:
    """Return the snapshot with the wanted checks that have ended in its status, their Pods as they ended, and the last.

    The watch of Pods may be behind that of Jobs.
    """
    ended = None
    while (job := snapshot.job(wanted.name(snapshot, snapshot.status))) is not None and job.ending is not None:
        pods = await children.pods_at_end(snapshot, job)
        never_started = _never_started(job.ending, pods)
        status = with_check(
            snapshot.status,
            job_result(job, pods),
            inputs=wanted.digests.inputs,
            request=wanted.request,
            started=not never_started,
        )
        snapshot, ended = replace(snapshot, status=status, pods={**snapshot.pods, job.uid: pods}), job
    return snapshot, ended


def _never_started(ending: JobEnd, pods: Sequence[ObservedPod]) -> bool:
    """Return whether a Job failed before its worker began.

    It waited until the deadline, no node admitted its Pods, or no runtime could start their containers.

    Pods that are gone say so only where the deadline came: of another failure they may have said anything.
    """
    if ending.complete or container_started(pods):
        return False
    if ending.reason == _DEADLINE_EXCEEDED:
        return True
    return bool(pods) and all(pod.sync.start_failed or not pod.sync.terminated for pod in pods)


def next_check(snapshot: Snapshot, status: Status, wanted: WantedCheck, ended: ObservedJob | None) -> datetime | None:
    """Return when a check is due that nobody has started; None when none is.

    Args:
        snapshot: The destination and its Jobs.
        status: With the checks that have ended.
        wanted: What should have been checked.
        ended: The check that has just been recorded.
    """
    last, evidence = status.last_check, status.evidence
    if last is None or not asks_the_same(last, inputs=wanted.digests.inputs, request=wanted.request):
        return snapshot.now
    if is_unanswered(status):
        return _next_time(last)
    if evidence is not None and is_obstacle(evidence) and evidence.generation != snapshot.destination.generation:
        return None if evidence.reason == RunReason.GUARD_TRIPPED else snapshot.now
    if not snapshot.runs_under_way and secret_missing(snapshot, ended):
        return snapshot.now
    return None


def is_unanswered(status: Status) -> bool:
    """Return whether the last check reached no answer, and nothing else has since."""
    last, evidence = status.last_check, status.evidence
    if last is None or is_answer(last.outcome, last.reason):
        return False
    return evidence is None or (evidence.completion_time or "") <= (last.completion_time or "")


def secret_missing(snapshot: Snapshot, check_job: ObservedJob | None) -> str | None:
    """Return the message about a Secret that a Pod waits for, or that the last Pod never got.

    A Job that its deadline ended while it waited says nothing of the Secret, so the message of before
    holds until a container has started.
    """
    checks = [check_job] if check_job else []
    under_way = [job for job in (*snapshot.runs, *snapshot.previews) if job.under_way]
    for job in (*under_way, *checks):
        if detail := missing_secret(snapshot.pods_of(job)):
            return f"A Pod waits for a Secret: {detail}. It starts when the Secret is there."
    before = snapshot.destination.ready_message_for(ConditionReason.SECRET_NOT_FOUND)
    if before is None:
        return None
    candidates = (*snapshot.runs, *snapshot.previews, *checks)
    newest = max(candidates, key=lambda job: (job.created, job.name), default=None)
    return None if newest is not None and container_started(snapshot.pods_of(newest)) else before


def _next_time(last: LastCheck) -> datetime:
    if last.next_check_time is not None:
        return datetime.fromisoformat(last.next_check_time)
    return datetime.fromisoformat(last.completion_time or _LONG_AGO) + RECONCILE.first_recheck  # written by 0.1.0


def _progress_between(status: Status) -> CheckProgress:
    """Return how far the check is while no Job of it is under way."""
    if status.last_check is None or not is_unanswered(status):
        return CheckProgress(state=CheckState.SETTLED)
    again = f"; the next is made at {status.last_check.next_check_time}" if status.last_check.next_check_time else ""
    message = f"The last check reached no answer{again}: {status.last_check.message}"
    return CheckProgress(state=CheckState.RETRYING, message=message)


def _progress_of(snapshot: Snapshot, status: Status, wanted: WantedCheck, job: ObservedJob) -> CheckProgress:
    """Return how far the check is whose Job is under way."""
    pods = snapshot.pods_of(job)
    if failed_before(pods):
        reports = (read_report(pod.sync.termination_message) for pod in reversed(pods))
        message = next((found.report.message for found in reports if found), "its Pod failed without a report")
        message = f"The check reached no answer and is tried again: {message}"
        return CheckProgress(state=CheckState.RETRYING, message=message)
    says = bool(pods) or not job.under_way or _until_pod_is_late(snapshot, job) is None
    waits = waiting_for(job, pods, now=snapshot.now) if says else None
    message = f"Job {job.name} checks the credentials and attributes" + (f"; it waits: {waits}" if waits else ".")
    repeated = _is_repeated(snapshot, status, wanted) or _is_overtaken(snapshot, status, job)
    return CheckProgress(state=CheckState.RETRYING if repeated else CheckState.UNDER_WAY, message=message)


def _is_repeated(snapshot: Snapshot, status: Status, wanted: WantedCheck) -> bool:
    """Return whether the operator checks by itself what a check before has reached no answer on.

    Where that one's container never started, nothing is known of what it should have checked, unless the
    evidence is of the present spec.
    """
    last = status.last_check
    if (
        last is None
        or not asks_the_same(last, inputs=wanted.digests.inputs, request=wanted.request)
        or not is_unanswered(status)
    ):
        return False
    return bool(last.unanswered_count) or _is_of_present_spec(snapshot, status)


def _is_of_present_spec(snapshot: Snapshot, status: Status) -> bool:
    evidence = status.evidence
    return evidence is not None and evidence.generation == snapshot.destination.generation


def _is_overtaken(snapshot: Snapshot, status: Status, job: ObservedJob) -> bool:
    """Return whether a run of the present spec has reached an answer since the check was made."""
    evidence = status.evidence
    since = (evidence.completion_time or "") if evidence else ""
    return _is_of_present_spec(snapshot, status) and since > timestamp(job.created)


def _until_pod_is_late(snapshot: Snapshot, job: ObservedJob) -> timedelta | None:
    """Return the time until the status says that a Job has no Pod, or that its container is still being created.

    None when there is nothing of that to say, or when it says so already.
    """
    pods = snapshot.pods_of(job)
    late = slow_from(pods[-1]) if pods else job.created + RECONCILE.pod_grace
    return late - snapshot.now if late is not None and late > snapshot.now else None

"""The steps of a reconcile. Each reads what the cluster shows, makes what is missing, and returns what it found.

A step never sets a condition, and what it makes has a name or content that follows from its cause: when
the operator is killed between making something and saying so, the step finds it there the next time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from mogulsync.controller import runs
from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.conditions import Check, Impediment
from mogulsync.controller.cronjob import (
    annotated,
    as_applied,
    build_cronjob,
    is_annotated,
)
from mogulsync.controller.job import build_check_job, build_job, check_inputs, check_name, run_name
from mogulsync.controller.record import fold_check, fold_run, is_answer, is_obstacle, may_be_new
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.client import KubernetesClient, StatusError
from mogulsync.kube.objects import CRONJOBS, JOBS, PODS, NamespacedName, Object, digest, owned_by, owned_by_predecessor
from mogulsync.resource import names
from mogulsync.resource.reasons import ConditionReason, ConditionType, RunReason
from mogulsync.resource.status import Status
from mogulsync.resource.times import timestamp

RECHECK: Final = timedelta(minutes=10)
"""A check that reached no answer, retries and all, is made anew after this time."""
REFUSED_AGAIN: Final = timedelta(minutes=10)
"""What the API server refused is offered again after this time: policies and quotas change."""
CONFLICT_POLL: Final = timedelta(seconds=15)
"""How often a name that someone else's CronJob has is looked at: such a CronJob is not watched."""
LEFT_BEHIND_POLL: Final = timedelta(seconds=1)
"""How often a CronJob that Kubernetes is about to collect is looked at."""

_TIMING_FIELDS: Final = ("spec.schedule", "spec.timeZone")
_NEVER_THERE: Final = "1"
"""A resourceVersion that no object has: applied with it, an object is created or the API server answers 409."""
_JOB_NAME: Final = "batch.kubernetes.io/job-name"
"""Label that Kubernetes gives a Job's Pods."""


class ForeignJobError(Exception):
    """A Job has the name that the operator needs, and is not the destination's."""


class Refused(NamedTuple):
    """What the API server refused as a CronJob."""

    digest: str
    time: datetime
    impediment: Impediment


@dataclass
class Memory:
    """What is worth remembering of a destination between reconciles; nothing of it has to survive."""

    refused: Refused | None = None
    conflict: bool = False
    """Someone else's CronJob had the name when it was last looked at."""
    settled: tuple[int, int] | None = None
    """Generations of the destination and of the CronJob that belong together. It saves comparing them, and
    the API server may write a value differently from how it was given (0.1 CPU as 100m)."""


@dataclass
class Work:
    """One reconcile of one destination."""

    key: NamespacedName
    destination: Object
    now: datetime
    memory: Memory
    status: Status
    """As it is to be; grows from step to step."""
    wakes: list[datetime] = field(default_factory=list)
    """When something is to be looked at again."""

    @property
    def uid(self) -> str:
        """The destination's uid."""
        uid: str = self.destination["metadata"]["uid"]
        return uid

    @property
    def generation(self) -> int:
        """The generation of its spec."""
        generation: int = self.destination["metadata"]["generation"]
        return generation

    def annotation(self, name: str) -> str | None:
        """Return the value of one of its annotations; None when it is not set or empty."""
        value: str | None = (self.destination["metadata"].get("annotations") or {}).get(name)
        return value or None

    def reason_before(self, kind: ConditionType) -> tuple[str, str] | None:
        """Return reason and message that a condition had before this reconcile."""
        for condition in self.status.conditions or ():
            if condition.type == kind:
                return condition.reason, condition.message
        return None


class CheckFound(NamedTuple):
    """How the check stands."""

    check: Check
    message: str = ""
    job: Object | None = None
    """The Job of the one that is under way, or has just ended."""
    impediment: Impediment | None = None


class Steps:
    """The steps, with what they need of the world.

    Args:
        client: Where objects are made.
        cache: What was seen of the cluster.
        image: What Jobs run unless spec.job.image says otherwise.
    """

    def __init__(self, client: KubernetesClient, cache: DestinationCache, *, image: str) -> None:
        self._client = client
        self._cache = cache
        self._image = image

    async def fold_runs(self, work: Work) -> None:
        """Take the runs that have ended into the status, the earliest first."""
        ended = []
        for job in self.runs(work):
            end = runs.ending(job)
            if end and may_be_new(work.status, job=job["metadata"]["name"], began=runs.began(job), ended=end.time):
                ended.append(runs.finished(job, await self._pods_at_end(job)))
        for run in sorted(ended, key=lambda run: (run.completion_time, run.job)):
            work.status = fold_run(work.status, run)

    async def place_cronjob(self, work: Work) -> Impediment | None:
        """Put the CronJob in place, unless it is; return what stands in the way.

        What the API server refuses suspends the CronJob in place: it must not go on with a spec that nobody
        asks for any more.
        """
        live = await self._existing_cronjob(work)
        if live is not None and (foreign := _foreign(work, live)):
            return foreign
        work.memory.conflict = False
        if live is not None and work.memory.settled == _generations(work, live) and is_annotated(live):
            return None
        desired = build_cronjob(work.destination, image=self._image)
        if live is not None and as_applied(live, desired):
            work.memory.settled = _generations(work, live)
            return None
        refused = work.memory.refused
        if refused and refused.digest == digest(desired) and work.now < refused.time + REFUSED_AGAIN:
            work.wakes.append(refused.time + REFUSED_AGAIN)
            return refused.impediment
        try:
            await self._apply_cronjob(work, live, desired)
        except StatusError as error:
            if live is None and error.conflict:
                work.memory.conflict = True  # look before the next attempt
                raise
            impediment = _impediment(error)
            work.memory.refused = Refused(digest(desired), work.now, impediment)
            work.wakes.append(work.now + REFUSED_AGAIN)
            if live is not None and error.invalid:
                await self._suspend(live)
            return impediment
        work.memory.refused = None
        return None

    async def run_now(self, work: Work) -> Impediment | None:
        """Start the run that the annotation asks for, once no other is under way, and echo its value."""
        request = work.annotation(names.ANNOTATION_SYNC_REQUESTED_AT)
        if request is None or request == work.status.last_handled_sync_request:
            return None
        name = run_name(work.destination, request)
        if self._cache.job(work.key.namespace, name) is None:
            if self.unfinished_runs(work):
                return None
            body = build_job(work.destination, image=self._image, request=request)
            try:
                await self._make_job(work, body)
            except (StatusError, ForeignJobError) as error:
                work.wakes.append(work.now + REFUSED_AGAIN)
                return _impediment(error)
        work.status = work.status.model_copy(update={"last_handled_sync_request": request})
        return None

    async def check(self, work: Work) -> CheckFound:
        """See to it that what the spec says now is checked; take a check that has ended into the status."""
        inputs = check_inputs(work.destination)
        request = work.annotation(names.ANNOTATION_CHECK_REQUESTED_AT)
        folded: Object | None = None
        while True:
            last = work.status.last_check
            previous = last.job if last else None
            name = check_name(work.destination, inputs=inputs, request=request, previous=previous)
            job = self._cache.job(work.key.namespace, name)
            if job is None:
                if not self._check_wanted(work, inputs, request, folded):
                    return (_unanswered(work) or CheckFound(Check.SETTLED))._replace(job=folded)
                body = build_check_job(
                    work.destination, image=self._image, inputs=inputs, request=request, previous=previous
                )
                try:
                    job = await self._make_job(work, body)
                except (StatusError, ForeignJobError) as error:
                    work.wakes.append(work.now + REFUSED_AGAIN)
                    return CheckFound(Check.UNDER_WAY, impediment=_impediment(error))
            if request is not None:
                work.status = work.status.model_copy(update={"last_handled_check_request": request})
            if runs.ending(job) is None:
                return self._under_way(job)
            ended = runs.finished(job, await self._pods_at_end(job))
            work.status = fold_check(work.status, ended, inputs=inputs, request=request)
            folded = job

    # --- what the steps look at ---

    def runs(self, work: Work) -> list[Object]:
        """Return the Jobs of the destination's runs: its own, and those of its CronJob."""
        cronjob = self.cronjob(work)
        owners = [work.uid, *([cronjob["metadata"]["uid"]] if cronjob else [])]
        jobs = self._cache.jobs(work.key, owners=owners)
        return [job for job in jobs if runs.trigger(job) != names.TRIGGER_CHECK]

    def unfinished_runs(self, work: Work) -> list[Object]:
        """Return the Jobs of the runs that have not ended."""
        return [job for job in self.runs(work) if runs.ending(job) is None]

    def cronjob(self, work: Work) -> Object | None:
        """Return the destination's own CronJob, if it is in place."""
        live = self._cache.cronjob(work.key)
        return live if live is not None and owned_by(live, work.uid) else None

    def missing_secret(self, work: Work, check: Object | None) -> str | None:
        """Return what there is to say of a Secret that a Pod waits for, or that the last Pod never got.

        A Job that its deadline ended while it waited says nothing of the Secret, so the word of before
        stands until a Pod has started.
        """
        jobs = [*self.unfinished_runs(work), *([check] if check else [])]
        for job in jobs:
            if said := runs.missing_secret(self._cache.pods(job)):
                return f"A Pod waits for a Secret: {said}. It starts when the Secret is there."
        before = work.reason_before(ConditionType.READY)
        if before is None or before[0] != ConditionReason.SECRET_NOT_FOUND:
            return None
        newest = max([*self.runs(work), *([check] if check else [])], key=_age, default=None)
        started = newest is not None and runs.container_started(self._cache.pods(newest))
        return None if started else before[1]

    def _check_wanted(self, work: Work, inputs: str, request: str | None, folded: Object | None) -> bool:
        last, evidence = work.status.last_check, work.status.evidence
        if last is None or last.inputs != inputs or (request is not None and request != last.request):
            return True
        if is_obstacle(evidence) and evidence is not None and evidence.generation != work.generation:
            return evidence.reason != RunReason.GUARD_TRIPPED
        if not self.unfinished_runs(work) and self.missing_secret(work, folded):
            return True
        return _unanswered(work) is not None and work.now >= _checked_at(work) + RECHECK

    def _under_way(self, job: Object) -> CheckFound:
        pods = self._cache.pods(job)
        name = job["metadata"]["name"]
        if runs.failed_before(pods):
            report = runs.report_in(pods) or {}
            said = report.get("message") or "its Pod failed without a report"
            return CheckFound(Check.UNANSWERED, f"The check reached no answer and is tried again: {said}", job)
        waits = runs.waiting_for(pods)
        message = f"Job {name} checks the credentials and attributes" + (f"; its Pod waits: {waits}" if waits else ".")
        return CheckFound(Check.UNDER_WAY, message, job)

    async def _existing_cronjob(self, work: Work) -> Object | None:
        live = self._cache.cronjob(work.key)
        if live is not None or not work.memory.conflict:
            return live
        try:
            live = await self._client.get(CRONJOBS, *work.key)
        except StatusError as error:
            if error.not_found:
                return None
            raise
        if owned_by(live, work.uid):
            self._cache.put(CRONJOBS, live)
        return live

    async def _apply_cronjob(self, work: Work, live: Object | None, desired: Object) -> None:
        """Apply the CronJob onto `live`, or onto nothing: whatever else has the name stays untouched (409)."""
        body = annotated(desired, live, now=timestamp(work.now))
        guard = {"uid": live["metadata"]["uid"]} if live else {"resourceVersion": _NEVER_THERE}
        stored = await self._client.apply(CRONJOBS, body | {"metadata": body["metadata"] | guard})
        self._cache.put(CRONJOBS, stored)
        work.memory.settled = _generations(work, stored)

    async def _suspend(self, live: Object) -> None:
        metadata = live["metadata"]
        if live["spec"].get("suspend"):
            return
        body = {"metadata": {"uid": metadata["uid"]}, "spec": {"suspend": True}}
        self._cache.put(CRONJOBS, await self._client.patch(CRONJOBS, metadata["namespace"], metadata["name"], body))

    async def _make_job(self, work: Work, body: Object) -> Object:
        """Create a Job, or adopt the one that is there already.

        Raises:
            ForeignJobError: The one that is there is not the destination's.
            StatusError: It could not be made.
        """
        try:
            job = await self._client.create(JOBS, body)
        except StatusError as error:
            if not error.conflict:
                raise
            job = await self._client.get(JOBS, work.key.namespace, body["metadata"]["name"])
            if not owned_by(job, work.uid):
                raise ForeignJobError(
                    f"A Job {body['metadata']['name']} exists that is not this destination's. Delete it."
                ) from error
        self._cache.put(JOBS, job)
        return job

    async def _pods_at_end(self, job: Object) -> Sequence[Object]:
        """Return the Pods of a Job that has ended, asking the API server when a watch may be behind."""
        pods = self._cache.pods(job)
        if not _all_ended(job, pods):
            metadata = job["metadata"]
            selector = f"{_JOB_NAME}={metadata['name']}"
            async for page in self._client.list_pages(PODS, metadata["namespace"], label_selector=selector):
                for pod in page.items:
                    self._cache.put(PODS, pod)
            pods = self._cache.pods(job)
        return pods


def _generations(work: Work, live: Object) -> tuple[int, int]:
    return work.generation, live["metadata"]["generation"]


def _foreign(work: Work, live: Object) -> Impediment | None:
    """Return what is wrong with a CronJob that is not the destination's, or not for long."""
    if live["metadata"].get("deletionTimestamp") or owned_by_predecessor(
        live, DESTINATIONS, name=work.key.name, uid=work.uid
    ):
        work.wakes.append(work.now + LEFT_BEHIND_POLL)
        message = f"Kubernetes is about to remove the CronJob {work.key.name} of before."
        return Impediment(reason=ConditionReason.REPLACING, message=message, stalled=False)
    if owned_by(live, work.uid):
        return None
    work.memory.conflict = True
    work.wakes.append(work.now + CONFLICT_POLL)
    message = f"A CronJob {work.key.name} exists that is not this destination's. Delete it, or choose another name."
    return Impediment(reason=ConditionReason.NAME_CONFLICT, message=message)


def _impediment(error: StatusError | ForeignJobError) -> Impediment:
    """Return what a refusal of the API server, or a Job in the way, means for the destination.

    Raises:
        StatusError: It means nothing but that it did not work this time.
    """
    if isinstance(error, ForeignJobError):
        return Impediment(reason=ConditionReason.NAME_CONFLICT, message=str(error))
    if error.forbidden:
        return Impediment(reason=ConditionReason.REFUSED, message=error.message)
    if not error.invalid:
        raise error
    timing = any(name.startswith(_TIMING_FIELDS) for name in error.fields)
    reason = ConditionReason.INVALID_SCHEDULE if timing else ConditionReason.INVALID_JOB
    return Impediment(reason=reason, message=error.message)


def _unanswered(work: Work) -> CheckFound | None:
    """Return that the last check reached no answer, unless a run has answered since."""
    last, evidence = work.status.last_check, work.status.evidence
    if last is None or is_answer(last.outcome, last.reason):
        return None
    if evidence and (evidence.completion_time or "") > (last.completion_time or ""):
        return None
    work.wakes.append(_checked_at(work) + RECHECK)
    return CheckFound(Check.UNANSWERED, f"The last check reached no answer: {last.message}")


def _checked_at(work: Work) -> datetime:
    last = work.status.last_check
    return datetime.fromisoformat(last.completion_time) if last and last.completion_time else work.now


def _age(job: Object) -> tuple[str, str]:
    return job["metadata"]["creationTimestamp"], job["metadata"]["name"]


def _all_ended(job: Object, pods: Sequence[Object]) -> bool:
    """Return whether these can be all Pods that the Job counts."""
    phases = [(pod.get("status") or {}).get("phase") for pod in pods]
    counted = job.get("status") or {}
    return phases.count("Succeeded") >= (counted.get("succeeded") or 0) and phases.count("Failed") >= max(
        counted.get("failed") or 0, 0 if counted.get("succeeded") else 1
    )

"""Jobs and Pods as typed values: what the API server shows of them, as far as the operator decides by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mogulsync.kube.objects import Object
from mogulsync.resource import names
from mogulsync.resource.reasons import ExitCode

INSTANTIATE_ANNOTATION: Final = "cronjob.kubernetes.io/instantiate"
"""Set on a Job that a person made from a CronJob: by `kubectl create job --from=cronjob/...` or a console."""

_COMPLETE: Final = "Complete"
_FAILED: Final = "Failed"
_SUSPENDED: Final = "Suspended"
_WORKER_EXIT_CODES: Final = frozenset(ExitCode)
"""They show that a container ran, also where the kubelet does not say when it began."""
_EPOCH: Final = "1970-01-01T00:00:00Z"
"""What the kubelet gives as the start of a container that the runtime could not start (reason StartError)."""


@dataclass(frozen=True, kw_only=True)
class JobEnd:
    """How a Job ended, by its own conditions."""

    complete: bool
    """Whether it succeeded."""
    reason: str
    message: str
    time: datetime


@dataclass(frozen=True, kw_only=True)
class ContainerState:
    """The state of one container of a Pod."""

    name: str
    waiting_reason: str = ""
    waiting_message: str = ""
    running: bool = False
    terminated: bool = False
    terminated_reason: str = ""
    termination_message: str = ""
    started: bool = False
    """Whether it runs or ran."""
    start_failed: bool = False
    """Whether the runtime could not start it: its image lacks the program, for example."""


@dataclass(frozen=True, kw_only=True)
class ObservedPod:
    """A Pod of a Job."""

    name: str
    created: datetime
    phase: str = "Pending"
    reason: str = ""
    """The Pod's own, such as Evicted."""
    message: str = ""
    disruption: str = ""
    """Reason of the condition DisruptionTarget, such as EvictionByEvictionAPI."""
    disruption_message: str = ""
    unscheduled: str = ""
    """Why no node takes it."""
    containers: tuple[ContainerState, ...] = ()
    init_containers: tuple[ContainerState, ...] = ()

    @property
    def sync(self) -> ContainerState:
        """The container that runs the worker, as far as the kubelet has reported it."""
        for container in self.containers:
            if container.name == names.CONTAINER_NAME:
                return container
        return ContainerState(name=names.CONTAINER_NAME)


@dataclass(frozen=True, kw_only=True)
class ObservedJob:
    """A Job of a destination: a run, a check or a preview."""

    name: str
    uid: str
    created: datetime
    began: datetime
    """When it began, by the cluster's clock."""
    trigger: str
    generation: int | None = None
    """Of the spec that it was made from."""
    annotations: Mapping[str, str]
    ending: JobEnd | None = None
    """None while it has not ended."""
    suspended: bool = False
    deleting: bool = False
    succeeded_count: int = 0
    failed_count: int = 0
    stored: Object
    """As the API server stores it."""

    @property
    def under_way(self) -> bool:
        """Whether it may end by itself: a suspended Job, and one that is being deleted, may not."""
        return self.ending is None and not self.suspended and not self.deleting


def parse_job(stored: Object) -> ObservedJob:
    """Return the Job that the API server stores."""
    metadata, status = stored["metadata"], stored.get("status") or {}
    annotations: Mapping[str, str] = metadata.get("annotations") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or () if each["status"] == "True"}
    created = datetime.fromisoformat(metadata["creationTimestamp"])
    return ObservedJob(
        name=metadata["name"],
        uid=metadata["uid"],
        created=created,
        began=datetime.fromisoformat(status["startTime"]) if status.get("startTime") else created,
        trigger=_trigger(metadata.get("labels") or {}, annotations),
        generation=_generation(annotations),
        annotations=annotations,
        ending=_ending(status, conditions),
        suspended=_SUSPENDED in conditions,
        deleting=bool(metadata.get("deletionTimestamp")),
        succeeded_count=status.get("succeeded") or 0,
        failed_count=status.get("failed") or 0,
        stored=stored,
    )


def parse_pods(stored: Iterable[Object]) -> tuple[ObservedPod, ...]:
    """Return the Pods that the API server stores, the one that was made last at the end."""
    return tuple(sorted((_parse_pod(pod) for pod in stored), key=lambda pod: (pod.created, pod.name)))


def all_ended(job: ObservedJob, pods: Sequence[ObservedPod]) -> bool:
    """Return whether these can be all Pods that the Job counts, each ended.

    It does not count a Pod that was evicted or preempted: by its pod failure policy another takes its place.
    """
    phases = [pod.phase for pod in pods if not pod.disruption]
    failed_count = max(job.failed_count, 0 if job.succeeded_count else 1)
    return phases.count("Succeeded") >= job.succeeded_count and phases.count("Failed") >= failed_count


def _trigger(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    """Return what started a Job: one of the TRIGGER_ values."""
    if annotations.get(INSTANTIATE_ANNOTATION) == "manual":
        return names.TRIGGER_MANUAL
    return labels.get(names.LABEL_TRIGGER) or names.TRIGGER_SCHEDULE


def _generation(annotations: Mapping[str, str]) -> int | None:
    text = annotations.get(names.ANNOTATION_GENERATION) or ""
    return int(text) if text.isascii() and text.isdigit() else None


def _ending(status: Object, conditions: Mapping[str, Any]) -> JobEnd | None:
    condition = conditions.get(_COMPLETE) or conditions.get(_FAILED)
    if condition is None:
        return None
    return JobEnd(
        complete=condition["type"] == _COMPLETE,
        reason=condition.get("reason") or "",
        message=condition.get("message") or "",
        time=datetime.fromisoformat(status.get("completionTime") or condition["lastTransitionTime"]),
    )


def _parse_pod(stored: Object) -> ObservedPod:
    metadata, status = stored["metadata"], stored.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled") or {}
    disrupted = conditions.get("DisruptionTarget") or {}
    is_disrupted = disrupted.get("status") == "True"
    return ObservedPod(
        name=metadata["name"],
        created=datetime.fromisoformat(metadata["creationTimestamp"]),
        phase=status.get("phase") or "Pending",
        reason=status.get("reason") or "",
        message=status.get("message") or "",
        disruption=(disrupted.get("reason") or "") if is_disrupted else "",
        disruption_message=(disrupted.get("message") or "") if is_disrupted else "",
        unscheduled=_sentence(scheduled) if scheduled.get("status") == "False" else "",
        containers=_containers(status.get("containerStatuses")),
        init_containers=_containers(status.get("initContainerStatuses")),
    )


def _containers(statuses: Iterable[Object] | None) -> tuple[ContainerState, ...]:
    return tuple(_container(status["name"], status.get("state") or {}) for status in statuses or ())


def _container(name: str, state: Object) -> ContainerState:
    waiting, terminated = state.get("waiting") or {}, state.get("terminated") or {}
    running = "running" in state
    started_at = terminated.get("startedAt") or ""
    start_failed = bool(started_at) and started_at <= _EPOCH
    ran = started_at > _EPOCH or terminated.get("exitCode") in _WORKER_EXIT_CODES
    return ContainerState(
        name=name,
        waiting_reason=waiting.get("reason") or "",
        waiting_message=waiting.get("message") or "",
        running=running,
        terminated=bool(terminated),
        terminated_reason=terminated.get("reason") or "",
        termination_message=terminated.get("message") or "",
        started=running or ran,
        start_failed=start_failed and not ran,
    )


def _sentence(condition: Object) -> str:
    return f"{condition.get('reason') or 'Unknown'}: {condition.get('message') or ''}".removesuffix(": ")

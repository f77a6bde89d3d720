"""What the Pods of a Job that has not ended wait for."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from mogulsync.controller.observed import ContainerState, ObservedJob, ObservedPod
from mogulsync.resource import names

_UNINFORMATIVE: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""Reasons of a container that will start soon."""
_CONFIG_ERROR: Final = "CreateContainerConfigError"
"""Reason of a container that lacks a Secret or ConfigMap, or a key in one."""
_SECRET: Final = re.compile(r'\bsecret "[^"]+" not found|\bin Secret \S')
"""The kubelet's words for a Secret, or a key in one, that is not there; a ConfigMap may have "secret" in its name."""
_SLOW_START: Final = timedelta(minutes=1)
"""From when on it is said that a container is still being created: an image that is pulled, or a volume."""


def missing_secret(pods: Sequence[ObservedPod]) -> str | None:
    """Return the kubelet's message of a Secret, or a key in it, that the last Pod waits for."""
    if not pods:
        return None
    sync = pods[-1].sync
    is_secret = sync.waiting_reason == _CONFIG_ERROR and _SECRET.search(sync.waiting_message)
    return sync.waiting_message if is_secret else None


def container_started(pods: Sequence[ObservedPod]) -> bool:
    """Return whether the worker of any Pod runs or ran."""
    return any(pod.sync.started for pod in pods)


def failed_before(pods: Iterable[ObservedPod]) -> bool:
    """Return whether a Pod failed, so that the Job is trying again."""
    return any(pod.phase == "Failed" for pod in pods)


def slow_from(pod: ObservedPod) -> datetime | None:
    """Return when a Pod whose container is being created is slow; None when it is not being created."""
    return pod.created + _SLOW_START if pod.sync.waiting_reason in _UNINFORMATIVE else None


def waiting_for(job: ObservedJob, pods: Sequence[ObservedPod], *, now: datetime) -> str | None:
    """Return what a Job waits for, where it is more than that its Pod starts soon or its worker runs."""
    if job.deleting:
        return f"Job {job.name} is being deleted and does not go: a finalizer holds it"
    if job.suspended:
        return f"Job {job.name} is suspended; it goes on when its spec.suspend is false"
    if not pods:
        return (
            "it has no Pod yet; where that lasts, a quota, a missing PriorityClass or ServiceAccount, or an admission "
            f"policy forbids it, and `kubectl describe job {job.name}` shows which"
        )
    return _pod_waits_for(pods[-1], now)


def _pod_waits_for(pod: ObservedPod, now: datetime) -> str | None:
    sync = pod.sync
    if _is_stuck(sync):
        return _reason_of(sync)
    if pod.unscheduled:
        return pod.unscheduled
    others = [each for each in pod.containers if each.name != names.CONTAINER_NAME]
    if sync.terminated and pod.phase in {"Pending", "Running"}:
        going_on = ", ".join(each.name for each in others if not each.terminated)
        return f"its worker has ended, and other containers go on: {going_on}" if going_on else None
    if sync.started:
        return None
    return _others_wait_for(pod.init_containers, others) or _slow_start(pod, now)


def _slow_start(pod: ObservedPod, now: datetime) -> str | None:
    late = slow_from(pod)
    if late is None or now < late:
        return None
    return (
        f"its container is still being created ({pod.sync.waiting_reason}); `kubectl describe pod {pod.name}` shows why"
    )


def _others_wait_for(init_containers: Iterable[ContainerState], others: Iterable[ContainerState]) -> str | None:
    """Return which of the containers that others put into the Pod keeps the worker from starting."""
    for kind, containers in (("init container", init_containers), ("container", others)):
        for each in containers:
            if _is_stuck(each):
                return f"{kind} {each.name}: {_reason_of(each)}"
    going_on = ", ".join(each.name for each in init_containers if each.running)
    return f"init containers that have not ended: {going_on}" if going_on else None


def _is_stuck(container: ContainerState) -> bool:
    return bool(container.waiting_reason) and container.waiting_reason not in _UNINFORMATIVE


def _reason_of(container: ContainerState) -> str:
    if not container.waiting_message:
        return container.waiting_reason
    return f"{container.waiting_reason}: {container.waiting_message}"

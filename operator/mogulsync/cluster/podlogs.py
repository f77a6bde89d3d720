"""The log of a run's Pod."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from mogulsync.cluster.access import DESTINATIONS, Access
from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.kube.objects import PODS, NamespacedName, Object
from mogulsync.resource import names

_JOB_NAME: Final = "batch.kubernetes.io/job-name"
_JOB_NAME_OF_OLD: Final = "job-name"
_RUNS: Final = frozenset({names.TRIGGER_SCHEDULE, names.TRIGGER_MANUAL})
_POLL_SECONDS: Final = 1.0
_BAD_REQUEST: Final = 400


async def pod_of(access: Access, destination: str, job: str | None) -> Object:
    """Return the Pod to read: the newest of a run, or of that Job.

    Raises:
        ClusterProblemError: There is none.
    """
    selector = f"{names.LABEL_DESTINATION}={destination}"
    pods = [
        pod
        for pod in await access.read_all(PODS, access.namespace, label_selector=selector)
        if (_job(pod) == job if job else _trigger(pod) in _RUNS)
    ]
    if pods:
        return max(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
    await _assert_exists(access, destination)
    if job:
        raise ClusterProblemError(
            f"there is no Pod of a Job {job} of {destination} in namespace {access.namespace}; kubectl get pods -l "
            f"{selector} lists those that exist"
        )
    raise ClusterProblemError(
        f"there is no Pod of a run of {destination} in namespace {access.namespace}: none has begun yet, or it was "
        "collected; mogulsync status shows the last report, mogulsync sync-now starts a run"
    )


async def _assert_exists(access: Access, destination: str) -> None:
    """Raise when the destination does not exist, as far as that can be seen."""
    try:
        await access.read(DESTINATIONS, access.namespace, destination)
    except ClusterProblemError as error:
        if not error.forbidden:
            raise


async def log_of(access: Access, pod: Object) -> AsyncIterator[bytes]:
    """Yield what the Pod has logged so far."""
    async for piece in _pieces(access, pod, {}):
        yield piece


async def followed_log_of(access: Access, pod: Object, show: Callable[[str], None]) -> AsyncIterator[bytes]:
    """Yield what the Pod has logged, and what it logs until it ends; wait for its start.

    Args:
        access: Where the Pod is.
        pod: The Pod.
        show: Called with a line when it has not started yet.
    """
    shown = False
    while True:
        try:
            async for piece in _pieces(access, pod, {"follow": "true"}):
                yield piece
        except ClusterProblemError as error:
            if error.status != _BAD_REQUEST:
                raise
            if not shown:
                show(f"waiting: {error}")
                shown = True
            await asyncio.sleep(_POLL_SECONDS)
        else:
            return


async def _pieces(access: Access, pod: Object, query: dict[str, str]) -> AsyncIterator[bytes]:
    query = {"container": names.CONTAINER_NAME, **query}
    async with access.stream(PODS, NamespacedName.of(pod), "log", query=query) as pieces:
        async for piece in pieces:
            yield piece


def _job(pod: Object) -> str | None:
    labels = pod["metadata"].get("labels") or {}
    name: str | None = labels.get(_JOB_NAME) or labels.get(_JOB_NAME_OF_OLD)
    return name


def _trigger(pod: Object) -> str | None:
    trigger: str | None = (pod["metadata"].get("labels") or {}).get(names.LABEL_TRIGGER)
    return trigger

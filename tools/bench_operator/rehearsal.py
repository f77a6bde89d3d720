"""What the operator writes for one destination, recorded from its own reconciler."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bench_operator.destinations import NAMESPACE, destination
from bench_operator.kubelet import end
from localkube.podstatus import instant
from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.controller.reconcile import Reconciler
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.client import ObjectList
from mogulsync.kube.objects import JOBS, PODS, GroupVersionResource, NamespacedName, Object
from mogulsync.resource import names

NAME: Final = "rehearsed-name"
"""Placeholder of the destination's name in everything that is written."""
UID: Final = "rehearsed-uid"
"""Placeholder of its uid."""

_DEFAULTS: Final = {"suspend": False, "maxChangedPercent": 100, "rateLimitPercent": 80, "emptyValues": "Clear"}


@dataclass(frozen=True, slots=True)
class Write:
    """One request."""

    method: str
    resource: GroupVersionResource
    name: str | None
    """None: one is created."""
    subresource: str | None
    body: Object


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What is written for a destination."""

    at_once: list[Write]
    """When it was created."""
    after_check: list[Write]
    """When its check has passed."""


class _RecordingCluster:
    """A client that takes everything and notes it."""

    def __init__(self, shown: Object) -> None:
        self.writes: list[Write] = []
        self._destination = shown
        self._version = 1

    async def get(self, resource: GroupVersionResource, namespace: str, name: str) -> Object:
        raise NotImplementedError

    async def list_pages(self, *_: object, **__: object) -> AsyncIterator[ObjectList]:
        yield ObjectList([], str(self._version))

    async def create(self, resource: GroupVersionResource, body: Object) -> Object:
        self.writes.append(Write("POST", resource, None, None, body))
        return self._stored(body)

    async def apply(self, resource: GroupVersionResource, body: Object) -> Object:
        self.writes.append(Write("PATCH", resource, body["metadata"]["name"], None, body))
        return self._stored(body)

    async def patch(
        self, resource: GroupVersionResource, _: str, name: str, body: Object, *, subresource: str = ""
    ) -> Object:
        # The bare client knows that nobody else writes.
        self.writes.append(Write("PATCH", resource, name, subresource, {"status": body["status"]}))
        status = {**self._destination["status"], **body["status"]}
        self._destination = self._stored(self._destination) | {"status": status}
        return self._destination

    def _stored(self, body: Object) -> Object:
        self._version += 1
        given: Object = {
            "uid": body["metadata"]["name"],
            "creationTimestamp": instant(datetime.now(UTC)),
            "generation": 1,
        }
        return body | {"metadata": given | body["metadata"] | {"resourceVersion": str(self._version)}}


async def rehearse() -> Rehearsed:
    """Return what the operator writes for a destination that is created and whose check passes."""
    shown = _as_stored(destination(NAME))
    key, cache, recording = NamespacedName(NAMESPACE, NAME), DestinationCache(), _RecordingCluster(shown)
    reconciler = Reconciler(
        recording, cache, job_defaults=JobDefaults(image="mogulsync:bench"), clock=lambda: datetime.now(UTC)
    )
    cache.put(DESTINATIONS, shown)
    await reconciler.reconcile(key)
    at_once, recording.writes = recording.writes, []
    (job,) = cache.jobs(key)
    for resource, seen in _ended(job):
        cache.put(resource, seen)
    await reconciler.reconcile(key)
    return Rehearsed(at_once, recording.writes)


def _as_stored(manifest: Object) -> Object:
    now = instant(datetime.now(UTC))
    metadata = {"uid": UID, "generation": 1, "resourceVersion": "1", "creationTimestamp": now}
    spec: dict[str, Any] = {**_DEFAULTS, **manifest["spec"]}
    return manifest | {
        "metadata": metadata | manifest["metadata"],
        "spec": spec,
        "status": {"observedGeneration": -1},
    }


def _ended(job: Object) -> list[tuple[GroupVersionResource, Object]]:
    """Return the Job, its Pod too, when its one Pod has passed."""
    now = datetime.now(UTC)
    metadata = {"resourceVersion": "1000", "creationTimestamp": instant(now), "uid": "rehearsed-job"}
    complete = {"type": "Complete", "status": "True", "lastTransitionTime": instant(now)}
    times = {"startTime": instant(now), "completionTime": instant(now)}
    pod: Object = {
        "metadata": metadata
        | {
            "name": job["metadata"]["name"],
            "namespace": NAMESPACE,
            "labels": job["metadata"]["labels"],
            "ownerReferences": [{"uid": job["metadata"]["uid"], "controller": True}],
        },
        "spec": {"containers": [{"name": names.CONTAINER_NAME, "image": "mogulsync:bench"}]},
    }
    ended = job | {
        "metadata": job["metadata"] | {"resourceVersion": "1000"},
        "status": {"succeeded": 1, "conditions": [complete], **times},
    }
    return [(PODS, pod | {"status": end(pod, now)}), (JOBS, ended)]

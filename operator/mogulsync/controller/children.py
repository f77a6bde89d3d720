"""Writes a destination's CronJob and Jobs, and puts what the API server answers into the cache."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from mogulsync.controller.blocker import is_denied
from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.jobresult import JobResult, job_result
from mogulsync.controller.observed import ObservedJob, ObservedPod, all_ended, parse_job, parse_pods
from mogulsync.controller.snapshot import Snapshot
from mogulsync.kube.client import KubernetesClient, StatusError
from mogulsync.kube.objects import CRONJOBS, JOBS, PODS, NamespacedName, Object, owned_by
from mogulsync.resource.names import FIELD_MANAGER
from mogulsync.resource.times import timestamp

_NO_SUCH_VERSION: Final = "1"
"""A resourceVersion that no object has: applied with it, an object is created or the API server answers 409."""
_ALREADY_EXISTS: Final = "AlreadyExists"
"""Kubernetes' reason for a create of what is there; others answer 409, too, such as a quota that changed meanwhile."""
_JOB_NAME_LABEL: Final = "batch.kubernetes.io/job-name"
"""Label that Kubernetes gives a Job's Pods."""


def claimed_fields(entries: Iterable[Object], *, now: str) -> list[Object]:
    """Return managedFields in which the operator alone has all fields of the spec that anyone had.

    What others have of metadata and status stays theirs.

    Args:
        entries: The managedFields of now.
        now: The time, as Kubernetes writes it.
    """
    spec: Object = {}
    kept: list[Object] = []
    for entry in entries:
        fields = entry.get("fieldsV1") or {}
        spec = _union(spec, {key: value for key, value in fields.items() if key == "f:spec"})
        rest = {key: value for key, value in fields.items() if key != "f:spec"}
        ours = (entry.get("manager"), entry.get("operation")) == (FIELD_MANAGER, "Apply")
        if ours:
            spec = _union(spec, rest)
        elif rest:
            kept.append(entry | {"fieldsV1": rest})
    claim = {
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": CRONJOBS.api_version,
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": spec,
    }
    return [*kept, claim] if spec else kept


def _union(one: Object, other: Object) -> Object:
    return one | {key: _union(one.get(key) or {}, value) for key, value in other.items()}


class ForeignJobError(Exception):
    """A Job has the name that the operator needs, and is not the destination's."""


class Children:
    """The CronJobs, Jobs and Pods of destinations, as steps write and read them. All methods raise StatusError.

    Args:
        client: Where objects are written and read.
        cache: Takes what the API server answers.
    """

    def __init__(self, client: KubernetesClient, cache: DestinationCache) -> None:
        self._client = client
        self._cache = cache

    async def read_cronjob(self, key: NamespacedName) -> Object | None:
        """Return the CronJob of this name as the API server has it, whosever it is; None when there is none."""
        try:
            return await self._client.get(CRONJOBS, *key)
        except StatusError as error:
            if error.not_found:
                return None
            raise

    def keep_cronjob(self, live: Object) -> None:
        """Put a CronJob that was read into the cache."""
        self._cache.put(CRONJOBS, live)

    async def apply_cronjob(self, desired: Object, *, live: Object | None) -> Object:
        """Apply the CronJob onto `live`, or onto nothing: whatever else has the name stays untouched (409)."""
        guard = {"uid": live["metadata"]["uid"]} if live else {"resourceVersion": _NO_SUCH_VERSION}
        stored = await self._client.apply(CRONJOBS, desired | {"metadata": desired["metadata"] | guard})
        self._cache.put(CRONJOBS, stored)
        return stored

    async def claim_fields(self, live: Object, *, now: datetime) -> None:
        """Make the operator the only manager of the CronJob's spec, so that the next apply makes it exactly ours.

        Server-side apply removes only what its own manager owned and does not apply any more (Kubernetes'
        documentation, Server-Side Apply, Transferring ownership).
        """
        key = NamespacedName.of(live)
        seen = await self._client.get(CRONJOBS, *key)
        claimed = claimed_fields(seen["metadata"].get("managedFields") or (), now=timestamp(now))
        metadata = {
            "uid": live["metadata"]["uid"],
            "resourceVersion": seen["metadata"]["resourceVersion"],
            "managedFields": claimed,
        }
        self._cache.put(CRONJOBS, await self._client.patch(CRONJOBS, *key, {"metadata": metadata}))

    async def patch_cronjob(self, live: Object, change: Mapping[str, Object]) -> Object:
        """Merge a change into this CronJob, if it is still the same object; return it as stored."""
        metadata = live["metadata"]
        body = {**change, "metadata": {**change.get("metadata", {}), "uid": metadata["uid"]}}
        stored = await self._client.patch(CRONJOBS, metadata["namespace"], metadata["name"], body)
        self._cache.put(CRONJOBS, stored)
        return stored

    async def create_job(self, snapshot: Snapshot, body: Object) -> ObservedJob:
        """Create a Job, or adopt the one that is there already.

        Raises:
            ForeignJobError: The one that is there is not the destination's.
        """
        name = body["metadata"]["name"]
        try:
            stored = await self._client.create(JOBS, body)
        except StatusError as error:
            if error.reason != _ALREADY_EXISTS or is_denied(error):
                raise
            stored = await self._client.get(JOBS, snapshot.destination.key.namespace, name)
            if not owned_by(stored, snapshot.destination.uid):
                raise ForeignJobError(f"A Job {name} exists that is not this destination's. Delete it.") from error
        self._cache.put(JOBS, stored)
        return parse_job(stored)

    async def result_of(self, snapshot: Snapshot, job: ObservedJob) -> JobResult:
        """Return what a Job that has ended came to.

        A console may make a Job without the annotation of its generation: it is taken to be of the present spec.
        """
        result = job_result(job, await self.pods_at_end(snapshot, job))
        return result if result.generation is not None else replace(result, generation=snapshot.destination.generation)

    async def pods_at_end(self, snapshot: Snapshot, job: ObservedJob) -> tuple[ObservedPod, ...]:
        """Return the Pods of a Job that has ended; asks the API server when the watch may be behind."""
        pods = snapshot.pods_of(job)
        if all_ended(job, pods):
            return pods
        namespace, selector = snapshot.destination.key.namespace, f"{_JOB_NAME_LABEL}={job.name}"
        async for page in self._client.list_pages(PODS, namespace, label_selector=selector):
            for pod in page.items:
                self._cache.put(PODS, pod)
        return parse_pods(self._cache.pods(job.stored))

"""What the operator has seen of the cluster: the latest of each object, found by destination."""

from collections.abc import Iterator
from typing import Final

from mogulsync.controller.resources import DESTINATIONS, WATCHED
from mogulsync.kube.cache import Cache
from mogulsync.kube.objects import (
    CRONJOBS,
    JOBS,
    PODS,
    GroupVersionResource,
    NamespacedName,
    Object,
    owned_by,
)
from mogulsync.resource import names

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_POD_METADATA: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "labels", "ownerReferences")
_POD_STATUS: Final = ("phase", "reason", "message", "conditions", "containerStatuses", "initContainerStatuses")
_DELETED: Final = "deleted"
"""Key of an object that was deleted and is kept all the same."""


class DestinationCache:
    """The objects that watches, lists and answers to writes have shown.

    A Job that was deleted after it ended is kept until it is forgotten (`forget`), so that a run whose Job
    Kubernetes removes at once is still reported; and a Job's Pods stay as long as their Job, so that
    their reports do.
    """

    def __init__(self) -> None:
        self.revision = 0
        """Grows with every change."""
        self._caches: dict[GroupVersionResource, Cache[NamespacedName]] = {
            resource: _cache_of(resource) for resource in WATCHED
        }

    def destination_keys(self) -> list[NamespacedName]:
        """Return the keys of all destinations."""
        return self._caches[DESTINATIONS].names()

    def destinations(self) -> list[Object]:
        """Return all destinations."""
        return self._caches[DESTINATIONS].values()

    def destination(self, key: NamespacedName) -> Object | None:
        """Return a destination."""
        return self._caches[DESTINATIONS].get(key)

    def cronjob(self, key: NamespacedName) -> Object | None:
        """Return the CronJob of the destination's name, if it has our label."""
        return self._caches[CRONJOBS].get(key)

    def job(self, namespace: str, name: str) -> Object | None:
        """Return a Job that has our label."""
        return self._caches[JOBS].get(NamespacedName(namespace, name))

    def jobs(self, key: NamespacedName) -> list[Object]:
        """Return the Jobs with the destination's label, whosever they are."""
        return self._caches[JOBS].by_index(key)

    def pods(self, job: Object) -> list[Object]:
        """Return the Pods of a Job, also those deleted meanwhile."""
        uid = job["metadata"]["uid"]
        return [pod for pod in self._caches[PODS].by_index(destination_of(JOBS, job)) if owned_by(pod, uid)]

    def put(self, resource: GroupVersionResource, seen: Object) -> bool:
        """Keep an object unless a newer state of it is known; return whether it was news."""
        is_news = self._caches[resource].put(seen)
        self.revision += is_news
        return is_news

    def put_listed(self, resource: GroupVersionResource, item: Object, *, until: str) -> bool:
        """Keep an object as a list has it that is true up to a resourceVersion; return whether it went back.

        It did where a later state is known, though none later than the list: that one is no more.
        """
        cache = self._caches[resource]
        went_back = cache.is_ahead_of(item, until=until)
        if went_back:
            cache.drop(NamespacedName.of(item))
        self.put(resource, item)
        return went_back

    def remove(self, resource: GroupVersionResource, last: Object) -> None:
        """Record that an object was deleted; `last` is its last state."""
        cache, name = self._caches[resource], NamespacedName.of(last)
        known = cache.get(name)
        if known is not None and known["metadata"]["uid"] != last["metadata"]["uid"]:
            return  # its successor is known already
        if not _is_kept(resource, last):
            self._drop(resource, name)
            return
        self.put(resource, last)
        if (kept := cache.get(name)) is not None:
            kept[_DELETED] = True
        if resource is PODS and not self._job_of(last):
            self._drop(resource, name)

    def forget(self, key: NamespacedName) -> None:
        """Drop what was kept of the destination's deleted Jobs."""
        for job in self._caches[JOBS].by_index(key):
            if job.get(_DELETED):
                self._drop(JOBS, NamespacedName.of(job))

    def prune(
        self, resource: GroupVersionResource, namespace: str | None, *, present: set[NamespacedName], until: str
    ) -> list[NamespacedName]:
        """Drop what a list that is true up to a resourceVersion does not have; return whose it was."""
        missing = self._caches[resource].missing_from(present, namespace=namespace, until=until)
        gone = [each for each in missing if not each.get(_DELETED)]
        for each in gone:
            self.remove(resource, each)
        return [destination_of(resource, each) for each in gone]

    def newest_version(self, resource: GroupVersionResource, namespace: str | None) -> int:
        """Return the highest resourceVersion that a kind's objects have, in a namespace or in all."""
        return self._caches[resource].newest_version(namespace)

    def clear(self, resource: GroupVersionResource, namespace: str | None) -> list[NamespacedName]:
        """Drop a kind's objects, whatever their version; return whose they were."""
        self.revision += 1
        return [destination_of(resource, each) for each in self._caches[resource].clear(namespace)]

    def _drop(self, resource: GroupVersionResource, name: NamespacedName) -> None:
        dropped = self._caches[resource].drop(name)
        self.revision += 1
        if dropped is None or resource is not JOBS:
            return
        for pod in self.pods(dropped):
            if pod.get(_DELETED):
                self._drop(PODS, NamespacedName.of(pod))

    def _job_of(self, pod: Object) -> Object | None:
        jobs = self._caches[JOBS].by_index(destination_of(PODS, pod))
        return next((job for job in jobs if owned_by(pod, job["metadata"]["uid"])), None)


def destination_of(resource: GroupVersionResource, seen: Object) -> NamespacedName:
    """Return the key of the destination that an object belongs to by its name or label."""
    if resource in {DESTINATIONS, CRONJOBS}:
        return NamespacedName.of(seen)
    metadata = seen["metadata"]
    return NamespacedName(metadata["namespace"], (metadata.get("labels") or {}).get(names.LABEL_DESTINATION) or "")


def _cache_of(resource: GroupVersionResource) -> Cache[NamespacedName]:
    return Cache(transform=lambda seen: _trimmed(resource, seen), index=lambda seen: destination_of(resource, seen))


def _is_kept(resource: GroupVersionResource, deleted: Object) -> bool:
    return resource is PODS or (resource is JOBS and _ended(deleted))


def _ended(job: Object) -> bool:
    conditions: Iterator[Object] = iter((job.get("status") or {}).get("conditions") or ())
    return any(each["type"] in {"Complete", "Failed"} and each["status"] == "True" for each in conditions)


def _trimmed(resource: GroupVersionResource, seen: Object) -> Object:
    """Return the object without what the operator never reads, which is most of it."""
    metadata = {key: value for key, value in seen["metadata"].items() if key != "managedFields"}
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _LAST_APPLIED}
    kept = {key: value for key, value in seen.items() if key not in {"metadata", "spec", "status"}}
    status = seen.get("status") or {}
    if resource is PODS:
        metadata = {key: metadata[key] for key in _POD_METADATA if key in metadata}
        return kept | {"metadata": metadata, "status": {key: status[key] for key in _POD_STATUS if key in status}}
    if resource is JOBS:
        return kept | {"metadata": metadata, "status": status}
    return kept | {"metadata": metadata, "spec": seen["spec"], "status": status}

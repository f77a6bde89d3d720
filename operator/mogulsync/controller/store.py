"""What the operator has seen of the cluster: the latest of each object, found by destination."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from mogulsync.controller.cluster import CRONJOBS, DESTINATIONS, JOBS, PODS, Kind, Object
from mogulsync.controller.cronjob import owned_by
from mogulsync.resource import names


class Key(NamedTuple):
    """Namespace and name of a destination: what the queue's items are."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_POD_METADATA: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "labels", "ownerReferences")
_POD_STATUS: Final = ("phase", "reason", "message", "conditions", "containerStatuses")


class Store:
    """The objects that watches, lists and answers to writes have shown.

    A Job that was deleted after it ended is kept until it is forgotten (`forget`), so that a run whose Job
    Kubernetes removes at once is still reported; and a Job's Pods stay as long as their Job, so that
    their reports do.
    """

    def __init__(self) -> None:
        self._objects: dict[Kind, dict[Key, Object]] = {kind: {} for kind in (DESTINATIONS, CRONJOBS, JOBS, PODS)}
        self._jobs: defaultdict[Key, set[Key]] = defaultdict(set)
        self._pods: defaultdict[Key, set[Key]] = defaultdict(set)

    def destination_keys(self) -> list[Key]:
        """Return the keys of all destinations."""
        return list(self._objects[DESTINATIONS])

    def destinations(self) -> list[Object]:
        """Return all destinations."""
        return list(self._objects[DESTINATIONS].values())

    def destination(self, key: Key) -> Object | None:
        """Return a destination."""
        return self._objects[DESTINATIONS].get(key)

    def cronjob(self, key: Key) -> Object | None:
        """Return the CronJob of the destination's name, if it carries our label."""
        return self._objects[CRONJOBS].get(key)

    def job(self, namespace: str, name: str) -> Object | None:
        """Return a Job that carries our label."""
        return self._objects[JOBS].get(Key(namespace, name))

    def jobs(self, key: Key, *, owners: Iterable[str]) -> list[Object]:
        """Return the destination's Jobs that one of these uids owns."""
        uids = tuple(owners)
        jobs = (self._objects[JOBS][each] for each in self._jobs[key])
        return [job for job in jobs if any(owned_by(job, uid) for uid in uids)]

    def pods(self, job: Object) -> list[Object]:
        """Return the Pods of a Job, also those deleted meanwhile."""
        uid = job["metadata"]["uid"]
        home = self._objects[PODS]
        pods = (home[each] for each in self._pods[destination_of(JOBS, job)] if each in home)
        return [pod for pod in pods if owned_by(pod, uid)]

    def put(self, kind: Kind, seen: Object) -> bool:
        """Keep an object unless a newer state of it is known; return whether it was news."""
        known = self._objects[kind].get(_key(seen))
        if known is not None and _version(known) >= _version(seen):
            return False
        self._objects[kind][_key(seen)] = _trimmed(kind, seen)
        index = self._index(kind)
        if index is not None:
            index[destination_of(kind, seen)].add(_key(seen))
        return True

    def remove(self, kind: Kind, last: Object) -> None:
        """Take note that an object was deleted; `last` is its last state."""
        key = _key(last)
        known = self._objects[kind].get(key)
        if known is not None and known["metadata"]["uid"] != last["metadata"]["uid"]:
            return  # its successor is known already
        if kind is PODS or (kind is JOBS and _ended(last)):
            self.put(kind, last)
            self._objects[kind][key]["deleted"] = True
            if kind is PODS and not self._job_of(last):
                self._drop(kind, key)
        else:
            self._drop(kind, key)

    def forget(self, key: Key) -> None:
        """Drop what was kept of the destination's deleted Jobs."""
        for each in [each for each in self._jobs[key] if self._objects[JOBS][each].get("deleted")]:
            self._drop(JOBS, each)

    def prune(self, kind: Kind, namespace: str | None, *, present: set[Key], until: str) -> list[Key]:
        """Drop what a list that is true up to a resourceVersion does not have; return whose it was."""
        gone = [
            (key, known)
            for key, known in self._objects[kind].items()
            if key not in present
            and namespace in {None, key.namespace}
            and not known.get("deleted")
            and _version(known) <= _number(until)
        ]
        owners = [destination_of(kind, known) for _, known in gone]
        for _, known in gone:
            self.remove(kind, known)
        return owners

    def _drop(self, kind: Kind, key: Key) -> None:
        dropped = self._objects[kind].pop(key, None)
        if dropped is None:
            return
        index = self._index(kind)
        if index is not None:
            owner = destination_of(kind, dropped)
            index[owner].discard(key)
            if not index[owner]:
                del index[owner]
        if kind is JOBS:
            for pod in self.pods(dropped):
                if pod.get("deleted"):
                    self._drop(PODS, _key(pod))

    def _job_of(self, pod: Object) -> Object | None:
        key = destination_of(PODS, pod)
        jobs = (self._objects[JOBS][each] for each in self._jobs[key])
        return next((job for job in jobs if owned_by(pod, job["metadata"]["uid"])), None)

    def _index(self, kind: Kind) -> defaultdict[Key, set[Key]] | None:
        return {JOBS: self._jobs, PODS: self._pods}.get(kind)


def destination_of(kind: Kind, seen: Object) -> Key:
    """Return the key of the destination that an object belongs to by its name or label."""
    metadata = seen["metadata"]
    if kind in {DESTINATIONS, CRONJOBS}:
        return Key(metadata["namespace"], metadata["name"])
    return Key(metadata["namespace"], (metadata.get("labels") or {}).get(names.LABEL_DESTINATION) or "")


def _key(seen: Object) -> Key:
    return Key(seen["metadata"]["namespace"], seen["metadata"]["name"])


def _version(seen: Object) -> int:
    return _number(seen["metadata"]["resourceVersion"])


def _number(resource_version: str) -> int:
    """Return a resourceVersion as a number: Kubernetes' own resources grow by it (KEP-5504)."""
    return int(resource_version) if resource_version.isdigit() else 0


def _ended(job: Object) -> bool:
    conditions: Iterator[Object] = iter((job.get("status") or {}).get("conditions") or ())
    return any(each["type"] in {"Complete", "Failed"} and each["status"] == "True" for each in conditions)


def _trimmed(kind: Kind, seen: Object) -> Object:
    """Return the object without what the operator never reads, which is most of it."""
    metadata = {key: value for key, value in seen["metadata"].items() if key != "managedFields"}
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _LAST_APPLIED}
    kept = {key: value for key, value in seen.items() if key not in {"metadata", "spec", "status"}}
    status = seen.get("status") or {}
    if kind is PODS:
        metadata = {key: metadata[key] for key in _POD_METADATA if key in metadata}
        return kept | {"metadata": metadata, "status": {key: status[key] for key in _POD_STATUS if key in status}}
    if kind is JOBS:
        return kept | {"metadata": metadata, "status": status}
    return kept | {"metadata": metadata, "spec": seen["spec"], "status": status}

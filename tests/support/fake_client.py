"""A Kubernetes client in memory: what the API server does with lists, writes, conflicts and owners, without one.

`tests/support/client_contract.py` holds it to what a real API server answers. It knows no schemas: nothing is
validated, and defaults are given by the test (`defaults`).
"""

import copy
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from mogulsync.kube.client import PAGE_LENGTH, ObjectList, StatusError
from mogulsync.kube.objects import GroupVersionResource, NamespacedName, Object, owner_references

_WITH_STATUS: Final = frozenset({"intercomdestinations", "cronjobs", "jobs", "pods"})
"""Kinds whose status is a subresource: a write to the object leaves it, and one to it leaves the rest."""
_SERVER_OWNED: Final = ("uid", "creationTimestamp", "generation")

Subscriber = Callable[[GroupVersionResource, str, Object], None]
"""Takes what a watch would show: the kind, ADDED, MODIFIED or DELETED, and the object."""


@dataclass(frozen=True)
class Write:
    """One request that writes."""

    method: str
    """create, apply or patch."""
    resource: GroupVersionResource
    name: str
    subresource: str
    body: Object


Fault = Callable[[Write], StatusError | None]
"""Returns the error with which a write is refused; None: it is not."""


class FakeKubernetesClient:
    """A cluster in memory, as a client shows it.

    Args:
        defaults: What the API server fills in when an object of a kind is stored.
        clock: The time of day, with a zone.
    """

    def __init__(
        self,
        *,
        defaults: Mapping[GroupVersionResource, Callable[[Object], Object]] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.writes: list[Write] = []
        """All requests that wrote or tried to, in order."""
        self.fault: Fault = lambda _write: None
        """Refuses writes while a test wants it."""
        self._defaults = defaults or {}
        self._clock = clock
        self._objects: dict[GroupVersionResource, dict[NamespacedName, Object]] = {}
        self._applied: dict[tuple[GroupVersionResource, NamespacedName], Object] = {}
        self._versions = itertools.count(2)
        self._version = 1
        self._subscribers: list[Subscriber] = []

    # --- the protocol ---

    async def get(self, resource: GroupVersionResource, namespace: str, name: str) -> Object:
        """Return one object."""
        return copy.deepcopy(self._known(resource, NamespacedName(namespace, name)))

    async def list_pages(
        self,
        resource: GroupVersionResource,
        namespace: str | None,
        *,
        label_selector: str = "",
        page_length: int = PAGE_LENGTH,
    ) -> AsyncIterator[ObjectList]:
        """Yield the objects page by page; all pages show the cluster at the same moment."""
        found = [
            copy.deepcopy(each)
            for name, each in sorted(self._objects.get(resource, {}).items())
            if namespace in {None, name.namespace} and _selects(label_selector, each)
        ]
        version = str(self._version)
        for begin in range(0, max(len(found), 1), page_length):
            yield ObjectList(found[begin : begin + page_length], version)

    async def create(self, resource: GroupVersionResource, body: Object) -> Object:
        """Create an object and return it as stored."""
        name = NamespacedName.of(body)
        self._begin("create", resource, name.name, body)
        if name in self._objects.get(resource, {}):
            raise _error(HTTPStatus.CONFLICT, "AlreadyExists", f'{resource.resource} "{name.name}" already exists')
        return self._store(resource, _without_status(resource, body), None)

    async def apply(self, resource: GroupVersionResource, body: Object) -> Object:
        """Apply an object server-side: what was applied before and is not now goes, what others wrote stays."""
        name = NamespacedName.of(body)
        self._begin("apply", resource, name.name, body)
        live = self._objects.get(resource, {}).get(name)
        _check_preconditions(live, body)
        applied = _without_status(resource, body)
        before = self._applied.get((resource, name), {}) if live else {}
        self._applied[resource, name] = copy.deepcopy(applied)
        merged = _merge(_remove(live or {}, before, applied), applied)
        return self._store(resource, merged, live)

    async def patch(
        self, resource: GroupVersionResource, namespace: str, name: str, body: Object, *, subresource: str = ""
    ) -> Object:
        """Merge a JSON merge patch (RFC 7386) and return the object as stored."""
        self._begin("patch", resource, name, body, subresource)
        live = self._known(resource, NamespacedName(namespace, name))
        _check_preconditions(live, body)
        body = {"status": body.get("status")} if subresource == "status" else _without_status(resource, body)
        return self._store(resource, _merge_patch(live, body), live)

    # --- what others do to the cluster ---

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with each change from now on, as a watch does."""
        self._subscribers.append(subscriber)

    def put(self, resource: GroupVersionResource, body: Object) -> Object:
        """Store an object, status included, as someone else's write; return it as stored."""
        return self._store(resource, body, self._objects.get(resource, {}).get(NamespacedName.of(body)))

    def delete(self, resource: GroupVersionResource, name: NamespacedName) -> None:
        """Delete an object, and what it alone owns, as Kubernetes' garbage collector does."""
        gone = self._objects.get(resource, {}).pop(name, None)
        if gone is None:
            return
        self._applied.pop((resource, name), None)
        self._version = next(self._versions)
        gone["metadata"]["resourceVersion"] = str(self._version)
        self._show(resource, "DELETED", gone)
        uids = {each["metadata"]["uid"] for kind in self._objects.values() for each in kind.values()}
        for kind, objects in list(self._objects.items()):
            for child_name, child in list(objects.items()):
                owners = {reference["uid"] for reference in owner_references(child)}
                if gone["metadata"]["uid"] in owners and not owners & uids:
                    self.delete(kind, child_name)

    def objects(self, resource: GroupVersionResource) -> list[Object]:
        """Return all objects of a kind."""
        return copy.deepcopy(list(self._objects.get(resource, {}).values()))

    # --- inside ---

    def _begin(
        self, method: str, resource: GroupVersionResource, name: str, body: Object, subresource: str = ""
    ) -> None:
        write = Write(method, resource, name, subresource, copy.deepcopy(body))
        self.writes.append(write)
        if error := self.fault(write):
            raise error

    def _known(self, resource: GroupVersionResource, name: NamespacedName) -> Object:
        known = self._objects.get(resource, {}).get(name)
        if known is None:
            raise _error(HTTPStatus.NOT_FOUND, "NotFound", f'{resource.resource} "{name.name}" not found')
        return known

    def _store(self, resource: GroupVersionResource, body: Object, live: Object | None) -> Object:
        kind: Object = {"apiVersion": resource.api_version, "kind": resource.kind}
        stored: Object = kind | copy.deepcopy(body)
        metadata: Object = stored["metadata"]
        if live is None:
            created = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            given: Object = {"uid": str(uuid4()), "creationTimestamp": created, "generation": 1}
            metadata = given | metadata
        else:
            metadata = metadata | {key: live["metadata"][key] for key in _SERVER_OWNED}
            metadata["resourceVersion"] = live["metadata"]["resourceVersion"]
        stored["metadata"] = metadata
        if default := self._defaults.get(resource):
            stored = default(stored)
        if live is not None and stored == live:
            return copy.deepcopy(live)
        if live is not None and stored.get("spec") != live.get("spec"):
            stored["metadata"]["generation"] += 1
        self._version = next(self._versions)
        stored["metadata"]["resourceVersion"] = str(self._version)
        self._objects.setdefault(resource, {})[NamespacedName.of(stored)] = stored
        self._show(resource, "ADDED" if live is None else "MODIFIED", stored)
        return copy.deepcopy(stored)

    def _show(self, resource: GroupVersionResource, event: str, seen: Object) -> None:
        for subscriber in self._subscribers:
            subscriber(resource, event, copy.deepcopy(seen))


def _error(status: HTTPStatus, reason: str, message: str) -> StatusError:
    return StatusError("request", message, status=status, reason=reason)


def _check_preconditions(live: Object | None, body: Object) -> None:
    """Refuse a write that names another uid or resourceVersion than the object has."""
    metadata = body.get("metadata") or {}
    uid, version = metadata.get("uid"), metadata.get("resourceVersion")
    if live is None:
        if uid is not None:
            raise _error(HTTPStatus.CONFLICT, "Conflict", "Precondition failed: UID in precondition")
        return
    if uid not in {None, live["metadata"]["uid"]} or version not in {None, live["metadata"]["resourceVersion"]}:
        raise _error(HTTPStatus.CONFLICT, "Conflict", "the object has been modified")


def _without_status(resource: GroupVersionResource, body: Object) -> Object:
    if resource.resource not in _WITH_STATUS:
        return body
    return {key: value for key, value in body.items() if key != "status"}


def _selects(selector: str, seen: Object) -> bool:
    """Return whether a label selector (`key` or `key=value`, joined by commas) picks an object."""
    labels = seen["metadata"].get("labels") or {}
    for term in filter(None, selector.split(",")):
        key, equals, value = term.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def _merge(live: Any, applied: Any) -> Any:
    """Return `live` with everything that is applied; lists are replaced as a whole."""
    if not isinstance(live, dict) or not isinstance(applied, dict):
        return copy.deepcopy(applied)
    return live | {key: _merge(live.get(key), value) for key, value in applied.items()}


def _remove(live: Object, before: Object, applied: Object) -> Object:
    """Return `live` without what was applied before and is not any more."""
    kept = dict(live)
    for key, value in before.items():
        if key not in applied:
            kept.pop(key, None)
        elif isinstance(value, dict) and isinstance(applied[key], dict) and isinstance(kept.get(key), dict):
            kept[key] = _remove(kept[key], value, applied[key])
    return kept


def _merge_patch(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_patch(merged.get(key), value)
    return merged

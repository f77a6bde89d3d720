"""Kubernetes objects as JSON: their kinds and names, who owns them, and whether two of them agree."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple
from urllib.parse import quote

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

_DIGEST_LENGTH: Final = 16
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_LEFT_OUT: Final[tuple[Any, ...]] = (None, "", [], {})
"""Values that the API server may leave out; 0 and false only where a field has no third state."""
_READ_ONLY: Final = ("readOnly", False)
"""The one field of a Pod that may be false and is then left out."""
_HOLD_QUANTITIES: Final = frozenset({"limits", "requests", "sizeLimit", "divisor"})
"""Keys whose value, or whose values, are quantities."""
_QUANTITY: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i))?", re.ASCII)
_SUFFIXES: Final = (
    {"": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal(10**3)}
    | {letter: Decimal(1000) ** power for power, letter in enumerate("MGTPE", start=2)}
    | {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}
)
"""Factors of a quantity's suffixes (Kubernetes' API reference, Quantity)."""


class NamespacedName(NamedTuple):
    """Namespace and name of an object; unique within its kind."""

    namespace: str
    name: str

    @classmethod
    def of(cls, seen: Object) -> "NamespacedName":
        """Return an object's own."""
        return cls(seen["metadata"]["namespace"], seen["metadata"]["name"])

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class GroupVersionResource:
    """A kind of object, as the API server's URLs and as manifests name it."""

    group: str
    """Empty for the core group."""
    version: str
    resource: str
    """Plural, in lower case, as in URLs: `cronjobs`."""
    kind: str
    """As in manifests: `CronJob`."""

    @property
    def api_version(self) -> str:
        """Group and version, as manifests write them."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path of all objects, of a namespace's, or of one of them."""
        parts = ["apis" if self.group else "api", self.api_version]
        parts += ["namespaces", quote(namespace)] if namespace else []
        parts += [self.resource, *([quote(name)] if name else []), *([subresource] if subresource else [])]
        return "/" + "/".join(parts)


CRONJOBS: Final = GroupVersionResource("batch", "v1", "cronjobs", "CronJob")
JOBS: Final = GroupVersionResource("batch", "v1", "jobs", "Job")
PODS: Final = GroupVersionResource("", "v1", "pods", "Pod")
EVENTS: Final = GroupVersionResource("events.k8s.io", "v1", "events", "Event")


def resource_version(seen: Object) -> int:
    """Return an object's resourceVersion as a number; see `as_number`."""
    return as_number(seen["metadata"]["resourceVersion"])


def as_number(version: str) -> int:
    """Return a resourceVersion as a number, 0 where it is none: Kubernetes' own resources grow by it (KEP-5504)."""
    return int(version) if version.isdigit() else 0


def owner_reference(resource: GroupVersionResource, *, name: str, uid: str) -> Object:
    """Return the reference by which Kubernetes collects what belongs to a deleted object.

    It has no `controller`: Kubernetes' CronJob controller takes every Job for its own whose controller,
    of whatever kind, has the CronJob's name, and would count them against the limits of the CronJob's
    history (getJobsToBeReconciled in its cronjob_controllerv2.go compares names only).
    """
    return {"apiVersion": resource.api_version, "kind": resource.kind, "name": name, "uid": uid}


def owner_references(child: Object) -> list[Object]:
    """Return the references to an object's owners."""
    references: list[Object] = child["metadata"].get("ownerReferences") or []
    return references


def owned_by(child: Object, uid: str) -> bool:
    """Return whether the object with this uid owns the child."""
    return any(reference.get("uid") == uid for reference in owner_references(child))


def owned_by_any(child: Object, uids: Iterable[str]) -> bool:
    """Return whether an object with one of these uids owns the child."""
    return any(owned_by(child, uid) for uid in uids)


def owned_by_predecessor(child: Object, resource: GroupVersionResource, *, name: str, uid: str) -> bool:
    """Return whether a deleted object of the same kind and name owned the child: Kubernetes will collect it.

    Args:
        child: What was owned.
        resource: Kind of the owner; its version does not matter.
        name: Of the owner.
        uid: Of the object that has the name now.
    """
    return any(
        reference.get("kind") == resource.kind
        and str(reference.get("apiVersion", "")).startswith(f"{resource.group}/")
        and reference.get("name") == name
        and reference.get("uid") != uid
        for reference in owner_references(child)
    )


def covers(live: Any, desired: Any) -> bool:
    """Return whether everything desired is there; what others or the API server's defaults added may be, too.

    The API server writes some values in its own way: it leaves out what is empty, and brings quantities into one form
    (0.5 becomes 500m). Neither counts as a difference.
    """
    return _covers(live, desired, is_quantity=False)


def _covers(live: Any, desired: Any, *, is_quantity: bool) -> bool:
    if isinstance(desired, Mapping):
        return isinstance(live, Mapping) and all(
            _covers(live[key], value, is_quantity=is_quantity or key in _HOLD_QUANTITIES)
            if key in live
            else value in _LEFT_OUT or (key, value) == _READ_ONLY
            for key, value in desired.items()
        )
    if isinstance(desired, list):
        return (
            isinstance(live, list)
            and len(live) == len(desired)
            and all(_covers(there, wanted, is_quantity=False) for there, wanted in zip(live, desired, strict=True))
        )
    if is_quantity:
        return _quantity(live) == _quantity(desired)
    return bool(live == desired)


def _quantity(value: Any) -> Decimal | str:
    """Return the number that a quantity stands for, and the text itself where it is none."""
    parts = _QUANTITY.fullmatch(str(value))
    if parts is None:
        return str(value)
    number, exponent, suffix = parts.groups()
    return Decimal(number) * 10 ** Decimal(exponent or 0) * _SUFFIXES[suffix or ""]


def digest(document: Any) -> str:
    """Return a short digest of a JSON document, whatever the order of its keys."""
    return hashlib.sha256(_CANONICAL.encode(document).encode()).hexdigest()[:_DIGEST_LENGTH]

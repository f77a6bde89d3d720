"""The latest state of each object of one kind, found by name or by an index."""

import sys
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

from mogulsync.kube.objects import NamespacedName, Object, as_number, resource_version

K = TypeVar("K", bound=Hashable)

_CONTAINERS: Final = frozenset({dict, list})
"""What a JSON value may be that has parts."""


class Cache(Generic[K]):
    """The objects of one kind, each at the latest resourceVersion that was seen.

    Args:
        transform: Returns an object without what is never read.
        index: Returns the value under which an object is found by `by_index`.
    """

    def __init__(self, *, transform: Callable[[Object], Object], index: Callable[[Object], K]) -> None:
        self._transform = transform
        self._index = index
        self._objects: dict[NamespacedName, Object] = {}
        self._indexed: defaultdict[K, set[NamespacedName]] = defaultdict(set)

    def get(self, name: NamespacedName) -> Object | None:
        """Return an object; None when it is not known."""
        return self._objects.get(name)

    def names(self) -> list[NamespacedName]:
        """Return the names of all objects."""
        return list(self._objects)

    def values(self) -> list[Object]:
        """Return all objects."""
        return list(self._objects.values())

    def by_index(self, value: K) -> list[Object]:
        """Return the objects with this value of the index."""
        return [self._objects[name] for name in self._indexed.get(value, ())]

    def put(self, seen: Object) -> bool:
        """Keep an object unless a newer state of it is known; return whether it was news."""
        name = NamespacedName.of(seen)
        known = self._objects.get(name)
        if known is not None and resource_version(known) >= resource_version(seen):
            return False
        self.drop(name)
        self._objects[name] = _sharing_keys(self._transform(seen))
        self._indexed[self._index(seen)].add(name)
        return True

    def is_ahead_of(self, listed: Object, *, until: str) -> bool:
        """Return whether a later state is known than a list shows that is true up to a resourceVersion."""
        known = self._objects.get(NamespacedName.of(listed))
        return known is not None and resource_version(listed) < resource_version(known) <= as_number(until)

    def drop(self, name: NamespacedName) -> Object | None:
        """Forget an object; return its last state, None when it was not known."""
        dropped = self._objects.pop(name, None)
        if dropped is not None:
            value = self._index(dropped)
            self._indexed[value].discard(name)
            if not self._indexed[value]:
                del self._indexed[value]
        return dropped

    def newest_version(self, namespace: str | None) -> int:
        """Return the highest resourceVersion of a namespace's objects, or of all; 0 when there are none."""
        versions = (
            resource_version(each) for name, each in self._objects.items() if namespace in {None, name.namespace}
        )
        return max(versions, default=0)

    def clear(self, namespace: str | None) -> list[Object]:
        """Forget a namespace's objects, or all; return their last states."""
        names = [name for name in self._objects if namespace in {None, name.namespace}]
        return [dropped for name in names if (dropped := self.drop(name)) is not None]

    def missing_from(self, present: set[NamespacedName], *, namespace: str | None, until: str) -> list[Object]:
        """Return the objects that a list does not have though it should.

        Args:
            present: Names in the list.
            namespace: Of the list; None: all.
            until: The list's resourceVersion; what was seen at a later one may be newer than the list.
        """
        return [
            known
            for name, known in self._objects.items()
            if name not in present
            and namespace in {None, name.namespace}
            and resource_version(known) <= as_number(until)
        ]


def _sharing_keys(value: Any) -> Any:
    """Return a copy of a dict or list whose keys are the same strings as all other copies'.

    Each answer that is read brings its own. Leaves, which most parts are, are told apart without a call.
    """
    if type(value) is dict:
        return {
            sys.intern(key): _sharing_keys(part) if type(part) in _CONTAINERS else part for key, part in value.items()
        }
    return [_sharing_keys(part) if type(part) in _CONTAINERS else part for part in value]

"""Brings the cache up to what the API server lists, each namespace by itself."""

import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Final

from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.resources import DESTINATIONS, WATCHED
from mogulsync.kube.client import KubernetesClient, StatusError
from mogulsync.kube.objects import GroupVersionResource, NamespacedName, as_number

_log = logging.getLogger(__name__)

_EVERYWHERE: Final = "all namespaces"


class Resync:
    """Lists everything that is watched, in all or in some namespaces.

    Namespaces are independent: one that cannot be read keeps none of the others back. A list is authoritative: where
    its resourceVersion is lower than one that was seen before, the cluster was restored from a backup, and what
    is known of it is dropped.

    Args:
        client: Where objects are listed.
        cache: Where they go.
        namespaces: Which to list; none: all, with one list for each kind.
        on_found: Called with the key of each destination that is to be reconciled.
        on_restored: Called when versions went back, before the objects of the list are in the cache.
    """

    def __init__(
        self,
        client: KubernetesClient,
        cache: DestinationCache,
        *,
        namespaces: Collection[str],
        on_found: Callable[[NamespacedName], None],
        on_restored: Callable[[], None],
    ) -> None:
        self._client = client
        self._cache = cache
        self._namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._on_found = on_found
        self._on_restored = on_restored
        self._unreadable: dict[str | None, str] = {}
        self._versions: defaultdict[tuple[GroupVersionResource, str | None], int] = defaultdict(int)
        """Of the last list of each kind in each namespace."""
        self.complete = False
        """Whether each namespace that can be read was listed since the start, or since versions went back."""

    @property
    def unreadable(self) -> Mapping[str, str]:
        """The namespaces that cannot be read, and why."""
        return {namespace or _EVERYWHERE: problem for namespace, problem in self._unreadable.items()}

    def is_readable(self, namespace: str) -> bool:
        """Return whether all that is known of a namespace's objects can be relied on."""
        return namespace not in self._unreadable and None not in self._unreadable

    async def list_all(self) -> None:
        """List every namespace.

        Raises:
            StatusError: None of them can be read.
        """
        await self._list_namespaces(self._namespaces)
        self.complete = True

    async def list_unreadable(self) -> None:
        """List the namespaces that could not be read."""
        if self._unreadable and self.complete:
            with contextlib.suppress(StatusError):
                await self._list_namespaces(tuple(self._unreadable))

    async def went_back(self) -> bool:
        """Return whether the API server's resourceVersion is lower than one that was seen, by the cheapest list.

        Raises:
            StatusError: It cannot be asked.
        """
        readable = [each for each in self._namespaces if each not in self._unreadable]
        if not readable:
            return False
        seen = self._newest_version(DESTINATIONS, readable[0])
        page = await anext(self._client.list_pages(DESTINATIONS, readable[0], page_length=1))
        return as_number(page.resource_version) < seen

    async def _list_namespaces(self, namespaces: Collection[str | None]) -> None:
        errors: list[StatusError] = []
        for namespace in namespaces:
            try:
                for resource in WATCHED:
                    await self._list(resource, namespace)
            except StatusError as error:
                errors.append(error)
                self._note_unreadable(namespace, error)
                continue
            if self._unreadable.pop(namespace, None):
                _log.info("%s can be read again", namespace or _EVERYWHERE)
            for key in self._cache.destination_keys():
                if namespace in {None, key.namespace}:
                    self._on_found(key)
        if len(errors) == len(namespaces):
            raise errors[-1]

    def _note_unreadable(self, namespace: str | None, error: StatusError) -> None:
        if self._unreadable.get(namespace) != error.message:
            _log.warning("%s cannot be read, and is tried again: %s", namespace or _EVERYWHERE, error)
        self._unreadable[namespace] = error.message

    async def _list(self, resource: GroupVersionResource, namespace: str | None) -> None:
        seen = self._newest_version(resource, namespace)
        present: set[NamespacedName] = set()
        owners: list[NamespacedName] = []
        until, went_back = "0", False
        async for page in self._client.list_pages(resource, namespace, label_selector=WATCHED[resource]):
            if not present and as_number(page.resource_version) < seen:
                owners += self._forget(resource, namespace, seen=seen, listed=page.resource_version)
                seen = 0
            until = page.resource_version
            for item in page.items:
                present.add(NamespacedName.of(item))
                went_back = self._cache.put_listed(resource, item, until=until) or went_back
        if went_back:
            _log.warning("%s of %s went back, as after a restored backup", resource.resource, namespace or _EVERYWHERE)
            self._on_restored()
        self._versions[resource, namespace] = as_number(until)
        for owner in [*owners, *self._cache.prune(resource, namespace, present=present, until=until)]:
            self._on_found(owner)

    def _newest_version(self, resource: GroupVersionResource, namespace: str | None) -> int:
        return max(self._versions[resource, namespace], self._cache.newest_version(resource, namespace))

    def _forget(
        self, resource: GroupVersionResource, namespace: str | None, *, seen: int, listed: str
    ) -> list[NamespacedName]:
        _log.warning(
            "%s of %s: the API server's version went back from %d to %s, as after a restored backup: listing anew",
            resource.resource,
            namespace or _EVERYWHERE,
            seen,
            listed,
        )
        self._on_restored()
        return self._cache.clear(resource, namespace)

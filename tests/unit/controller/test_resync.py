"""Lists bring the cache up to the truth, namespace by namespace, also when versions went back."""

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.controller.resync import Resync
from mogulsync.kube.client import ObjectList, StatusError
from mogulsync.kube.objects import GroupVersionResource, NamespacedName
from tests.support.client_contract import destination
from tests.support.fake_client import FakeKubernetesClient

CRM = NamespacedName("crm", "production")
SALES = NamespacedName("sales", "production")


class Guarded(FakeKubernetesClient):
    """Refuses to list some namespaces."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden: set[str | None] = set()

    async def list_pages(
        self, resource: GroupVersionResource, namespace: str | None, **options: Any
    ) -> AsyncIterator[ObjectList]:
        if namespace in self.forbidden:
            raise StatusError("GET", f"{resource.resource} is forbidden", status=403)
        async for page in super().list_pages(resource, namespace, **options):
            yield page


class Listing:
    """A resync with what it found."""

    def __init__(self, client: FakeKubernetesClient, *namespaces: str) -> None:
        self.cache = DestinationCache()
        self.found: list[NamespacedName] = []
        self.restored = 0
        self.resync = Resync(
            client, self.cache, namespaces=namespaces, on_found=self.found.append, on_restored=self._note_restored
        )

    def _note_restored(self) -> None:
        self.restored += 1


async def test_all_namespaces_are_listed_at_once_where_none_is_named() -> None:
    client = FakeKubernetesClient()
    for key in (CRM, SALES):
        await client.create(DESTINATIONS, destination(key.namespace))
    listing = Listing(client)
    await listing.resync.list_all()
    assert set(listing.found) == {CRM, SALES}
    assert listing.resync.complete


async def test_an_unreadable_namespace_is_named_and_the_others_are_served(caplog: pytest.LogCaptureFixture) -> None:
    client = Guarded()
    client.forbidden = {"crm"}
    for key in (CRM, SALES):
        await client.create(DESTINATIONS, destination(key.namespace))
    listing = Listing(client, "crm", "sales")
    await listing.resync.list_all()
    assert listing.found == [SALES]
    assert listing.resync.complete
    assert dict(listing.resync.unreadable) == {"crm": "intercomdestinations is forbidden"}
    assert (listing.resync.is_readable("crm"), listing.resync.is_readable("sales")) == (False, True)
    assert "crm cannot be read" in caplog.text


async def test_a_namespace_is_served_as_soon_as_it_can_be_read() -> None:
    client = Guarded()
    client.forbidden = {"crm"}
    await client.create(DESTINATIONS, destination("crm"))
    listing = Listing(client, "crm", "sales")
    await listing.resync.list_all()
    await listing.resync.list_unreadable()
    assert listing.found == []
    client.forbidden = set()
    await listing.resync.list_unreadable()
    assert listing.found == [CRM]
    assert dict(listing.resync.unreadable) == {}


@pytest.mark.parametrize("namespaces", [(), ("crm", "sales")])
async def test_where_nothing_can_be_read_it_says_so(namespaces: tuple[str, ...]) -> None:
    client = Guarded()
    client.forbidden = {None, "crm", "sales"}
    listing = Listing(client, *namespaces)
    with pytest.raises(StatusError, match="is forbidden"):
        await listing.resync.list_all()
    assert not listing.resync.complete
    assert not listing.resync.is_readable("crm")


async def test_what_a_list_lacks_is_dropped_and_its_owner_looked_at() -> None:
    client = FakeKubernetesClient()
    await client.create(DESTINATIONS, destination("crm"))
    listing = Listing(client)
    await listing.resync.list_all()
    client.delete(DESTINATIONS, CRM)
    listing.found.clear()
    await listing.resync.list_all()
    assert listing.found == [CRM]
    assert listing.cache.destination(CRM) is None


@pytest.mark.parametrize("namespaces", [(), ("crm", "sales")])
async def test_a_list_is_the_truth_also_when_versions_went_back(namespaces: tuple[str, ...]) -> None:
    later = FakeKubernetesClient()
    for _ in range(5):
        await later.create(DESTINATIONS, destination("crm", "made-after-the-backup"))
        later.delete(DESTINATIONS, NamespacedName("crm", "made-after-the-backup"))
    await later.create(DESTINATIONS, destination("crm", "made-after-the-backup"))
    await later.create(DESTINATIONS, destination("crm", schedule="0 10 * * *"))
    listing = Listing(later, *namespaces)
    await listing.resync.list_all()
    assert not await listing.resync.went_back()

    restored = FakeKubernetesClient()
    await restored.create(DESTINATIONS, destination("crm", schedule="0 9 * * *"))
    listing.resync._client = restored
    assert await listing.resync.went_back()
    listing.found.clear()
    await listing.resync.list_all()

    seen = listing.cache.destination(CRM)
    assert seen is not None
    assert seen["spec"]["schedule"] == "0 9 * * *"
    assert listing.cache.destination_keys() == [CRM]
    assert set(listing.found) == {CRM, NamespacedName("crm", "made-after-the-backup")}
    assert listing.restored > 0
    assert not await listing.resync.went_back()


async def test_a_list_is_the_truth_also_when_only_the_objects_went_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `etcdutl snapshot restore --bump-revision`, or where the version has passed the old one already."""
    client = FakeKubernetesClient()
    await client.create(DESTINATIONS, destination("crm"))
    listing = Listing(client)
    await listing.resync.list_all()
    backup = copy.deepcopy(client.objects(DESTINATIONS))
    await client.patch(DESTINATIONS, *CRM, {"spec": {"suspend": True}})
    await listing.resync.list_all()
    assert listing.restored == 0

    async def restored(resource: GroupVersionResource, *_: Any, **__: Any) -> AsyncIterator[ObjectList]:
        yield ObjectList(backup if resource == DESTINATIONS else [], "1000000")

    monkeypatch.setattr(client, "list_pages", restored)
    await listing.resync.list_all()
    known = listing.cache.destination(CRM)
    assert known is not None
    assert "suspend" not in known["spec"]
    assert listing.restored == 1
    await listing.resync.list_all()
    assert listing.restored == 1


async def test_a_change_seen_while_a_list_is_under_way_is_kept() -> None:
    client = FakeKubernetesClient()
    await client.create(DESTINATIONS, destination("crm"))
    listing = Listing(client)
    await listing.resync.list_all()

    class Racing(FakeKubernetesClient):
        async def list_pages(
            self, resource: GroupVersionResource, namespace: str | None, **options: Any
        ) -> AsyncIterator[ObjectList]:
            pages = [page async for page in client.list_pages(resource, namespace, **options)]
            changed = await client.patch(DESTINATIONS, *CRM, {"spec": {"suspend": True}})
            listing.cache.put(DESTINATIONS, changed)
            for page in pages:
                yield page

    listing.resync._client = Racing()
    await listing.resync.list_all()
    seen = listing.cache.destination(CRM)
    assert seen is not None
    assert seen["spec"]["suspend"] is True
    assert listing.restored == 0

"""The fake client does what the contract says, and shows its changes as a watch does."""

import pytest

from mogulsync.kube.client import StatusError
from mogulsync.kube.objects import GroupVersionResource, NamespacedName
from tests.support.client_contract import CONFIG_MAPS, ClientContract, Delete, config_map
from tests.support.fake_client import FakeKubernetesClient, Write


@pytest.fixture
def namespace() -> str:
    return "crm"


@pytest.fixture
def client() -> FakeKubernetesClient:
    return FakeKubernetesClient()


@pytest.fixture
def delete(client: FakeKubernetesClient, namespace: str) -> Delete:
    async def delete(resource: GroupVersionResource, name: str) -> None:
        client.delete(resource, NamespacedName(namespace, name))

    return delete


class TestFakeClient(ClientContract):
    """The cases, without an API server."""


async def test_changes_are_shown_in_order(client: FakeKubernetesClient, namespace: str) -> None:
    shown: list[tuple[str, str, str]] = []
    client.subscribe(lambda resource, event, seen: shown.append((resource.resource, event, seen["metadata"]["name"])))
    await client.create(CONFIG_MAPS, config_map(namespace))
    await client.patch(CONFIG_MAPS, namespace, "settings", {"data": {"a": "2"}})
    await client.patch(CONFIG_MAPS, namespace, "settings", {"data": {"a": "2"}})
    client.delete(CONFIG_MAPS, NamespacedName(namespace, "settings"))
    assert shown == [("configmaps", event, "settings") for event in ("ADDED", "MODIFIED", "DELETED")]


async def test_a_fault_refuses_a_write_which_is_noted_and_changes_nothing(
    client: FakeKubernetesClient, namespace: str
) -> None:
    def refuse(write: Write) -> StatusError | None:
        return StatusError("POST", "denied by policy", status=403) if write.method == "create" else None

    client.fault = refuse
    with pytest.raises(StatusError, match="denied by policy"):
        await client.create(CONFIG_MAPS, config_map(namespace))
    assert [write.name for write in client.writes] == ["settings"]
    assert client.objects(CONFIG_MAPS) == []

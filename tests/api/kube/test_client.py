"""The client, and with it the contract that the fake one is held to, at a real API server."""

import pytest
from kubernetes.aio.client import ApiClient

from localkube import ControlPlane
from mogulsync.kube.client import RestClient
from mogulsync.kube.objects import GroupVersionResource
from tests.support.client_contract import ClientContract, Delete


@pytest.fixture
def client(api: ApiClient) -> RestClient:
    return RestClient(api, field_manager="mogulsync", timeout=30)


@pytest.fixture
def delete(plane: ControlPlane, namespace: str) -> Delete:
    async def delete(resource: GroupVersionResource, name: str) -> None:
        plane.kubectl("--namespace", namespace, "delete", resource.resource, name)

    return delete


class TestClient(ClientContract):
    """The cases, at a real API server."""

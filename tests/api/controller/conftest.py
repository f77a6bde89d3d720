"""The world that the operator's tests act in."""

from collections.abc import AsyncIterator

import kubernetes.aio.config
import pytest
from kubernetes.aio.client import Configuration

from localkube import ControlPlane
from localkube.kubeapi import KubeApi
from tests.support.operator_world import World


@pytest.fixture
async def world(plane: ControlPlane, namespace: str) -> AsyncIterator[World]:
    settings: Configuration = type.__call__(Configuration)
    await kubernetes.aio.config.load_kube_config(  # type: ignore[no-untyped-call] # the library's
        config_file=str(plane.kubeconfig), client_configuration=settings
    )
    async with KubeApi(plane.kubeconfig) as api:
        yield World(plane, namespace, api, settings)

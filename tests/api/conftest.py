"""Fixtures of every test that talks to a real Kubernetes API: one control plane a session, a namespace a test."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import kubernetes.aio.config
import pytest
from kubernetes.aio.client import ApiClient, Configuration

import kstatus
from localkube import AssetsError, ControlPlane, find_assets
from localkube.kubeapi import KubeApi
from localkube.podrunner import PodRunner
from tests.support.operator_world import World
from tests.support.programs import prepare

Kubectl = Callable[..., str]

_HERE = Path(__file__).parent
_CRDS = _HERE.parents[1] / "crds"
_BEFORE_NINE = timedelta(seconds=90)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.cluster)


def pytest_configure(config: pytest.Config) -> None:
    """Find, download or build the programs before the first test, and before pytest-xdist starts its workers.

    A build takes longer than a test may, and several at once get in each other's way.
    """
    if config.option.collectonly or hasattr(config, "workerinput"):
        return
    prepare(config, find_assets, AssetsError)
    prepare(config, kstatus.find_program, kstatus.UnavailableError)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """A control plane with our CustomResourceDefinition in it."""
    with ControlPlane() as plane:
        plane.apply_crds(_CRDS)
        yield plane


def _pass_nine_o_clock() -> None:
    """Wait until it is past nine, where that is a minute or so ahead.

    What is due at nine in CET (7:00 or 8:00 UTC), or in UTC, would start in the middle of a test.
    """
    now = datetime.now(UTC)
    for hour in (7, 8, 9):
        left = now.replace(hour=hour, minute=0, second=5) - now
        if timedelta() < left < _BEFORE_NINE:
            time.sleep(left.total_seconds())


@pytest.fixture
def namespace(plane: ControlPlane) -> Iterator[str]:
    """The name of a new namespace that Pods can be created in."""
    _pass_nine_o_clock()
    name = f"test-{uuid4().hex[:10]}"
    plane.kubectl("create", "namespace", name)
    plane.kubectl("wait", "--for=create", "serviceaccount/default", "--namespace", name, "--timeout=200s")
    yield name
    plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def kubectl(plane: ControlPlane, namespace: str) -> Kubectl:
    """Runs kubectl in the test's namespace: `kubectl("get", "icd", stdin=None)` returns what it prints."""

    def run(*arguments: str, stdin: str | None = None) -> str:
        return plane.kubectl("--namespace", namespace, *arguments, stdin=stdin)

    return run


@pytest.fixture
async def api(plane: ControlPlane) -> AsyncIterator[ApiClient]:
    """An admin's client."""
    client = await kubernetes.aio.config.new_client_from_config(  # type: ignore[no-untyped-call] # the library's
        config_file=str(plane.kubeconfig)
    )
    async with client:
        yield client


@pytest.fixture
async def pods(plane: ControlPlane, namespace: str) -> AsyncIterator[PodRunner]:
    """Runs the Pods of the test's namespace as local processes."""
    async with PodRunner(plane.kubeconfig, namespace=namespace) as runner:
        yield runner


@pytest.fixture
async def world(plane: ControlPlane, namespace: str) -> AsyncIterator[World]:
    """The namespace, with an operator to run in it and a hand that plays kubelet."""
    settings: Configuration = type.__call__(Configuration)
    await kubernetes.aio.config.load_kube_config(  # type: ignore[no-untyped-call] # the library's
        config_file=str(plane.kubeconfig), client_configuration=settings
    )
    async with KubeApi(plane.kubeconfig) as api:
        yield World(plane, namespace, api, settings)

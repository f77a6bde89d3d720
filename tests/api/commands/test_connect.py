"""connect --apply: the Secret in the cluster, and whose it is."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localkube import ControlPlane
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Sandbox, SandboxAccount, SandboxOptions, Urls, serve_in_thread
from tests.support.command_line import Ended, call
from tests.support.operator_world import World

SECRETS = {"apiGroups": [""], "resources": ["secrets"]}


@pytest.fixture(scope="module")
def urls() -> Iterator[Urls]:
    options = SandboxOptions(intercom_limit=None, chartmogul_limit=None)
    with serve_in_thread(Sandbox(SandboxAccount(customers=1, contacts=1), options)) as urls:
        yield urls


@pytest.fixture
def connect(plane: ControlPlane, namespace: str, urls: Urls) -> Callable[..., Ended]:
    """Connects one side with --apply."""

    def run(side: str, *more: str, kubeconfig: Path | None = None) -> Ended:
        own = ["--url", urls.intercom, "--token"] if side == "intercom" else ["--url", urls.chartmogul]
        place = ["--kubeconfig", str(kubeconfig or plane.kubeconfig), "-n", namespace]
        stdin = ACCESS_TOKEN if side == "intercom" else API_KEY
        return call("connect", side, *own, "--apply", *place, *more, stdin=stdin)

    return run


async def secret(world: World, name: str) -> dict[str, Any]:
    found: dict[str, Any] = await world.get("secrets", name, group="v1")
    return found


@pytest.mark.parametrize(
    ("side", "key", "value"), [("intercom", "access-token", ACCESS_TOKEN), ("chartmogul", "api-key", API_KEY)]
)
async def test_the_secret_is_applied_by_a_manager_of_its_own(
    world: World, connect: Callable[..., Ended], side: str, key: str, value: str
) -> None:
    for _ in range(2):
        ended = await asyncio.to_thread(connect, side)
        assert (ended.code, ended.out) == (0, ""), ended.err
        assert value not in ended.err
    stored = await secret(world, side)
    assert base64.b64decode(stored["data"][key]).decode() == value
    (entry,) = stored["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == (f"mogulsync-connect-{side}", "Apply")


async def test_what_another_set_is_never_taken_over(world: World, connect: Callable[..., Ended]) -> None:
    await world.kubectl("create", "secret", "generic", "intercom", "--from-literal=access-token=mine")
    ended = await asyncio.to_thread(connect, "intercom")
    assert ended.code == 1
    assert "another's" in ended.err
    assert "kubectl-create" in ended.err
    assert ACCESS_TOKEN not in ended.err
    assert base64.b64decode((await secret(world, "intercom"))["data"]["access-token"]) == b"mine"
    ended = await asyncio.to_thread(connect, "intercom", "--name", "second")
    assert ended.code == 0, ended.err


async def test_a_missing_right_is_named(
    world: World, connect: Callable[..., Ended], person: Callable[..., Path]
) -> None:
    ended = await asyncio.to_thread(connect, "intercom", kubeconfig=person("nobody"))
    assert ended.code == 1
    assert f"no right to patch secrets in namespace {world.namespace}" in ended.err
    able = person("able", SECRETS | {"verbs": ["create", "patch"]})
    assert (await asyncio.to_thread(connect, "intercom", kubeconfig=able)).code == 0


async def test_nothing_of_it_is_in_events_or_annotations(world: World, connect: Callable[..., Ended]) -> None:
    await asyncio.to_thread(connect, "chartmogul")
    events = json.dumps(await world.listed("events", group="events.k8s.io/v1"))
    assert API_KEY not in events
    assert "annotations" not in (await secret(world, "chartmogul"))["metadata"]

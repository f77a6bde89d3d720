"""preview NAME: in the cluster, counts only."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localkube import ControlPlane
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Sandbox, SandboxAccount, SandboxOptions, Urls, serve_in_thread
from tests.support.command_line import Ended, call
from tests.support.operator_world import World, report

Mogulsync = Callable[..., Ended]
RULE = {"apiGroups": ["mogulsync.dev"], "resources": ["intercomdestinations"], "verbs": ["get", "patch"]}


@pytest.fixture(scope="module")
def urls() -> Iterator[Urls]:
    options = SandboxOptions(intercom_limit=None, chartmogul_limit=None)
    with serve_in_thread(Sandbox(SandboxAccount(customers=20, contacts=20), options)) as urls:
        yield urls


async def test_it_requests_a_preview_follows_it_and_shows_its_counts(
    world: World, mogulsync: Mogulsync, person: Callable[..., Path]
) -> None:
    async with world.operator():
        await world.apply(suspend=True)
        await world.make_ready(reason="Suspended")
        waiting = asyncio.create_task(
            asyncio.to_thread(mogulsync, "preview", "production", kubeconfig=person("previewer", RULE))
        )
        job = (await world.until_job("preview"))["metadata"]["name"]
        await world.finish(job, report(dryRun=True))
        ended = await waiting
    assert ended.code == 0, ended.err
    assert "nothing was written" in ended.out
    assert "10 total, 8 matched" in ended.out


@pytest.mark.parametrize(
    ("outcome", "reason", "code"), [("Failed", "GuardTripped", 4), ("PartiallySucceeded", "PartiallySucceeded", 3)]
)
async def test_it_exits_as_a_sync_would_and_json_is_the_report(
    world: World, mogulsync: Mogulsync, outcome: str, reason: str, code: int
) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
        waiting = asyncio.create_task(asyncio.to_thread(mogulsync, "preview", "production", "-o", "json"))
        job = (await world.until_job("preview"))["metadata"]["name"]
        await world.finish(job, report(outcome, reason, dryRun=True), exit_code=4 if code == 4 else 0)
        ended = await waiting
    assert ended.code == code, ended.err
    assert json.loads(ended.out)["reason"] == reason


async def test_one_that_is_not_there_or_takes_too_long_exits_1(world: World, mogulsync: Mogulsync) -> None:
    ended = await asyncio.to_thread(mogulsync, "preview", "nowhere")
    assert ended.code == 1
    assert "there is no IntercomDestination nowhere" in ended.err
    await world.apply()
    ended = await asyncio.to_thread(mogulsync, "preview", "production", "--timeout", "100ms")
    assert ended.code == 1
    assert "goes on" in ended.err


async def test_with_local_the_spec_comes_from_the_cluster_and_the_credentials_from_here(
    world: World, plane: ControlPlane, urls: Urls, tmp_path: Path
) -> None:
    chartmogul = {"apiKeySecretRef": {"name": "chartmogul"}, "url": urls.chartmogul}
    intercom = {"oauthSecretRef": {"name": "intercom"}, "url": urls.intercom}
    await world.apply(chartmogul=chartmogul, intercom=intercom)
    own = ["--kubeconfig", str(plane.kubeconfig), "-n", world.namespace, "--csv", str(tmp_path / "list.csv")]
    credentials = {"CHARTMOGUL_API_KEY": API_KEY, "INTERCOM_ACCESS_TOKEN": ACCESS_TOKEN}
    ended = await asyncio.to_thread(call, "preview", "production", "--local", *own, env=credentials)
    assert ended.code == 0, ended.err
    assert "of 20 customers matched" in ended.out
    assert (tmp_path / "list.csv").read_text().startswith("uuid,email,")
    assert "annotations" not in (await world.destination())["metadata"] or "preview" not in json.dumps(
        (await world.destination())["metadata"]["annotations"]
    )

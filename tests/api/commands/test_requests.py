"""sync-now and check-now: what is asked for, what is waited for, and how the command ends."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from localkube import ControlPlane
from tests.support.api_proxy import Proxy, write_kubeconfig
from tests.support.command_line import Ended, call, finish, start
from tests.support.operator_world import World, report

Mogulsync = Callable[..., Ended]
PATCH = {"apiGroups": ["mogulsync.dev"], "resources": ["intercomdestinations"], "verbs": ["patch"]}
GET = {"apiGroups": ["mogulsync.dev"], "resources": ["intercomdestinations"], "verbs": ["get"]}


async def annotation(world: World, name: str, key: str) -> Any:
    metadata = (await world.destination(name))["metadata"]
    return (metadata.get("annotations") or {}).get(f"mogulsync.dev/{key}")


async def test_sync_now_sets_the_annotation_with_the_right_to_patch_alone(
    world: World, mogulsync: Mogulsync, person: Callable[..., Path]
) -> None:
    await world.apply()
    patcher = person("patcher", PATCH)
    first = await asyncio.to_thread(mogulsync, "sync-now", "production", kubeconfig=patcher)
    assert (first.code, first.out) == (0, "production: run requested\n"), first.err
    value = await annotation(world, "production", "sync-requested-at")
    assert value.endswith("Z")
    assert value >= (await world.destination())["metadata"]["creationTimestamp"].removesuffix("Z")
    await asyncio.to_thread(mogulsync, "sync-now", "production", kubeconfig=patcher)
    assert await annotation(world, "production", "sync-requested-at") > value


@pytest.mark.parametrize(
    ("outcome", "reason", "expected"),
    [
        ("Succeeded", "Succeeded", 0),
        ("PartiallySucceeded", "PartiallySucceeded", 3),
        ("Failed", "CredentialsRejected", 4),
    ],
)
async def test_sync_now_waits_and_exits_with_the_runs_own_code(
    world: World, mogulsync: Mogulsync, outcome: str, reason: str, expected: int
) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
        waiting = asyncio.create_task(asyncio.to_thread(mogulsync, "sync-now", "production", "--wait"))
        job = (await world.until_job("manual"))["metadata"]["name"]
        await world.finish(job, report(outcome, reason), exit_code=expected if outcome == "Failed" else 0)
        ended = await waiting
    assert ended.code == expected, ended.err
    assert ended.out.startswith(f"production: {outcome}")


async def test_a_run_that_failed_without_a_report_exits_5(world: World, mogulsync: Mogulsync) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
        await world.apply(job={"activeDeadlineSeconds": 1})
        ended = await asyncio.to_thread(mogulsync, "sync-now", "production", "--wait")
    assert ended.code == 5, ended.err
    assert ended.out.startswith("production: Failed (DeadlineExceeded)")


async def test_several_are_asked_at_once_and_the_worst_counts(world: World, mogulsync: Mogulsync) -> None:
    async with world.operator():
        for name in ("good", "bad"):
            await world.apply(name)
            await world.make_ready(name)
        waiting = asyncio.create_task(asyncio.to_thread(mogulsync, "sync-now", "--all", "--wait"))
        good = await world.until_job("manual", destination="good")
        bad = await world.until_job("manual", destination="bad")
        await world.finish(good["metadata"]["name"])
        await world.finish(bad["metadata"]["name"], report("Failed", "GuardTripped"), exit_code=4)
        ended = await waiting
    assert ended.code == 4, ended.err
    assert "good: Succeeded" in ended.out
    assert "bad: Failed (GuardTripped)" in ended.out


class Restarting(Proxy):
    """Gives no answer, or only 503, while it is down."""

    down = False
    unanswered = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if not self.down:
            return await super().answer(request)
        self.unanswered += 1
        return self.drop(request) if self.unanswered % 2 else web.Response(status=503, text="starting")


async def test_waiting_outlives_a_restart_of_the_api_server(world: World, tmp_path: Path) -> None:
    server = Restarting(world.settings)
    async with world.operator(), server.serve() as through:
        await world.apply()
        await world.make_ready()
        place = ("--kubeconfig", str(write_kubeconfig(tmp_path, through.host)), "--namespace", world.namespace)
        waiting = asyncio.create_task(asyncio.to_thread(call, "sync-now", "production", "--wait", *place))
        job = await world.until_job("manual")
        server.down = True

        async def asked_again() -> bool:
            return server.unanswered >= 3

        await world.until("more than one look", asked_again)
        await world.finish(job["metadata"]["name"])
        server.down = False
        ended = await waiting
    assert ended.code == 0, ended.err
    assert ended.out.startswith("production: Succeeded")
    assert "looking again" in ended.err


async def test_time_out_is_1_and_the_run_goes_on(world: World, mogulsync: Mogulsync) -> None:
    await world.apply()
    ended = await asyncio.to_thread(mogulsync, "sync-now", "production", "--wait", "--timeout", "100ms")
    assert ended.code == 1
    assert "goes on" in ended.err


async def test_check_now_waits_for_the_check(world: World, mogulsync: Mogulsync) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
        waiting = asyncio.create_task(asyncio.to_thread(mogulsync, "check-now", "production", "--wait"))
        job = (await world.until_job("check", number=2))["metadata"]["name"]
        await world.finish(job, report("Failed", "CredentialsRejected"), exit_code=4)
        ended = await waiting
    assert ended.code == 4, ended.err
    assert "CredentialsRejected" in ended.out


async def test_labels_and_all_namespaces_choose(world: World, mogulsync: Mogulsync) -> None:
    await world.apply("one")
    await world.apply("two")
    await world.kubectl("label", "icd", "two", f"for={world.namespace}")
    ended = await asyncio.to_thread(mogulsync, "sync-now", "-A", "-l", f"for={world.namespace}")
    assert ended.out == f"{world.namespace}/two: run requested\n"
    assert await annotation(world, "one", "sync-requested-at") is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "NAME"),
        (["production", "--all"], 2, "both"),
        (["production", "-A"], 2, "both"),
        (["production", "--wait", "--timeout", "5"], 2, "5m"),
        (["production/status"], 2, "no name"),
        (["../production"], 2, "no name"),
        (["production", "-n", "a/b"], 2, "no name"),
        (["-l", "none=such"], 1, "no destination is selected"),
        (["nowhere"], 1, "there is no IntercomDestination nowhere"),
    ],
)
@pytest.mark.parametrize("command", ["sync-now", "check-now"])
def test_bad_input(mogulsync: Mogulsync, command: str, arguments: list[str], code: int, words: str) -> None:
    ended = mogulsync(command, *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err


async def test_one_wrong_name_among_good_ones_is_named_and_the_others_are_asked(
    world: World, mogulsync: Mogulsync
) -> None:
    await world.apply()
    ended = await asyncio.to_thread(mogulsync, "sync-now", "nowhere", "production")
    assert ended.code == 1
    assert ended.out == "production: run requested\n"
    assert "nowhere" in ended.err


async def test_a_missing_right_is_named(world: World, mogulsync: Mogulsync, person: Callable[..., Path]) -> None:
    await world.apply()
    ended = await asyncio.to_thread(mogulsync, "sync-now", "production", kubeconfig=person("reader", GET))
    assert ended.code == 1
    assert f"no right to patch intercomdestinations.mogulsync.dev in namespace {world.namespace}" in ended.err


async def test_suspend_and_resume_set_the_spec_and_say_what_gitops_makes_of_it(
    world: World, mogulsync: Mogulsync
) -> None:
    await world.apply()
    await world.kubectl(
        "label",
        "icd",
        "production",
        "kustomize.toolkit.fluxcd.io/name=apps",
        "kustomize.toolkit.fluxcd.io/namespace=flux-system",
    )
    ended = await asyncio.to_thread(mogulsync, "suspend", "production")
    assert ended.code == 0, ended.err
    assert "Flux (Kustomization flux-system/apps)" in ended.out
    assert "in Git" in ended.out
    assert (await world.destination())["spec"]["suspend"] is True
    assert "already" in (await asyncio.to_thread(mogulsync, "suspend", "production")).out
    manifest = await world.destination()
    body = {key: manifest[key] for key in ("apiVersion", "kind", "spec")}
    body["spec"]["suspend"] = True
    body["metadata"] = {"name": "production"}
    await world.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=kustomize-controller",
        "-f",
        "-",
        stdin=json.dumps(body),
    )
    ended = await asyncio.to_thread(mogulsync, "resume", "--all")
    assert ended.code == 0, ended.err
    assert "will set that back" in ended.out
    assert (await world.destination())["spec"]["suspend"] is False


@pytest.mark.parametrize("command", [("sync-now", "--wait"), ("check-now", "--wait"), ("preview",)])
async def test_ctrl_c_stops_the_waiting_and_not_what_was_requested(
    world: World, plane: ControlPlane, command: tuple[str, ...]
) -> None:
    await world.apply()
    name, *more = command
    process = start(name, "production", *more, "--kubeconfig", str(plane.kubeconfig), "-n", world.namespace)
    assert process.stderr is not None
    assert "requested" in await asyncio.to_thread(process.stderr.readline)
    process.send_signal(signal.SIGINT)
    ended = await asyncio.to_thread(finish, process)
    assert ended.code == 130
    assert "goes on" in ended.err
    assert "Traceback" not in ended.err

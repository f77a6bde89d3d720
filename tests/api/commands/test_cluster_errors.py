"""What a person reads when the cluster cannot be used: one line, with the fix."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT
from tests.support.api_proxy import Proxy, write_kubeconfig
from tests.support.command_line import Ended, call
from tests.support.operator_world import World

Mogulsync = Callable[..., Ended]
COMMANDS = (["status"], ["status", "x"], ["sync-now", "x"], ["check-now", "x"], ["suspend", "x"], ["logs", "x"])


@pytest.mark.parametrize("command", [*COMMANDS, ["doctor"]], ids=" ".join)
def test_an_unreachable_cluster(command: list[str], tmp_path: Path) -> None:
    ended = call(*command, "--kubeconfig", str(write_kubeconfig(tmp_path, "https://127.0.0.1:9")))
    assert ended.code == 1
    told = ended.err + ended.out
    assert "https://127.0.0.1:9 is not reached" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kubeconfig", "/nowhere/config"], "there is no kubeconfig /nowhere/config"),
        (["--kubeconfig", "/dev/null"], "cannot be read"),
        (["--context", "nowhere"], "no usable context nowhere"),
        (["--namespace", "nowhere-at-all"], "there is no namespace nowhere-at-all"),
    ],
)
def test_a_way_that_leads_nowhere(mogulsync: Mogulsync, arguments: list[str], words: str) -> None:
    ended = mogulsync("status", "production", *arguments)
    assert ended.code == 1
    assert words in ended.err


def test_no_rights_at_all(mogulsync: Mogulsync, person: Callable[..., Path], namespace: str) -> None:
    nobody = person("nobody")
    for command in COMMANDS:
        ended = mogulsync(*command, kubeconfig=nobody)
        assert ended.code == 1
        assert f"no right to {'list pods' if command[0] == 'logs' else ''}" in ended.err
        assert f"in namespace {namespace}" in ended.err
        assert f"system:serviceaccount:{namespace}:nobody" in ended.err


class Busy(Proxy):
    """Answers each request for the first time, or always, with a status and maybe a Retry-After."""

    def __init__(
        self, settings: Configuration, status: int = 429, retry_after: str = "1", *, always: bool = False
    ) -> None:
        super().__init__(settings)
        self._status = status
        self._retry_after = retry_after
        self._always = always
        self.refused: list[tuple[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = (request.method, request.path_qs)
        if asked in self.refused and not self._always:
            return await super().answer(request)
        self.refused.append(asked)
        said = {"kind": "Status", "code": self._status, "message": "storage is (re)initializing"}
        headers = {"Retry-After": self._retry_after} if self._retry_after else {}
        return web.json_response(said, status=self._status, headers=headers)


async def _call_through(busy: Busy, namespace: str, folder: Path, *command: str) -> Ended:
    async with busy.serve() as through:
        place = ("--kubeconfig", str(write_kubeconfig(folder, through.host)), "--namespace", namespace)
        return await asyncio.to_thread(call, *command, *place)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["status", "production"], 0, "production"),
        (["status"], 0, "production"),
        (["sync-now", "production"], 0, "run requested"),
        (["check-now", "--all"], 0, "check requested"),
        (["suspend", "production"], 0, "suspended"),
        (["check-now", "-l", "none=such"], 1, "no destination is selected"),
        (["status", "nowhere"], 1, "there is no IntercomDestination nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
async def test_an_api_server_that_asks_to_come_back_is_asked_again(
    world: World, tmp_path: Path, command: list[str], code: int, words: str
) -> None:
    await world.apply()
    busy = Busy(world.settings)
    ended = await _call_through(busy, world.namespace, tmp_path, *command)
    assert busy.refused
    assert (ended.code, "re)initializing" in ended.err) == (code, False)
    assert words in ended.out + ended.err


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_so_is_one_that_fails_and_says_when_to_come_back(world: World, tmp_path: Path, status: int) -> None:
    await world.apply()
    ended = await _call_through(Busy(world.settings, status), world.namespace, tmp_path, "status", "production")
    assert (ended.code, ended.err) == (0, "")


async def test_a_log_is_asked_for_again(world: World, tmp_path: Path) -> None:
    await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "once"})
    async with world.operator():
        await world.make_ready()
        job = await world.until_job("manual")
        await world.start(job["metadata"]["name"])
    busy = Busy(world.settings)
    ended = await _call_through(busy, world.namespace, tmp_path, "logs", "production")
    assert busy.refused[-1][1].partition("?")[0].endswith("/log")
    assert "re)initializing" not in ended.err  # but that no kubelet is there, which could give it


@pytest.mark.parametrize(("status", "retry_after"), [(429, ""), (500, ""), (503, "3600"), (403, "1")])
async def test_a_refusal_without_a_time_or_for_long_is_told_at_once(
    world: World, tmp_path: Path, status: int, retry_after: str
) -> None:
    busy = Busy(world.settings, status, retry_after, always=True)
    ended = await _call_through(busy, world.namespace, tmp_path, "status")
    assert (ended.code, len(busy.refused)) == (1, 1)
    assert "storage is (re)initializing" in ended.err


async def test_one_that_stays_busy_is_told_in_the_end(world: World, tmp_path: Path) -> None:
    busy = Busy(world.settings, retry_after="16", always=True)
    began = time.monotonic()
    ended = await _call_through(busy, world.namespace, tmp_path, "status")
    assert time.monotonic() - began >= 16
    assert ended.code == 1
    assert "try again" in ended.err

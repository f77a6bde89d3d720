"""From the operator of 0.1.0 to this one, back and forth again, at a real API server with the real controllers.

Version 0.1.0 is taken from its commit, which a shallow clone does not have, and runs on the packages of today.
`tests/e2e/test_upgrade.py` does the same with images and charts.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from localkube import ControlPlane
from tests.support.operator_world import SECONDS, World, report

_ROOT: Final = Path(__file__).parents[3]
_COMMIT: Final = "a27f832"
"""The last one of 0.1.0."""
_NEWER: Final[dict[str, Any]] = {
    "contacts": {"matched": 8, "updated": 3, "unchanged": 5, "failed": 0, "vanished": 0, "cleared": 2}
}
"""What the worker of 0.1.0 does not report."""


@dataclass(frozen=True)
class Version:
    """A checkout: its operator, its CustomResourceDefinition, and the image that its Jobs run."""

    folder: Path
    image: str


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane of our own: the CustomResourceDefinition changes with the version."""
    with ControlPlane() as plane:
        yield plane


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Version:
    there = subprocess.run(  # noqa: S603 - git, as the PATH has it
        ["git", "cat-file", "-e", f"{_COMMIT}^{{commit}}"],  # noqa: S607
        check=False,
        cwd=_ROOT,
        capture_output=True,
    )
    if there.returncode != 0:
        pytest.skip(f"the commit {_COMMIT} of 0.1.0 is not in this clone: fetch the whole history")
    folder = tmp_path_factory.mktemp("0.1.0")
    archive = subprocess.run(  # noqa: S603
        ["git", "archive", _COMMIT],  # noqa: S607
        check=True,
        cwd=_ROOT,
        capture_output=True,
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], check=True, input=archive.stdout)  # noqa: S603, S607
    return Version(folder, "mogulsync:0.1.0")


_THIS: Final = Version(_ROOT, "mogulsync:this")


@contextlib.asynccontextmanager
async def _running(world: World, version: Version) -> AsyncIterator[None]:
    """Run a version's operator as a process; yield when it has applied its CronJob, if there is a destination."""
    world.plane.apply_crds(version.folder / "crds")
    operator = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mogulsync", "operator", f"--image={version.image}", f"--namespace={world.namespace}",
        "--metrics-address=127.0.0.1:0", "--health-address=127.0.0.1:0",
        env=os.environ | {
            "PYTHONPATH": str(version.folder / "operator"),
            "KUBECONFIG": str(world.plane.kubeconfig),
            "POD_NAMESPACE": world.namespace,
        },
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        if await world.listed("cronjobs"):

            async def applied() -> bool:
                template = (await world.get("cronjobs"))["spec"]["jobTemplate"]["spec"]["template"]
                return bool(template["spec"]["containers"][0]["image"] == version.image)

            await world.until(f"{version.image} in the CronJob", applied)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            operator.terminate()
        await _ended(operator, version)


async def _ended(operator: asyncio.subprocess.Process, version: Version) -> None:
    """Wait for the end of an operator that was told to end; 0.1.0 may hang if a watch lists anew just then."""
    try:
        async with asyncio.timeout(SECONDS):
            assert await operator.wait() == 0
    except TimeoutError:
        assert version is not _THIS, "the operator does not end"
        operator.kill()
        await operator.wait()


@dataclass(frozen=True)
class Seen:
    """What a change of version must leave alone."""

    cronjob: str
    runs: frozenset[str]
    last_sync: dict[str, Any]
    history: list[dict[str, Any]]


async def _see(world: World) -> Seen:
    status = (await world.destination())["status"]
    runs = [job for trigger in ("manual", "schedule", "preview") for job in await world.jobs(trigger)]
    return Seen(
        cronjob=(await world.get("cronjobs"))["metadata"]["uid"],
        runs=frozenset(job["metadata"]["name"] for job in runs),
        last_sync=status["lastSync"],
        history=status["history"],
    )


async def _run(world: World, *, number: int, message: str) -> None:
    """Ask for a run and let it end with a report."""
    value = f"2099-01-01T00:00:0{number}Z"
    await world.kubectl("annotate", "icd", "production", f"mogulsync.dev/sync-requested-at={value}", "--overwrite")
    name = (await world.until_job("manual", number=number))["metadata"]["name"]
    await world.finish(name, message)
    await world.until_status(f"{name} reported", lambda status: status.get("lastSync", {}).get("job") == name)


async def test_no_version_starts_a_run_makes_a_cronjob_anew_or_loses_a_report(world: World, older: Version) -> None:
    async with _running(world, older):
        await world.apply()
        await world.make_ready()
        await _run(world, number=1, message=report())
        first = await _see(world)

    async with _running(world, _THIS):
        assert await _see(world) == first
        await world.until_condition("Ready", "True", "Ready")
        # As a newer worker still would report.
        await _run(world, number=2, message=report(**_NEWER, later={"than": "this"}))
        second = await _see(world)
        assert second.cronjob == first.cronjob
        assert second.last_sync["contacts"]["cleared"] == 2
        assert second.last_sync["later"] == {"than": "this"}

    async with _running(world, older):
        assert await _see(world) == second
        await world.until_condition("Ready", "True", "Ready")
        await _run(world, number=3, message=report())
        third = await _see(world)
        assert third.cronjob == first.cronjob
        assert json.dumps(second.history[0]) in {json.dumps(entry) for entry in third.history}

    async with _running(world, _THIS):
        assert await _see(world) == third
        await world.until_condition("Ready", "True", "Ready")
        await _run(world, number=4, message=report())

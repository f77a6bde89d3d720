"""Many destinations at once: how long until each has its CronJob and is ready, by operator and by bare client."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.tables import Cell, Result, Table
from bench.targets import Target
from bench_operator.cluster import Cluster, cluster
from bench_operator.destinations import apply_all, destination_names
from bench_operator.operator import Operator

LEASES: Final = "leases"
"""Renewed every two seconds, whatever else there is to do."""
READY_SECONDS: Final = 600.0
"""Longest wait for anything, in seconds."""
MOST_TIMES_BARE: Final = 1.5
MOST_GROWTH: Final = 1.2
"""Most seconds for each of the most destinations, in those of the second most: linear growth is 1."""

_TOOLS: Final = Path(__file__).parents[1]


class BareClientError(RuntimeError):
    """The bare client failed."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """Seconds, CPU and writes of a rollout."""

    seconds: float
    """From the first destination's creation until the last is ready and has a CronJob."""
    settled_seconds: float
    """From the same until the last check's Job has ended too: what does not wait for the Jobs is done before."""
    cpu_seconds: float
    """Of the operator, or of the bare client."""
    writes: int
    """Requests that write, the Lease's renewals and the destinations' creation left out."""


@asynccontextmanager
async def operated(count: int) -> AsyncIterator[tuple[Cluster, Operator, Rollout]]:
    """Yield a fresh cluster with so many destinations that its operator has made ready, and what that took."""
    async with cluster() as fresh, Operator(fresh.kubeconfig, fresh.folder) as operator:
        before = operator.usage.cpu_seconds
        names = destination_names(count)
        began = time.monotonic()
        await apply_all(fresh.api, names)
        ended = await fresh.observer.until_ready(names, seconds=READY_SECONDS)
        settled = await fresh.observer.until_settled(names, seconds=READY_SECONDS)
        took = operator.usage.cpu_seconds - before
        yield fresh, operator, Rollout(ended - began, settled - began, took, _written(fresh.audit.writes()))


async def by_bare_client(count: int, *, wait: bool) -> Rollout:
    """Let the bare client make so many destinations ready on a fresh cluster, and return what that took.

    Raises:
        BareClientError: It failed.
    """
    async with cluster() as fresh:
        command = [sys.executable, "-m", "bench_operator.bare", str(fresh.kubeconfig), str(count)]
        process = await asyncio.create_subprocess_exec(
            *(*command, *(["--wait"] if wait else [])),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": str(_TOOLS)},
        )
        assert process.stdin is not None  # noqa: S101 - as asked for
        assert process.stdout is not None  # noqa: S101 - as asked for
        try:
            await process.stdout.readline()
            began = time.monotonic()
            process.stdin.write(b"\n")
            printed = await process.stdout.readline()
            if not printed:
                raise BareClientError("the bare client failed; what it said is above")
            names = destination_names(count)
            ended = await fresh.observer.until_ready(names, seconds=READY_SECONDS)
            settled = await fresh.observer.until_settled(names, seconds=READY_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        writes = _written(fresh.audit.writes()) - count
        return Rollout(ended - began, settled - began, json.loads(printed)["cpu_seconds"], writes)


async def measure(count: int, *, repeats: int, say: Callable[[str], None]) -> Result:
    """Measure operator and bare client in turns."""
    waiting, writing, ours = list[Rollout](), list[Rollout](), list[Rollout]()
    for number in range(1, repeats + 1):
        say(f"{count:,} destinations, {number} of {repeats}: the bare client, waiting for the Jobs")
        waiting.append(await by_bare_client(count, wait=True))
        say(f"{count:,} destinations, {number} of {repeats}: the operator")
        async with operated(count) as (_, _, rollout):
            ours.append(rollout)
        say(f"{count:,} destinations, {number} of {repeats}: the bare client, waiting for nothing")
        writing.append(await by_bare_client(count, wait=False))
    # The machine's speed changes from minute to minute, so each turn is compared in itself.
    times_waiting = [each.seconds / bare.seconds for each, bare in zip(ours, waiting, strict=True)]
    times_settled = [each.settled_seconds / bare.settled_seconds for each, bare in zip(ours, writing, strict=True)]
    table = Table(
        f"{count:,} destinations at once, beside the bare client",
        (
            "who",
            "seconds, median",
            "least",
            "most",
            "until the Jobs have ended too, median",
            "CPU seconds",
            "writes for each",
        ),
        [
            _row(name, rollouts, count)
            for name, rollouts in (
                ("the operator", ours),
                ("the bare client", waiting),
                ("the same, not waiting for the Jobs", writing),
            )
        ],
        f"Medians of {repeats} turns, each on a fresh control plane. The operator took {_listed(times_waiting)} times "
        f"as long as the bare client of the same turn; until the Jobs had ended, {_listed(times_settled)} times as "
        "long as the one that does not wait for them.",
    )
    targets = {
        "times the bare client that waits for the Jobs": median(times_waiting),
        "times the one that does not, until the Jobs have ended": median(times_settled),
    }
    return Result(
        [table],
        [Target(f"{count:,} destinations: {what}", times, "<=", MOST_TIMES_BARE) for what, times in targets.items()],
    )


async def growth(sizes: Sequence[int], say: Callable[[str], None]) -> Result:
    """Measure the operator at each size."""
    table = Table(
        "The operator, by number of destinations applied at once",
        ("destinations", "seconds", "milliseconds for each", "CPU seconds", "CPU ms for each", "peak MiB"),
    )
    for size in sizes:
        say(f"{size:,} destinations: the operator")
        async with operated(size) as (_, operator, rollout):
            table.rows.append(
                (
                    size,
                    rollout.seconds,
                    1000 * rollout.seconds / size,
                    rollout.cpu_seconds,
                    1000 * rollout.cpu_seconds / size,
                    operator.usage.peak_mib,
                )
            )
    return Result([table], growth_targets([(size, row[1]) for size, row in zip(sizes, table.rows, strict=True)]))


def growth_targets(measured: Sequence[tuple[int, Cell]]) -> list[Target]:
    """Return whether the seconds grow no more than linearly, from the second largest size to the largest."""
    if len(measured) < 2:  # noqa: PLR2004 - growth is between two
        return []
    (few, few_seconds), (many, many_seconds) = sorted(measured)[-2:]
    growth = (float(many_seconds or 0) / many) / (float(few_seconds or 0) / few)
    return [Target(f"seconds for each of {many:,} destinations to those of {few:,}", growth, "<=", MOST_GROWTH)]


def _row(name: str, rollouts: Sequence[Rollout], count: int) -> tuple[Cell, ...]:
    seconds = [each.seconds for each in rollouts]
    return (
        name,
        median(seconds),
        min(seconds),
        max(seconds),
        median(each.settled_seconds for each in rollouts),
        median(each.cpu_seconds for each in rollouts),
        median(each.writes for each in rollouts) / count,
    )


def _listed(ratios: Sequence[float]) -> str:
    return ", ".join(f"{ratio:.2f}" for ratio in ratios)


def _written(writes: Counter[str]) -> int:
    return writes.total() - writes[LEASES]

"""How soon a change of the spec, and the end of a run, are answered while many destinations are there."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any, Final

from bench.tables import Cell, Result, Table
from bench.targets import Target
from bench_operator.api import JSON, MERGE_PATCH
from bench_operator.cluster import Cluster
from bench_operator.destinations import CRONJOBS, JOBS, PATH, schedule
from localkube.podstatus import instant
from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT

MOST_SECONDS: Final = 2.0
"""Most seconds to an answer, for 99 of 100."""

_PER_SECOND: Final = 5.0
_SECONDS: Final = 600.0


async def measure(cluster: Cluster, names: Sequence[str], *, samples: int, say: Callable[[str], None]) -> Result:
    """Change and run some of the destinations at a steady pace, then run all of them at once."""
    picked = names[:: max(1, len(names) // samples)][:samples]
    say(f"{len(picked)} changes of the spec")
    changes = await _change(cluster, picked, pace=_PER_SECOND)
    say(f"{len(picked)} runs")
    runs = await _run(cluster, picked, pace=_PER_SECOND)
    say(f"{len(names):,} runs at once")
    together = await _run_schedules(cluster, names)
    table = Table(
        f"From cause to effect, with {len(names):,} destinations",
        ("from", "to", "times", "p50 s", "p99 s", "most s"),
        [
            ("the request that changes a spec", "its CronJob changed", *_spread(changes)),
            ("the end of a run's Job", "the run in the status", *_spread(runs)),
        ],
        f"At {_PER_SECOND:.0f} a second. Both ends are seen by a watch of the benchmark's own.",
    )
    return Result(
        [table, together],
        [
            Target("change of a spec to CronJob, p99", percentile(changes, 99), "<", MOST_SECONDS, " s"),
            Target("end of a Job to status, p99", percentile(runs, 99), "<", MOST_SECONDS, " s"),
        ],
    )


async def _change(cluster: Cluster, names: Sequence[str], *, pace: float) -> list[float]:
    """Give destinations another schedule, one after the other; return each CronJob's delay."""
    new = schedule(minute=30)
    asked: dict[str, float] = {}

    async def change(name: str) -> None:
        asked[name] = time.monotonic()
        await cluster.api.send("PATCH", f"{PATH}/{name}", {"spec": {"schedule": new}}, MERGE_PATCH)

    await _paced(change, names, pace)
    seen = cluster.observer.scheduled
    await cluster.observer.until(
        "all CronJobs changed", lambda: all((name, new) in seen for name in names), seconds=_SECONDS
    )
    return [seen[name, new] - asked[name] for name in names]


async def _run(cluster: Cluster, names: Sequence[str], *, pace: float) -> list[float]:
    """Ask for runs, one after the other; return the delay of each report."""
    before = set(cluster.observer.ended)
    request = {"metadata": {"annotations": {ANNOTATION_SYNC_REQUESTED_AT: instant(datetime.now(UTC))}}}

    async def ask(name: str) -> None:
        await cluster.api.send("PATCH", f"{PATH}/{name}", request, MERGE_PATCH)

    await _paced(ask, names, pace)
    new = await _until_reported(cluster, before, len(names))
    return [cluster.observer.reported[job] - cluster.observer.ended[job] for job in new]


async def _run_schedules(cluster: Cluster, names: Sequence[str]) -> Table:
    """Make the Job of every CronJob at once, as Kubernetes does when they are due."""
    before = set(cluster.observer.ended)
    cronjobs = (await cluster.api.get(CRONJOBS))["items"]
    slots = asyncio.Semaphore(64)

    async def start(cronjob: dict[str, object]) -> None:
        async with slots:
            await cluster.api.send("POST", JOBS, _scheduled_job(cronjob), JSON)

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for cronjob in cronjobs:
            group.create_task(start(cronjob))
    made = time.monotonic()
    new = await _until_reported(cluster, before, len(names))
    return Table(
        f"A run of each of {len(names):,} destinations at once",
        ("from the first Job's creation until", "seconds"),
        [
            ("every Job is created", made - began),
            ("every Job has ended", max(cluster.observer.ended[job] for job in new) - began),
            ("every run is in the status", max(cluster.observer.reported[job] for job in new) - began),
        ],
    )


def _scheduled_job(cronjob: dict[str, Any]) -> dict[str, object]:
    """Return the Job that the CronJob controller would make."""
    metadata, template = cronjob["metadata"], cronjob["spec"]["jobTemplate"]
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    name = f"{metadata['name']}-{int(time.time()) // 60}"
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**template["metadata"], "name": name, "ownerReferences": [owner]},
        "spec": template["spec"],
    }


async def _until_reported(cluster: Cluster, before: set[str], count: int) -> set[str]:
    """Wait until so many more Jobs have ended and are reported; return them."""
    observer = cluster.observer

    def done() -> bool:
        new = observer.ended.keys() - before
        return len(new) >= count and new <= observer.reported.keys()

    await observer.until(f"{count} runs are reported", done, seconds=_SECONDS)
    return observer.ended.keys() - before


async def _paced(do: Callable[[str], Any], names: Sequence[str], pace: float) -> None:
    """Do something for each name, so many a second, whether the one before has ended or not."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, name in enumerate(names):
            await asyncio.sleep(max(0.0, began + number / pace - time.monotonic()))
            group.create_task(do(name))


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many of a hundred keep to."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _spread(values: Sequence[float]) -> tuple[Cell, ...]:
    return (len(values), percentile(values, 50), percentile(values, 99), max(values))

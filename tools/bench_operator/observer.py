"""Watches of the cluster, and when each condition first held. Times are those of the machine's monotonic clock."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Final

from bench_operator.api import Api, Object
from bench_operator.destinations import CRONJOBS, JOBS, PATH

_POLL_SECONDS: Final = 0.02


class Observer:
    """What was seen of all destinations, CronJobs and Jobs, and when."""

    def __init__(self) -> None:
        self.ready: dict[str, float] = {}
        """When each destination's Ready first was True."""
        self.scheduled: dict[tuple[str, str], float] = {}
        """When each CronJob first had a schedule."""
        self.ended: dict[str, float] = {}
        """When each Job was complete."""
        self.reported: dict[str, float] = {}
        """When each run's Job was first in its destination's history."""

    def see_destination(self, seen: Object) -> None:
        """Record a destination's state."""
        now, status = time.monotonic(), seen.get("status") or {}
        if _is_true(status, "Ready"):
            self.ready.setdefault(seen["metadata"]["name"], now)
        for entry in status.get("history") or ():
            self.reported.setdefault(entry["job"], now)

    def see_cronjob(self, seen: Object) -> None:
        """Record a CronJob's state."""
        self.scheduled.setdefault((seen["metadata"]["name"], seen["spec"]["schedule"]), time.monotonic())

    def see_job(self, seen: Object) -> None:
        """Record a Job's state."""
        if _is_true(seen.get("status") or {}, "Complete"):
            self.ended.setdefault(seen["metadata"]["name"], time.monotonic())

    async def until(self, what: str, holds: Callable[[], bool], *, seconds: float) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: It took too long.
        """
        try:
            async with asyncio.timeout(seconds):
                while not holds():  # noqa: ASYNC110 - any of three watches may make it hold
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}") from None

    async def until_ready(self, names: Iterable[str], *, seconds: float) -> float:
        """Wait until all these destinations are ready and have a CronJob; return when the last of it was seen."""
        left = set(names)

        def done() -> bool:
            return left <= self.ready.keys() and left <= {name for name, _ in self.scheduled}

        await self.until(f"{len(left)} destinations are ready", done, seconds=seconds)
        last_ready = max(self.ready[name] for name in left)
        return max(last_ready, *(at for (name, _), at in self.scheduled.items() if name in left))

    async def until_settled(self, names: Collection[str], *, seconds: float) -> float:
        """Wait until these destinations are ready and as many Jobs have ended; return when the last of it was seen."""
        ready = await self.until_ready(names, seconds=seconds)
        await self.until(f"{len(names)} Jobs have ended", lambda: len(self.ended) >= len(names), seconds=seconds)
        return max(ready, *self.ended.values())


@asynccontextmanager
async def observing(api: Api) -> AsyncIterator[Observer]:
    """Watch while the context lasts."""
    observer = Observer()

    async def follow(path: str, see: Callable[[Object], None]) -> None:
        async for event, seen in api.watch(path):
            if event != "DELETED":
                see(seen)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(follow(path, see))
            for path, see in (
                (PATH, observer.see_destination),
                (CRONJOBS, observer.see_cronjob),
                (JOBS, observer.see_job),
            )
        ]
        yield observer
        for task in tasks:
            task.cancel()


def _is_true(status: Object, kind: str) -> bool:
    return any(each["type"] == kind and each["status"] == "True" for each in status.get("conditions") or ())

"""The work queue: one at a time for each key, once for many additions, later after a failure."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from mogulsync.controller.settings import OperatorSettings
from mogulsync.kube.client import StatusError
from mogulsync.kube.workqueue import ExponentialBackoff, WorkQueue

QUICK = ExponentialBackoff(base_delay=0.001, max_delay=1.0)

Handler = Callable[[str], Awaitable[float | None]]


@contextlib.asynccontextmanager
async def working(queue: WorkQueue[str], handle: Handler, workers: int = 4) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.run(handle, workers=workers))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)


async def test_a_key_added_often_while_it_waits_is_handled_once() -> None:
    queue, seen = WorkQueue[str](backoff=QUICK), Counter[str]()

    async def handle(key: str) -> None:
        seen[key] += 1

    for _ in range(5):
        queue.add("a")
    queue.add("b")
    assert queue.stats().depth == 2
    async with working(queue, handle):
        await until(lambda: len(seen) == 2)
        await asyncio.sleep(0.02)
    assert seen == {"a": 1, "b": 1}
    assert queue.stats().depth == 0


async def test_a_key_added_while_it_is_handled_is_handled_again_and_never_twice_at_a_time() -> None:
    queue, begun, running, most = WorkQueue[str](backoff=QUICK), asyncio.Event(), 0, 0
    release, handled = asyncio.Event(), 0

    async def handle(_: str) -> None:
        nonlocal running, most, handled
        running += 1
        most = max(most, running)
        begun.set()
        await release.wait()
        running -= 1
        handled += 1

    async with working(queue, handle):
        queue.add("a")
        await begun.wait()
        queue.add("a")
        queue.add("a")
        release.set()
        await until(lambda: handled == 2)
    assert most == 1


async def test_different_keys_are_handled_side_by_side() -> None:
    queue, both = WorkQueue[str](backoff=QUICK), asyncio.Barrier(2)

    async def handle(_: str) -> None:
        await both.wait()

    async with working(queue, handle), asyncio.timeout(10):
        queue.add("a")
        queue.add("b")
        await until(lambda: queue.stats().depth == 0 and both.n_waiting == 0)


async def test_a_failed_key_comes_back_and_is_counted_until_it_succeeds() -> None:
    retries, tries = [], []
    queue = WorkQueue[str](backoff=QUICK, on_retry=lambda: retries.append(1))

    async def handle(key: str) -> None:
        tries.append(key)
        if len(tries) < 4:
            raise StatusError("PATCH /x", "no answer")

    async with working(queue, handle):
        queue.add("a")
        await until(lambda: len(tries) == 4)
    assert len(retries) == 3


async def test_a_handler_says_when_its_key_is_due_again() -> None:
    queue, seen = WorkQueue[str](backoff=QUICK), []

    async def handle(key: str) -> float | None:
        seen.append(key)
        return 0.01 if len(seen) < 3 else None

    async with working(queue, handle):
        queue.add("a")
        await until(lambda: len(seen) == 3)
        await asyncio.sleep(0.05)
    assert len(seen) == 3


async def test_the_age_of_the_oldest_key_is_known() -> None:
    now = 100.0
    queue = WorkQueue[str](backoff=QUICK, clock=lambda: now)
    assert queue.stats().oldest == 0
    queue.add("a")
    now = 130.0
    queue.add("b")
    assert queue.stats().oldest == 30


@pytest.mark.parametrize(
    ("failures", "chance", "seconds"), [(1, 0.0, 0.1), (1, 1.0, 0.2), (2, 1.0, 0.4), (5, 0.0, 1.6), (500, 1.0, 60.0)]
)
def test_the_backoff_doubles_up_to_a_minute_and_is_spread(failures: int, chance: float, seconds: float) -> None:
    assert OperatorSettings().backoff.seconds(failures, chance) == pytest.approx(seconds)

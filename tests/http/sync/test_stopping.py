"""A run that is told to stop reports what it did and leaves the rest to the next one."""

import asyncio
import time

import pytest

from mogulsync.resource.reasons import Outcome, RunReason
from mogulsync.sandbox import Delay
from tests.support import sandbox_world
from tests.support.sandbox_world import WRITES, World

LONGEST = 5.0
"""Seconds within which a run is over once it was told to stop."""


async def stop_once(world: World, *, path: str, stop: asyncio.Event, times: int = 1) -> float:
    """Tell the run to stop as soon as this path was asked for so many times, and return when that was."""
    while world.requests.count(path=path) < times:  # noqa: ASYNC110 - the sandbox has no event for it
        await asyncio.sleep(0.005)
    stop.set()
    return time.monotonic()


@pytest.mark.parametrize("path", ["/me", "/customers", "/data_attributes", "/contacts"])
async def test_reading_stops_at_once(world: World, path: str) -> None:
    world.pairs(3)
    world.faults.inject(Delay(60), path=path, times=1)
    stop = asyncio.Event()
    report, told = await asyncio.gather(world.sync(stop=stop), stop_once(world, path=path, stop=stop))
    assert time.monotonic() - told < LONGEST
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, RunReason.INTERRUPTED, 5)


async def test_several_searches_under_way_stop_at_once(world: World) -> None:
    world.pairs(400)
    world.faults.inject(Delay(60), path="/contacts/search", skip=1)
    stop = asyncio.Event()
    report, told = await asyncio.gather(
        world.sync(stop=stop, intercom={"readPlan": "Search"}),
        stop_once(world, path="/contacts/search", stop=stop, times=4),
    )
    assert time.monotonic() - told < LONGEST
    assert report.reason == RunReason.INTERRUPTED
    assert report.contacts.matched > 0


async def test_writes_under_way_may_end_and_the_rest_count_as_interrupted(world: World) -> None:
    world.pairs(400)
    world.faults.inject(Delay(0.2), method="PUT")
    stop = asyncio.Event()
    report, told = await asyncio.gather(world.sync(stop=stop), stop_once(world, path=WRITES, stop=stop))
    assert time.monotonic() - told < LONGEST
    assert report.reason == RunReason.INTERRUPTED
    written = sum(1 for values in world.every_contact().values() if values)
    assert 0 < report.contacts.updated == written < 400
    paths = [each.path for each in world.requests.select(method="PUT", path=WRITES)]
    assert len(paths) == len(set(paths)), "a contact was written twice"
    assert [(error.reason, error.count) for error in report.errors] == [("Interrupted", report.contacts.failed)]
    world.faults.clear()
    after = await world.sync()
    assert after.outcome is Outcome.SUCCEEDED
    assert (after.contacts.updated, after.contacts.unchanged) == (400 - written, written)


async def test_writes_that_do_not_end_are_abandoned(world: World) -> None:
    world.pairs(3)
    world.faults.inject(Delay(60), method="PUT")
    stop = asyncio.Event()
    report, told = await asyncio.gather(world.sync(stop=stop), stop_once(world, path=WRITES, stop=stop))
    assert time.monotonic() - told < LONGEST
    assert report.reason == RunReason.INTERRUPTED
    assert report.contacts.failed == report.contacts.matched == 3


async def test_a_check_stops_too(world: World) -> None:
    world.faults.inject(Delay(60), path="/me")
    stop = asyncio.Event()
    report, _ = await asyncio.gather(world.check(stop=stop), stop_once(world, path="/me", stop=stop))
    assert (report.reason, report.exit_code) == (RunReason.INTERRUPTED, 5)


async def test_contacts_known_by_then_are_failed_under_skip_too() -> None:
    async with sandbox_world.world() as world:
        world.pairs(200)
        world.faults.inject(Delay(60), path="/contacts", skip=1)
        stop = asyncio.Event()
        report, _ = await asyncio.gather(
            world.sync(stop=stop, matching={"ambiguous": "Skip"}), stop_after_first_page(world, stop)
        )
    assert report.reason == RunReason.INTERRUPTED
    assert report.contacts.failed == report.contacts.matched == 150


async def stop_after_first_page(world: World, stop: asyncio.Event) -> None:
    while world.requests.count(path="/contacts") < 2:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.1)
    stop.set()

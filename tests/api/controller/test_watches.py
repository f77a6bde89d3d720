"""The age of a watch tells a living one from a dead one."""

import asyncio
import contextlib

from api.controller.world import World
from localkube import Part
from mogulsync.controller.watching import Pace, Watcher


async def test_a_quiet_watch_stays_young_and_a_frozen_one_ages_until_it_is_begun_anew(world: World) -> None:
    watcher = Watcher(
        world.settings,
        namespaces=(world.namespace,),
        on_event=lambda _kind, _event, _seen: None,
        on_relist=lambda: None,
        pace=Pace(watch=1, silence=2),
    )
    task = asyncio.create_task(watcher.run())
    try:

        async def oldest_below_2() -> bool:
            return max(watcher.ages().values()) < 2

        async def youngest_above_3() -> bool:
            return min(watcher.ages().values()) > 3

        await asyncio.sleep(3)
        await world.until("all watches are alive", oldest_below_2)
        world.plane.pause(Part.API_SERVER)
        try:
            await world.until("all watches have aged", youngest_above_3)
        finally:
            world.plane.resume(Part.API_SERVER)
        await world.until("all watches are alive again", oldest_below_2)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

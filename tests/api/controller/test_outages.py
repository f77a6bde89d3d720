"""The API server and etcd go away and come back; the operator stays and converges."""

import asyncio

from localkube import Part
from tests.support.operator_world import World


async def test_what_happened_while_the_api_server_was_away_is_caught_up(world: World) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
        await asyncio.to_thread(world.plane.stop_part, Part.API_SERVER)
        await asyncio.sleep(2)
        await asyncio.to_thread(world.plane.start_part, Part.API_SERVER)
        await world.apply("second", schedule="5 5 * * *")
        await world.until_status("the new one's CronJob", lambda status: status.get("cronJob"), "second")
        await world.apply(schedule="6 6 * * *")
        await world.until_status("the change", lambda status: status["observedGeneration"] == 2)


async def test_an_etcd_outage_of_a_minute_is_outlasted(world: World) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
        world.plane.pause(Part.ETCD)
        await asyncio.sleep(60)
        world.plane.resume(Part.ETCD)
        await world.apply(schedule="6 6 * * *")
        await world.until_status("the change", lambda status: status["observedGeneration"] == 2)


async def test_what_was_deleted_while_nobody_watched_is_made_anew(world: World) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
    await world.kubectl("delete", "cronjob", "production")
    await world.apply("gone")
    async with world.operator():
        await world.until("the CronJob", lambda: _has_cronjob(world, "production"))
        await world.until("the other's, too", lambda: _has_cronjob(world, "gone"))


async def _has_cronjob(world: World, name: str) -> bool:
    return any(each["metadata"]["name"] == name for each in await world.listed("cronjobs"))

"""A watch that is dead or failed is noticed and begun anew."""

import asyncio
import contextlib
import gc
import json
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from localkube import Part
from mogulsync.controller.resources import WATCHED
from mogulsync.controller.settings import OperatorSettings
from mogulsync.kube.watch import Watcher, WatchTimeouts
from mogulsync.resource.names import API_VERSION, KIND
from tests.support.api_proxy import Proxy, is_watch
from tests.support.operator_world import SPEC, World

_SECONDS = 50
"""Less than the 60 after which the API server ends a watch by itself."""
_ERROR = json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 500, "reason": "InternalError"}}) + "\n"


class Interrupting(Proxy):
    """Ends every open watch of destinations with what it is told to say."""

    def __init__(self, settings: Configuration) -> None:
        super().__init__(settings)
        self.watched = asyncio.Event()
        self.interrupted = 0
        self._interruption: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def interrupt(self, words: str) -> None:
        self.watched.clear()
        interruption, self._interruption = self._interruption, asyncio.get_running_loop().create_future()
        interruption.set_result(words.encode())

    async def stream(
        self, request: web.Request, upstream: aiohttp.ClientResponse, answer: web.StreamResponse
    ) -> web.StreamResponse:
        if not (is_watch(request) and request.path.endswith("/intercomdestinations")):
            return await super().stream(request, upstream, answer)
        passing = asyncio.create_task(super().stream(request, upstream, answer))
        interruption = self._interruption
        self.watched.set()
        try:
            waiting: set[asyncio.Future[Any]] = {passing, interruption}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            passing.cancel()
        await asyncio.wait({passing})
        if interruption.done():
            self.interrupted += 1
            await answer.write(interruption.result())
        return answer


@pytest.mark.parametrize("words", [_ERROR, '{"type": "MODIFIED", "obj' + _ERROR], ids=["error", "unreadable"])
async def test_a_watch_that_fails_is_begun_anew_before_it_would_end_by_itself(world: World, words: str) -> None:
    proxy = Interrupting(world.settings)
    async with proxy.serve() as through, world.operator(settings=through):
        await world.apply()
        await world.make_ready()
        await proxy.watched.wait()
        for times, schedule in enumerate(("5 5 * * *", "6 6 * * *"), start=1):
            proxy.interrupt(words)
            async with asyncio.timeout(_SECONDS):
                await proxy.watched.wait()
            assert proxy.interrupted == times
            await world.apply(schedule=schedule)
            await world.until("the CronJob", partial(_is_scheduled, world, schedule))


async def _is_scheduled(world: World, schedule: str) -> bool:
    return bool((await world.get("cronjobs"))["spec"]["schedule"] == schedule)


async def test_a_watcher_stopped_amid_a_list_ends_what_it_has_begun(world: World) -> None:
    """What it leaves undone shows as a warning of a coroutine that nobody awaited, which fails the test."""
    named = [{"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": f"d-{n}"}, "spec": SPEC} for n in range(40)]
    await world.kubectl(
        "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": named}, default=dict)
    )
    seen = asyncio.Event()
    watcher = Watcher(
        world.settings,
        resources=WATCHED,
        namespaces=(world.namespace,),
        on_event=lambda _kind, _event, _seen: seen.set(),
        on_relist=lambda: None,
        timeouts=OperatorSettings().watch,
        name="mogulsync",
    )
    task = asyncio.create_task(watcher.run())
    await seen.wait()
    task.cancel()
    await asyncio.wait({task})
    gc.collect()


async def test_a_quiet_watch_stays_young_and_a_frozen_one_ages_until_it_is_begun_anew(world: World) -> None:
    watcher = Watcher(
        world.settings,
        resources=WATCHED,
        namespaces=(world.namespace,),
        on_event=lambda _kind, _event, _seen: None,
        on_relist=lambda: None,
        timeouts=WatchTimeouts(server_timeout=1, inactivity_timeout=2),
        name="mogulsync",
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

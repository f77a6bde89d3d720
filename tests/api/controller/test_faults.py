"""An API server that answers 429 and 500, forgets where a watch was (410) and drops connections: it converges."""

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial

import aiohttp
from aiohttp import web
from kubernetes.aio.client import Configuration

from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT
from tests.support.api_proxy import Proxy, is_watch
from tests.support.operator_world import World, condition

FAULTS = {"429", "500", "dropped before", "dropped after", "410", "broken watch"}


class Faulty(Proxy):
    """Passes only some of what is said."""

    def __init__(self, settings: Configuration, seed: int) -> None:
        super().__init__(settings)
        self._chance = random.Random(seed)  # noqa: S311 - repeatable faults, not a secret
        self.faults: Counter[str] = Counter()
        self.healed = False

    def _strikes(self, name: str, probability: float) -> bool:
        strikes = not self.healed and self._chance.random() < probability
        self.faults[name] += strikes
        return strikes

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self._strikes("429", 0.08):
            return web.json_response({"kind": "Status", "code": 429}, status=429, headers={"Retry-After": "1"})
        if self._strikes("500", 0.08):
            return web.Response(status=500, text="the API server is not itself")
        if self._strikes("dropped before", 0.05):
            return self.drop(request)
        return await super().answer(request)

    async def stream(
        self, request: web.Request, upstream: aiohttp.ClientResponse, answer: web.StreamResponse
    ) -> web.StreamResponse:
        if self._strikes("dropped after", 0.05):  # it was done, and the operator does not learn of it
            return self.drop(request)
        await answer.prepare(request)
        async for part in upstream.content.iter_any():
            await answer.write(part)
            if is_watch(request):
                # Only between two events: no API server begins one in the middle of another.
                if part.endswith(b"\n") and self._strikes("410", 0.05):
                    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
                    await answer.write(json.dumps(gone).encode() + b"\n")
                    break
                if self._strikes("broken watch", 0.05):
                    return self.drop(request)
        return answer


async def test_it_converges_through_refusals_broken_connections_and_lost_watches(world: World) -> None:
    names = [f"d-{number}" for number in range(6)]
    faulty = Faulty(world.settings, seed=5)
    async with faulty.serve() as through, world.operator(settings=through):
        for name in names:
            await world.apply(name, annotations={ANNOTATION_SYNC_REQUESTED_AT: "once"})
        for name, trigger in itertools.product(names, ("check", "manual")):
            job = await world.until_job(trigger, destination=name)
            await world.finish(job["metadata"]["name"])
        await world.until("each fault", partial(_each_has_struck, world, faulty, names[0], itertools.count()))
        for name in names:
            await world.apply(name, annotations={ANNOTATION_SYNC_REQUESTED_AT: "once"}, schedule="5 5 * * *")
        for name in names:
            await world.until("all of it", partial(_is_done, world, name))
            cronjob = await world.get("cronjobs", name)
            assert cronjob["spec"]["schedule"] == "5 5 * * *"
            assert [len(await world.jobs(trigger, destination=name)) for trigger in ("check", "manual")] == [1, 1]
            assert len((await world.destination(name))["status"]["history"]) == 1
        faulty.healed = True


async def _each_has_struck(world: World, faulty: Faulty, name: str, numbers: Iterator[int]) -> bool:
    """Change a schedule once more, which takes requests and makes events; return whether each fault has struck.

    How many requests and events there were before is not known: a busy machine puts many events into one part.
    """
    minute = next(numbers) % 60
    await world.apply(name, annotations={ANNOTATION_SYNC_REQUESTED_AT: "once"}, schedule=f"{minute} 4 * * *")
    return set(+faulty.faults) == FAULTS


async def _is_done(world: World, name: str) -> bool:
    destination = await world.destination(name)
    status = destination["status"]
    ready, synced = condition(status, "Ready"), condition(status, "Synced")
    return bool(
        status["observedGeneration"] == destination["metadata"]["generation"]
        and (ready and ready["status"] == "True")
        and (synced and synced["status"] == "True")
    )

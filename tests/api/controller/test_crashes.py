"""The operator dies between any two writes, and the next one brings everything to the same end."""

import asyncio
import contextlib
import itertools
from collections import Counter
from typing import Any, Never

from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.client import KubernetesClient
from mogulsync.kube.objects import CRONJOBS, EVENTS, GroupVersionResource, Object
from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT, LABEL_DESTINATION
from tests.support.operator_world import World, condition, report

MOST_WRITES = 12
"""More than a destination's way from its creation to its first finished run needs."""


class Dying:
    """A client that stops before the n-th write for the destination `d-n`, for ever: what a kill leaves behind."""

    def __init__(self, real: KubernetesClient) -> None:
        self._real = real
        self.writes: Counter[str] = Counter()
        self.dead: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def create(self, resource: GroupVersionResource, body: Object) -> Object:
        await self._about_to_write(resource, body)
        return await self._real.create(resource, body)

    async def apply(self, resource: GroupVersionResource, body: Object) -> Object:
        await self._about_to_write(resource, body)
        return await self._real.apply(resource, body)

    async def patch(
        self, resource: GroupVersionResource, namespace: str, name: str, body: Object, *, subresource: str = ""
    ) -> Object:
        await self._about_to_write(resource, {"metadata": {"name": name}})
        return await self._real.patch(resource, namespace, name, body, subresource=subresource)

    async def _about_to_write(self, resource: GroupVersionResource, body: Object) -> None:
        metadata = body["metadata"]
        if resource in {CRONJOBS, DESTINATIONS}:
            owner = metadata["name"]
        elif resource is EVENTS:
            owner = body["regarding"]["name"]
        else:
            owner = metadata["labels"][LABEL_DESTINATION]
        self.writes[owner] += 1
        if self.writes[owner] == int(owner.removeprefix("d-")):
            self.dead.add(owner)
            await _for_ever()


async def _for_ever() -> Never:
    while True:
        await asyncio.Event().wait()


async def _finish_all_pods(world: World) -> None:
    """Play a kubelet that runs every Pod to its end at once."""
    done: set[str] = set()
    while True:
        for pod in await world.listed("pods", group="v1"):
            job = pod["metadata"]["labels"]["job-name"]
            if job not in done:
                done.add(job)
                await world.finish(job, report())
        await asyncio.sleep(0.1)


async def test_killed_before_any_write_it_converges_without_a_run_lost_or_doubled(world: World) -> None:
    names = [f"d-{number:02}" for number in range(1, MOST_WRITES + 1)]
    dying: list[Dying] = []

    def make(real: KubernetesClient) -> Any:
        dying.append(Dying(real))
        return dying[-1]

    kubelet = asyncio.create_task(_finish_all_pods(world))
    try:
        for name in names:
            await world.apply(name, annotations={ANNOTATION_SYNC_REQUESTED_AT: "once"})
        async with world.operator(make):
            await world.until("each died or is done", lambda: _settled(world, dying[0], names))
        survivors = set(names) - dying[0].dead
        assert survivors, "every destination died: MOST_WRITES is not more than one needs"
        assert len(dying[0].dead) > 5
        async with world.operator():
            for name in names:
                await world.until_status("the end", _is_done, name)
            await asyncio.sleep(1)  # for what must not come
    finally:
        kubelet.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await kubelet
    ends = [await _end(world, name) for name in names]
    assert all(end == ends[-1] for end in ends), [end for end in ends if end != ends[-1]]
    assert ends[-1]["jobs"] == {"check": 1, "manual": 1}


async def test_killed_again_and_again_at_random_it_converges(world: World) -> None:
    names = [f"d-{number:02}" for number in range(90, 96)]
    kubelet = asyncio.create_task(_finish_all_pods(world))
    try:
        for name in names:
            await world.apply(name, annotations={ANNOTATION_SYNC_REQUESTED_AT: "once"})
        for wait in (0.15, 0.3, 0.45, 0.6, 0.75):
            async with world.operator():
                await asyncio.sleep(wait)
        async with world.operator():
            for name in names:
                await world.until_status("the end", _is_done, name)
    finally:
        kubelet.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await kubelet
    ends = [await _end(world, name) for name in names]
    assert ends[0]["jobs"] == {"check": 1, "manual": 1}
    assert all(one == other for one, other in itertools.pairwise(ends))


def _is_done(status: Object) -> bool:
    ready, synced = condition(status, "Ready"), condition(status, "Synced")
    return bool(ready and synced and ready["status"] == "True" and synced["status"] == "True")


async def _settled(world: World, dying: Dying, names: list[str]) -> bool:
    done = [name for name in names if name in dying.dead or _is_done((await world.destination(name))["status"])]
    return len(done) == len(names)


async def _end(world: World, name: str) -> Object:
    """Return where a destination ended, without what differs by nature."""
    status = (await world.destination(name))["status"]
    cronjobs = [each for each in await world.listed("cronjobs") if each["metadata"]["name"] == name]
    return {
        "cronjobs": len(cronjobs),
        "jobs": {trigger: len(await world.jobs(trigger, destination=name)) for trigger in ("check", "manual")},
        "conditions": [(each["type"], each["status"], each["reason"]) for each in status["conditions"]],
        "history": [(entry["trigger"], entry["outcome"]) for entry in status["history"]],
        "failures": status["consecutiveFailures"],
        "handled": status["lastHandledSyncRequest"],
        "generation": status["observedGeneration"],
    }

"""Two operators for one namespace, which want different things of it."""

import asyncio
import itertools
from typing import Any

from mogulsync.kube.client import KubernetesClient
from mogulsync.kube.objects import GroupVersionResource, Object
from mogulsync.resource.names import API_VERSION
from tests.support.operator_world import World

_SECONDS = 20.0
_MOST_WRITES = 60
"""Of both together in that time: 3 a second; without a pause there are 100 a second."""


class _Counting:
    """A client that counts writes in a counter that it shares."""

    def __init__(self, real: KubernetesClient, counter: "itertools.count[int]") -> None:
        self._real = real
        self._counter = counter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def apply(self, resource: GroupVersionResource, body: Object) -> Object:
        next(self._counter)
        return await self._real.apply(resource, body)

    async def patch(
        self, resource: GroupVersionResource, namespace: str, name: str, body: Object, *, subresource: str = ""
    ) -> Object:
        next(self._counter)
        return await self._real.patch(resource, namespace, name, body, subresource=subresource)


async def test_two_operators_for_one_namespace_back_off_and_say_so(world: World) -> None:
    counter = itertools.count()

    def counted(real: KubernetesClient) -> Any:
        return _Counting(real, counter)

    async def said_so() -> bool:
        events = await world.listed("events", group="events.k8s.io/v1")
        return any(event["reason"] == "Contended" for event in events)

    async with world.operator(counted), world.operator(counted, image="mogulsync:other"):
        await world.apply()
        await world.until("an Event", said_so)
        before = next(counter)
        await asyncio.sleep(_SECONDS)
        assert next(counter) - before <= _MOST_WRITES
    async with world.operator():

        async def is_settled() -> bool:
            template = (await world.get("cronjobs"))["spec"]["jobTemplate"]["spec"]["template"]
            return bool(template["spec"]["containers"][0]["image"] == "mogulsync:test")

        await world.until("the operator that is left has its way", is_settled)
    assert (await world.get("intercomdestinations", group=API_VERSION))["status"]["cronJob"] == "production"

"""What the operator leaves behind: nothing on the resource but its status, and no write without a change."""

import asyncio
from typing import Any

from mogulsync.kube.client import KubernetesClient
from mogulsync.kube.objects import GroupVersionResource, Object
from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT
from tests.support.operator_world import World


class Counting:
    """A client that counts what is written."""

    def __init__(self, real: KubernetesClient) -> None:
        self._real = real
        self.writes: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def create(self, resource: GroupVersionResource, body: Object) -> Object:
        self.writes.append(f"create {resource.resource}")
        return await self._real.create(resource, body)

    async def apply(self, resource: GroupVersionResource, body: Object) -> Object:
        self.writes.append(f"apply {resource.resource}")
        return await self._real.apply(resource, body)

    async def patch(
        self, resource: GroupVersionResource, namespace: str, name: str, body: Object, *, subresource: str = ""
    ) -> Object:
        self.writes.append(f"patch {resource.resource}/{subresource}")
        return await self._real.patch(resource, namespace, name, body, subresource=subresource)


async def test_only_the_status_of_the_resource_ever_changes(world: World) -> None:
    await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one", "argocd.argoproj.io/tracking-id": "x"})
    before = await world.destination()
    async with world.operator():
        await world.make_ready()
        job = (await world.until_job("manual"))["metadata"]["name"]
        await world.finish(job)
        await world.until_condition("Synced", "True", "Succeeded")
    after = await world.destination()
    managers = {each["manager"]: each for each in after["metadata"]["managedFields"]}
    assert managers["mogulsync"]["subresource"] == "status"
    assert list(managers["mogulsync"]["fieldsV1"]) == ["f:status"]
    for resource in (before, after):
        del resource["status"]
        del resource["metadata"]["managedFields"]
        del resource["metadata"]["resourceVersion"]
    assert after == before


async def test_a_steady_destination_is_not_written_whatever_makes_the_operator_look(world: World) -> None:
    counting: list[Counting] = []

    def counted(real: KubernetesClient) -> Any:
        counting.append(Counting(real))
        return counting[-1]

    # 0.1 CPU comes back as 100m: a difference in words only.
    resources = {"requests": {"cpu": "0.1", "memory": "128Mi"}}
    async with world.operator(counted):
        await world.apply(job={"resources": resources})
        await world.make_ready()
    async with world.operator(counted) as controller:
        await world.until("the lists", lambda: _listed(controller))
        await asyncio.sleep(1)
        counting[-1].writes.clear()
        for _ in range(3):
            controller.note_relist()
            await asyncio.sleep(0.2)
            for key in controller.cache.destination_keys():
                controller.queue.add(key)
        await asyncio.sleep(2.5)
        assert counting[-1].writes == []


async def _listed(controller: Any) -> bool:
    return all(watch.listed for watch in controller.watches().values())

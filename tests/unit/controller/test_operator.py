"""What runs while a replica leads, in a cluster in memory: lists, watches and reconciles side by side."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.controller.operator import Controller
from mogulsync.controller.probes import readiness_problems
from mogulsync.controller.resources import DESTINATIONS, WATCHED
from mogulsync.controller.settings import OperatorSettings, ResyncSettings
from mogulsync.kube.client import ObjectList, StatusError
from mogulsync.kube.objects import CRONJOBS, JOBS, PODS, GroupVersionResource, NamespacedName
from mogulsync.kube.watch import Watcher
from tests.support.client_contract import destination
from tests.support.fake_client import FakeKubernetesClient
from tests.support.stored import IMAGE

SETTINGS = OperatorSettings(
    resync=ResyncSettings(version_check=0.01, relist_delay=0.01, retry_delay=0.01, unreadable_delay=0.01)
)
SECONDS = 120
CRM = NamespacedName("crm", "production")
SALES = NamespacedName("sales", "production")


class Cluster(FakeKubernetesClient):
    """A cluster that an earlier one can replace, and whose lists can be held up or refused."""

    def __init__(self) -> None:
        super().__init__()
        self.lists_pods = asyncio.Event()
        self.lists_pods.set()
        self.without_jobs: set[str | None] = set()
        """Namespaces whose Jobs may not be listed."""

    def restore(self, earlier: FakeKubernetesClient) -> None:
        self._objects, self._version, self._versions = earlier._objects, earlier._version, earlier._versions

    async def list_pages(
        self, resource: GroupVersionResource, namespace: str | None, **options: Any
    ) -> AsyncIterator[ObjectList]:
        if resource is PODS:
            await self.lists_pods.wait()
        if resource is JOBS and namespace in self.without_jobs:
            raise StatusError("GET", "jobs.batch is forbidden", status=403)
        async for page in super().list_pages(resource, namespace, **options):
            yield page

    def schedule(self, name: NamespacedName) -> str | None:
        """Return the schedule of a CronJob; None when there is none."""
        return next(
            (each["spec"]["schedule"] for each in self.objects(CRONJOBS) if NamespacedName.of(each) == name), None
        )


class Watching(Watcher):
    """Watches nothing, and counts how often that was begun."""

    def __init__(self) -> None:
        self.begun_count = 0

    def ages(self) -> dict[GroupVersionResource, float]:
        return dict.fromkeys(WATCHED, 0.0)

    async def run(self) -> None:
        self.begun_count += 1
        await asyncio.Event().wait()


@asynccontextmanager
async def leading(cluster: Cluster, watching: Watching, *namespaces: str) -> AsyncIterator[Controller]:
    """Run a controller while the context lasts."""
    controller = Controller(
        cluster, lambda _: watching, namespaces=namespaces, job_defaults=JobDefaults(image=IMAGE), settings=SETTINGS
    )
    task = asyncio.create_task(controller.run())
    try:
        yield controller
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=SECONDS)
        assert task.done(), "it does not end"


def is_ready(controller: Controller) -> bool:
    return not readiness_problems(controller.watches(), is_follower=False)


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def test_a_replica_is_not_ready_until_a_restored_cluster_was_listed_and_watches_it_anew() -> None:
    cluster, watching = Cluster(), Watching()
    for number in range(10):
        await cluster.create(DESTINATIONS, destination("crm", f"later-{number}"))
    earlier = FakeKubernetesClient()
    await earlier.create(DESTINATIONS, destination("crm"))
    async with leading(cluster, watching) as controller:
        await until(lambda: is_ready(controller) and watching.begun_count)
        cluster.lists_pods.clear()
        cluster.restore(earlier)
        await until(lambda: not is_ready(controller))
        cluster.lists_pods.set()
        await until(lambda: is_ready(controller))
        await until(lambda: watching.begun_count > 1)
        await until(lambda: cluster.schedule(CRM))


async def test_nothing_is_written_in_a_namespace_of_which_a_part_cannot_be_read() -> None:
    cluster = Cluster()
    cluster.without_jobs = {"crm"}
    for key in (CRM, SALES):
        await cluster.create(DESTINATIONS, destination(key.namespace))
    async with leading(cluster, Watching(), "crm", "sales") as controller:
        await until(lambda: cluster.schedule(SALES))
        for key in (CRM, SALES):
            changed = await cluster.patch(DESTINATIONS, *key, {"spec": {"schedule": "5 5 * * *"}})
            controller.see(DESTINATIONS, "MODIFIED", changed)
        await until(lambda: cluster.schedule(SALES) == "5 5 * * *")
        await until(lambda: controller.queue.stats().depth == 0)
        assert cluster.schedule(CRM) is None
        assert is_ready(controller)
        cluster.without_jobs = set()
        await until(lambda: cluster.schedule(CRM) == "5 5 * * *")


@pytest.mark.parametrize("turns", range(8))
async def test_it_ends_though_a_watch_lists_anew_so_many_turns_of_the_loop_before(turns: int) -> None:
    watching = Watching()
    async with leading(Cluster(), watching) as controller:
        await until(lambda: watching.begun_count)
        controller.note_relist()
        for _ in range(turns):
            await asyncio.sleep(0)

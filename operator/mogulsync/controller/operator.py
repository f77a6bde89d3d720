"""The manager: what runs the reconciler, with leader election, watches, workqueue, metrics and probes."""

import asyncio
import contextlib
import logging
import random
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from mogulsync import __version__
from mogulsync.controller.cache import DestinationCache, destination_of
from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.controller.metrics import Metrics
from mogulsync.controller.options import OperatorOptions
from mogulsync.controller.probes import (
    LoopLag,
    liveness_problems,
    metrics_routes,
    probe_routes,
    readiness_problems,
    serving,
)
from mogulsync.controller.reconcile import Reconciler
from mogulsync.controller.resources import WATCHED
from mogulsync.controller.resync import Resync
from mogulsync.controller.settings import OperatorSettings
from mogulsync.kube.aio import ApiClient, Configuration
from mogulsync.kube.client import KubernetesClient, RestClient, StatusError, load_configuration
from mogulsync.kube.leaderelection import (
    AlwaysLeader,
    LeaderElection,
    LeaderElector,
    lease_namespace,
    new_identity,
)
from mogulsync.kube.objects import GroupVersionResource, NamespacedName, Object
from mogulsync.kube.watch import Watcher, WatchingStoppedError, WatchStats
from mogulsync.kube.workqueue import QueueStats, WorkQueue
from mogulsync.resource import names

_log = logging.getLogger(__name__)


class Controller:
    """Watches and reconciles: what runs while this replica leads.

    Args:
        client: Where objects are listed and written.
        watcher: Makes the watches.
        namespaces: Where destinations are served; none: everywhere.
        job_defaults: What Jobs have unless spec.job says otherwise.
        settings: How often and how many at a time.
        on_reconciled: Called after each reconcile with its seconds and whether it failed.
        on_retry: Called whenever a key is put back after a failure.
        on_put_back: Called when something was written again that another had changed.
        clock: The time of day, with a zone.
    """

    def __init__(
        self,
        client: KubernetesClient,
        watcher: Callable[["Controller"], Watcher],
        *,
        namespaces: Collection[str],
        job_defaults: JobDefaults,
        settings: OperatorSettings,
        on_reconciled: Callable[[float, bool], None] = lambda _seconds, _failed: None,
        on_retry: Callable[[], None] = lambda: None,
        on_put_back: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.cache = DestinationCache()
        self.queue: WorkQueue[NamespacedName] = WorkQueue(backoff=settings.backoff, on_retry=on_retry)
        self._client = client
        self._settings = settings
        self._reconciler = Reconciler(
            client, self.cache, job_defaults=job_defaults, clock=clock, on_put_back=on_put_back
        )
        self._on_reconciled = on_reconciled
        self._resync = Resync(
            client, self.cache, namespaces=namespaces, on_found=self.queue.add, on_restored=self._note_restored
        )
        self._relisted = asyncio.Event()
        self._restored = asyncio.Event()
        self._watcher = watcher(self)

    def watches(self) -> dict[str, WatchStats]:
        """Return signs of life of each kind's watch."""
        return {
            resource.resource: WatchStats(age=age, listed=self._resync.complete)
            for resource, age in self._watcher.ages().items()
        }

    def unreadable(self) -> Mapping[str, str]:
        """Return the namespaces that cannot be read, and why."""
        return self._resync.unreadable

    async def run(self) -> None:
        """List, then watch and reconcile, until cancelled."""
        await self._list_at_last()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_watching())
            group.create_task(self._keep_resyncing())
            group.create_task(self._keep_trying_unreadable())
            group.create_task(self._keep_checking_versions())
            group.create_task(self.queue.run(self._reconcile, workers=self._settings.workers))

    def see(self, resource: GroupVersionResource, event: str | None, seen: Object) -> None:
        """Cache what a watch showed and queue the destination's key; `event` is None for what was listed."""
        if event == "DELETED":
            self.cache.remove(resource, seen)
        elif not self.cache.put(resource, seen):
            return
        self.queue.add(destination_of(resource, seen))

    def note_relist(self) -> None:
        """Record that a watch had to list anew, so that everything is listed again."""
        self._relisted.set()

    async def _reconcile(self, key: NamespacedName) -> float | None:
        if not self._resync.is_readable(key.namespace):
            return None  # it is queued again when the namespace can be read
        began = time.perf_counter()
        failed = True
        try:
            wait = await self._reconciler.reconcile(key)
            failed = False
        finally:
            self._on_reconciled(time.perf_counter() - began, failed)
        return wait

    async def _list_at_last(self) -> None:
        """List everything; try until it works: the API server or our resource's definition may come later."""
        while True:
            try:
                await self._resync.list_all()
            except StatusError as error:
                _log.warning("cannot list yet: %s", error)
                await asyncio.sleep(self._settings.resync.retry_delay)
            else:
                return

    async def _keep_watching(self) -> None:
        while True:
            self._restored.clear()
            watching = asyncio.create_task(self._watcher.run())
            restored = asyncio.create_task(self._restored.wait())
            try:
                await asyncio.wait({watching, restored}, return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    watching.result()
            except WatchingStoppedError as error:
                _log.error("%s; watching anew in %.0f s", error, self._settings.resync.retry_delay)
            finally:
                watching.cancel()
                restored.cancel()
                await asyncio.wait({watching, restored})
            await asyncio.sleep(self._settings.resync.retry_delay)
            await self._list_at_last()

    async def _keep_resyncing(self) -> None:
        while True:
            resync = self._settings.resync
            wait = resync.interval * random.uniform(1 - resync.spread, 1 + resync.spread)  # noqa: S311 - spreads load, guards nothing
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._relisted.wait()
                await asyncio.sleep(resync.relist_delay)
            self._relisted.clear()
            try:
                await self._resync.list_all()
            except StatusError as error:
                _log.warning("cannot list: %s", error)
                await asyncio.sleep(resync.retry_delay)
                self._relisted.set()

    async def _keep_trying_unreadable(self) -> None:
        while True:
            await asyncio.sleep(self._settings.resync.unreadable_delay)
            await self._resync.list_unreadable()

    async def _keep_checking_versions(self) -> None:
        while True:
            await asyncio.sleep(self._settings.resync.version_check)
            with contextlib.suppress(StatusError):
                if await self._resync.went_back():
                    self._relisted.set()

    def _note_restored(self) -> None:
        """Begin anew after versions went back: the watches wait for versions that are yet to come."""
        self._resync.complete = False
        self._reconciler.forget()
        self._restored.set()


def watcher_of(
    configuration: Configuration, *, namespaces: Collection[str], settings: OperatorSettings
) -> Callable[[Controller], Watcher]:
    """Return what makes the watches of a controller.

    Args:
        configuration: How to reach the cluster.
        namespaces: What to watch; none: everywhere.
        settings: How long watches last.
    """

    def make(controller: Controller) -> Watcher:
        return Watcher(
            configuration,
            resources=WATCHED,
            namespaces=namespaces,
            on_event=controller.see,
            on_relist=controller.note_relist,
            timeouts=settings.watch,
            name=names.FIELD_MANAGER,
        )

    return make


class _CurrentController:
    """The controller that runs while this replica leads, if it does, as probes and metrics see it."""

    def __init__(self) -> None:
        self._controller: Controller | None = None

    @contextlib.contextmanager
    def use(self, controller: Controller) -> Iterator[None]:
        """Show this controller while the context lasts."""
        self._controller = controller
        try:
            yield
        finally:
            self._controller = None

    def watches(self) -> dict[str, WatchStats]:
        """Return signs of life of the watches; none while another replica leads."""
        return self._controller.watches() if self._controller else {}

    def queue(self) -> QueueStats:
        """Return depth and age of the workqueue."""
        return self._controller.queue.stats() if self._controller else QueueStats(depth=0, oldest=0.0)

    def unreadable(self) -> Collection[str]:
        """Return the namespaces that cannot be read."""
        return self._controller.unreadable() if self._controller else ()

    def destinations(self) -> list[Object]:
        """Return all destinations."""
        return self._controller.cache.destinations() if self._controller else []


async def run_operator(options: OperatorOptions, settings: OperatorSettings | None = None) -> None:
    """Run the operator until SIGTERM or SIGINT.

    Raises:
        ConfigException: There is no way to a cluster.
        OSError: An address to serve at cannot be had.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    configuration = await load_configuration()
    settings = settings or OperatorSettings()
    async with _api_client(configuration) as api, _api_client(await load_configuration()) as lease_api:
        election = _leader_election(options, settings, lease_api)
        working = asyncio.create_task(_serve(options, settings, configuration, api, election))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if stopping.is_set():
            _log.info("stopping: a signal asks for it")
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def _serve(
    options: OperatorOptions,
    settings: OperatorSettings,
    configuration: Configuration,
    api: ApiClient,
    election: LeaderElection,
) -> None:
    """Answer probes and Prometheus, and work whenever this replica leads."""
    current = _CurrentController()
    registry = CollectorRegistry()
    metrics = Metrics(
        registry,
        queue=current.queue,
        watches=current.watches,
        unreadable=current.unreadable,
        is_leader=lambda: election.is_leader,
        destinations=current.destinations,
    )
    lag = LoopLag(metrics.observe_lag)
    client = RestClient(
        api,
        field_manager=names.FIELD_MANAGER,
        timeout=settings.request_timeout,
        may_write=lambda: election.is_leader,
    )

    async def work() -> None:
        controller = Controller(
            client,
            watcher_of(configuration, namespaces=options.namespaces, settings=settings),
            namespaces=options.namespaces,
            job_defaults=JobDefaults(image=options.image, job=options.job),
            settings=settings,
            on_reconciled=lambda seconds, failed: metrics.observe_reconcile(seconds, failed=failed),
            on_retry=metrics.count_retry,
            on_put_back=metrics.count_put_back,
        )
        with current.use(controller):
            await controller.run()

    probes = probe_routes(
        live=lambda: liveness_problems(current.watches(), current.queue(), lag.current(), settings.liveness),
        ready=lambda: readiness_problems(current.watches(), is_follower=election.is_follower),
    )
    async with (
        serving(options.metrics_address, metrics_routes(registry)) as metrics_at,
        serving(options.health_address, probes) as health_at,
        asyncio.TaskGroup() as group,
    ):
        _log.info("serving metrics at %s and probes at %s", metrics_at, health_at)
        group.create_task(lag.run())
        group.create_task(election.run(work))


def _api_client(configuration: Configuration) -> ApiClient:
    client = ApiClient(configuration)
    client.user_agent = f"mogulsync/{__version__}"
    return client


def _leader_election(options: OperatorOptions, settings: OperatorSettings, api: ApiClient) -> LeaderElection:
    if not options.leader_elect:
        return AlwaysLeader()
    return LeaderElector(
        api,
        namespace=lease_namespace(),
        name=options.lease_name,
        identity=new_identity(),
        field_manager=names.FIELD_MANAGER,
        config=settings.leader_election,
    )

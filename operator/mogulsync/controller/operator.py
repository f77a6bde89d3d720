"""The operator, put together: lease, watches, queue, reconciler, metrics and probes."""

import asyncio
import contextlib
import logging
import random
import signal
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kubernetes.aio.client import ApiClient, Configuration
from prometheus_client import CollectorRegistry

from mogulsync.controller.cluster import WATCHED, Cluster, ClusterError, Kind, KubernetesCluster, Object, configuration
from mogulsync.controller.health import (
    Address,
    Limits,
    LoopLag,
    Queue,
    Watch,
    metrics_routes,
    probe_routes,
    serving,
    standstills,
    unready,
)
from mogulsync.controller.lease import Election, Leadership, Unopposed, lease_namespace, new_identity
from mogulsync.controller.metrics import Metrics
from mogulsync.controller.queue import WorkQueue
from mogulsync.controller.reconcile import Reconciler
from mogulsync.controller.store import Key, Store, destination_of
from mogulsync.controller.watching import Watcher, WatchingStoppedError

WORKERS: Final = 16
"""Destinations that are reconciled at a time; each waits for the API server most of its time."""
RESYNC_SECONDS: Final = 600.0
"""How often everything is listed and reconciled anew, whatever the watches said."""
RELIST_SECONDS: Final = 2.0
"""How soon after a watch had to list anew: deletions may have been missed."""
RESTART_SECONDS: Final = 2.0
"""Pause after a failed list, or before kopf is started again."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for."""

    image: str
    """What Jobs run unless spec.job.image says otherwise."""
    namespaces: tuple[str, ...] = ()
    """Where destinations are served; none: everywhere."""
    metrics_address: Address
    health_address: Address
    leader_elect: bool = True


class Controller:
    """Watches and reconciles while it leads: what one term of office does.

    Args:
        cluster: Where objects are listed and written.
        watcher: Makes the watches.
        namespaces: Where destinations are served; none: everywhere.
        image: What Jobs run unless spec.job.image says otherwise.
        on_reconciled: Told the seconds of each reconcile and whether it failed.
        on_retry: Told of each key that is put back after a failure.
        clock: The time of day, with a zone.
    """

    def __init__(
        self,
        cluster: Cluster,
        watcher: Callable[["Controller"], Watcher],
        *,
        namespaces: Collection[str],
        image: str,
        on_reconciled: Callable[[float, bool], None] = lambda _seconds, _failed: None,
        on_retry: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = Store()
        self.queue: WorkQueue[Key] = WorkQueue(on_retry=on_retry)
        self._cluster = cluster
        self._places: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._reconciler = Reconciler(cluster, self.store, image=image, clock=clock)
        self._on_reconciled = on_reconciled
        self._listed: set[Kind] = set()
        self._relisted = asyncio.Event()
        self._watcher = watcher(self)

    def watches(self) -> dict[str, Watch]:
        """Return how each kind's watch fares."""
        ages = self._watcher.ages()
        return {kind.plural: Watch(age=ages[kind.plural], listed=kind in self._listed) for kind in WATCHED}

    async def run(self) -> None:
        """List, then watch and reconcile, until cancelled."""
        await self._list_at_last()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_watching())
            group.create_task(self._keep_resyncing())
            group.create_task(self.queue.run(self._reconcile, workers=WORKERS))

    def see(self, kind: Kind, event: str | None, seen: Object) -> None:
        """Take in what a watch showed; `event` is None for what was listed."""
        if event == "DELETED":
            self.store.remove(kind, seen)
        elif not self.store.put(kind, seen):
            return
        self.queue.add(destination_of(kind, seen))

    def note_relist(self) -> None:
        """Take in that a watch had to list anew."""
        self._relisted.set()

    async def _reconcile(self, key: Key) -> float | None:
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
                await self._resync()
            except ClusterError as error:
                _log.warning("cannot list yet: %s", error)
                await asyncio.sleep(RESTART_SECONDS)
            else:
                return

    async def _keep_watching(self) -> None:
        while True:
            try:
                await self._watcher.run()
            except WatchingStoppedError as error:
                _log.error("%s; watching anew in %.0f s", error, RESTART_SECONDS)
            await asyncio.sleep(RESTART_SECONDS)
            self._relisted.set()

    async def _keep_resyncing(self) -> None:
        while True:
            wait = RESYNC_SECONDS * random.uniform(0.9, 1.1)  # noqa: S311 - spreads load, guards nothing
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._relisted.wait(), timeout=wait)
                await asyncio.sleep(RELIST_SECONDS)
            self._relisted.clear()
            try:
                await self._resync()
            except ClusterError as error:
                _log.warning("cannot list: %s", error)
                await asyncio.sleep(RESTART_SECONDS)
                self._relisted.set()

    async def _resync(self) -> None:
        """Compare what is known with what there is, and reconcile everything."""
        for kind in WATCHED:
            for place in self._places:
                await self._list(kind, place)
            self._listed.add(kind)
        for key in self.store.destination_keys():
            self.queue.add(key)

    async def _list(self, kind: Kind, place: str | None) -> None:
        present: set[Key] = set()
        until = "0"
        async for page in self._cluster.pages(kind, place):
            until = page.resource_version
            for item in page.items:
                present.add(Key(item["metadata"]["namespace"], item["metadata"]["name"]))
                self.store.put(kind, item)
        for owner in self.store.prune(kind, place, present=present, until=until):
            self.queue.add(owner)


class _Terms:
    """The controller of the present term of office, if any, as probes and metrics see it."""

    def __init__(self) -> None:
        self._controller: Controller | None = None

    @contextlib.contextmanager
    def serve(self, controller: Controller) -> Iterator[Controller]:
        """Show this controller while the context lasts."""
        self._controller = controller
        try:
            yield controller
        finally:
            self._controller = None

    def watches(self) -> dict[str, Watch]:
        """Return how the watches fare; none while another replica leads."""
        return self._controller.watches() if self._controller else {}

    def queue(self) -> Queue:
        """Return how the queue fares."""
        return self._controller.queue.state() if self._controller else Queue(depth=0, oldest=0.0)

    def destinations(self) -> list[Object]:
        """Return all destinations."""
        return self._controller.store.destinations() if self._controller else []


async def run_operator(options: Options) -> None:
    """Run the operator until SIGTERM or SIGINT.

    Raises:
        ConfigException: There is no way to a cluster.
        OSError: An address to serve at cannot be had.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    settings = await configuration()
    async with ApiClient(settings) as client, ApiClient(await configuration()) as lease_client:
        leadership = _leadership(options, lease_client)
        working = asyncio.create_task(_serve(options, settings, client, leadership))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if stopping.is_set():
            _log.info("told to stop")
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def _serve(options: Options, settings: Configuration, client: ApiClient, leadership: Leadership) -> None:
    """Answer probes and Prometheus, and work whenever this replica leads."""
    terms = _Terms()
    registry = CollectorRegistry()
    metrics = Metrics(
        registry,
        queue=terms.queue,
        watches=terms.watches,
        leading=lambda: leadership.leading,
        destinations=terms.destinations,
    )
    lag = LoopLag(metrics.observe_lag)
    cluster = KubernetesCluster(client, may_write=lambda: leadership.leading)
    limits = Limits()

    async def term() -> None:
        controller = Controller(
            cluster,
            lambda own: Watcher(settings, namespaces=options.namespaces, on_event=own.see, on_relist=own.note_relist),
            namespaces=options.namespaces,
            image=options.image,
            on_reconciled=lambda seconds, failed: metrics.observe_reconcile(seconds, failed=failed),
            on_retry=metrics.count_retry,
        )
        with terms.serve(controller):
            await controller.run()

    probes = probe_routes(
        live=lambda: standstills(terms.watches(), terms.queue(), lag.current(), limits),
        ready=lambda: unready(terms.watches(), standing_by=leadership.standing_by),
    )
    async with (
        serving(options.metrics_address, metrics_routes(registry)) as metrics_at,
        serving(options.health_address, probes) as health_at,
        asyncio.TaskGroup() as group,
    ):
        _log.info("serving metrics at %s and probes at %s", metrics_at, health_at)
        group.create_task(lag.run())
        group.create_task(leadership.lead(term))


def _leadership(options: Options, client: ApiClient) -> Leadership:
    if not options.leader_elect:
        return Unopposed()
    return Election(client, namespace=lease_namespace(), identity=new_identity())

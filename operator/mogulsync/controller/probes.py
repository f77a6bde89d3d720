"""Probes and the HTTP servers that answer them and Prometheus.

aiohttp serves, as kopf and the Kubernetes client have loaded it already. A probe's answer is 200, or 503
and one line for each problem. A replica that waits for the lease is live and ready, since otherwise a
rollout would wait for it for ever.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from mogulsync.controller.addresses import Address
from mogulsync.controller.settings import LivenessThresholds
from mogulsync.kube.watch import WatchStats
from mogulsync.kube.workqueue import QueueStats

Probe = Callable[[], Iterable[str]]
"""Returns what is wrong, a line each; nothing when all is well."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LAG_INTERVAL: Final = 1.0
"""Seconds between two measurements of the event loop's lag."""
_SHUTDOWN_SECONDS: Final = 1.0
"""Longest time that a request under way may take when a server stops."""


def liveness_problems(
    watches: Mapping[str, WatchStats], queue: QueueStats, loop_lag: float, thresholds: LivenessThresholds
) -> list[str]:
    """Return what makes no progress, a line each: the check of liveness."""
    lines = [
        f"the watch of {kind} has shown no life for {watch.age:.0f} s"
        for kind, watch in sorted(watches.items())
        if watch.age > thresholds.watch_age
    ]
    if queue.oldest > thresholds.queue_age:
        lines.append(f"the queue is stuck: the oldest of {queue.depth} items has waited for {queue.oldest:.0f} s")
    if loop_lag > thresholds.loop_lag:
        lines.append(f"the event loop is {loop_lag:.1f} s late")
    return lines


def readiness_problems(watches: Mapping[str, WatchStats], *, is_follower: bool) -> list[str]:
    """Return what is still to come before this replica does its part, a line each: the check of readiness.

    Args:
        watches: Signs of life of each kind's watch; none before this replica leads.
        is_follower: Whether another replica leads, so that waiting is this one's part.
    """
    if is_follower:
        return []
    if not watches:
        return ["the lease was not read or won yet"]
    return [f"{kind} were not listed yet" for kind, watch in sorted(watches.items()) if not watch.listed]


class LoopLag:
    """Measures how late the event loop runs what is due. `run` it as a task beside the loop's work.

    Args:
        record: Called with each measurement, in seconds.
        clock: Seconds that only ever grow.
    """

    def __init__(self, record: Callable[[float], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._record = record
        self._clock = clock
        self._due = clock() + _LAG_INTERVAL
        self._last = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self._due = self._clock() + _LAG_INTERVAL
            await asyncio.sleep(_LAG_INTERVAL)
            self._last = max(0.0, self._clock() - self._due)
            self._record(self._last)

    def current(self) -> float:
        """Return how late the loop is, in seconds: the last measurement, or more when the next is late already."""
        return max(self._last, self._clock() - self._due)


@asynccontextmanager
async def serving(address: Address, routes: Mapping[str, Handler]) -> AsyncIterator[Address]:
    """Serve `routes` (a handler for each path) at `address` while the context lasts; yield where it is.

    Raises:
        OSError: The address cannot be had.
    """
    app = web.Application()
    for path, handler in routes.items():
        app.router.add_get(path, handler)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port).start()
        yield Address(address.host, runner.addresses[0][1])
    finally:
        await runner.cleanup()


def probe_routes(*, live: Probe, ready: Probe) -> dict[str, Handler]:
    """Return the routes `/healthz` and `/readyz`."""
    return {"/healthz": _probe(live), "/readyz": _probe(ready)}


def metrics_routes(registry: CollectorRegistry) -> dict[str, Handler]:
    """Return the route `/metrics`.

    The text is made in a thread, so that a scrape of thousands of destinations does not hold up the loop.
    """

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        body = await asyncio.to_thread(encode, registry)
        response = web.Response(body=body, headers={"Content-Type": content_type})
        response.enable_compression()
        return response

    return {"/metrics": metrics}


def _probe(problems_of: Probe) -> Handler:
    async def probe(_: web.Request) -> web.Response:
        problems = list(problems_of())
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        return web.Response(status=status, text="".join(f"{line}\n" for line in problems or ["ok"]))

    return probe

"""Probes and the HTTP servers that answer them and Prometheus.

aiohttp serves, as kopf and the Kubernetes client have loaded it already. A probe's answer is 200, or 503
and one line for each thing that stands still. A replica that waits for the lease is live and ready, since
otherwise a rollout would wait for it for ever.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

METRICS_PORT: Final = 8080
HEALTH_PORT: Final = 8081

Check = Callable[[], Iterable[str]]
"""Returns what is wrong, a line each; nothing when all is well."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LAG_INTERVAL: Final = 1.0
"""Seconds between two measurements of the event loop's lag."""


class Address(NamedTuple):
    """Where a server listens."""

    host: str | None
    """None: on all addresses, IPv4 and IPv6."""
    port: int
    """0: any free one."""

    @classmethod
    def parse(cls, text: str, *, default_port: int) -> "Address":
        """Read `HOST:PORT`, `:PORT`, `HOST`, `[IPv6]:PORT` or `[IPv6]`.

        Raises:
            ValueError: It is none of these; the message says the mend.
        """
        host, colon, port = text.rpartition(":")
        if not colon or text.endswith("]"):
            host, port = text, str(default_port)
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise ValueError(f'"{text}": put an IPv6 address in brackets, as in "[::1]:{default_port}"')
        if not (port.isascii() and port.isdigit() and int(port) <= 65535):  # noqa: PLR2004 - the last port there is
            raise ValueError(f'"{text}": "{port}" is no port; write HOST:PORT, as in "127.0.0.1:{default_port}"')
        return cls(host or None, int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host or ""
        return f"{host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """How the watch of one kind fares."""

    age: float
    """Seconds since it last showed life: an event, a bookmark, a list; since the start before the first."""
    listed: bool
    """Whether it has listed all there is once."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """How the work queue fares."""

    depth: int
    """Items that are due."""
    oldest: float
    """Seconds that the oldest item has been due while this replica leads; 0 when none is."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """From when on something counts as standing still, in seconds."""

    watch_age: float = 180
    """Every watch begins anew each minute, which is a sign of life also where nothing happens."""
    queue_age: float = 300
    """A reconcile takes well under a second; a failed one waits its backoff out of the queue."""
    loop_lag: float = 10
    """A healthy loop is late by milliseconds."""


def standstills(watches: Mapping[str, Watch], queue: Queue, loop_lag: float, limits: Limits) -> list[str]:
    """Return what stands still, a line each: the check of liveness."""
    lines = [
        f"the watch of {kind} has shown no life for {watch.age:.0f} s"
        for kind, watch in sorted(watches.items())
        if watch.age > limits.watch_age
    ]
    if queue.oldest > limits.queue_age:
        lines.append(f"the queue stands still: the oldest of {queue.depth} items has waited for {queue.oldest:.0f} s")
    if loop_lag > limits.loop_lag:
        lines.append(f"the event loop is {loop_lag:.1f} s late")
    return lines


def unready(watches: Mapping[str, Watch], *, standing_by: bool) -> list[str]:
    """Return what is still to come before this replica does its part, a line each: the check of readiness.

    Args:
        watches: How each kind's watch fares; none before this replica leads.
        standing_by: Whether another replica leads, so that waiting is this one's part.
    """
    if standing_by:
        return []
    if not watches:
        return ["the lease was not read or won yet"]
    return [f"{kind} were not listed yet" for kind, watch in sorted(watches.items()) if not watch.listed]


class LoopLag:
    """Measures how late the event loop runs what is due. `run` it as a task beside the loop's work.

    Args:
        record: Is told each measurement, in seconds.
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
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port).start()
        yield Address(address.host, runner.addresses[0][1])
    finally:
        await runner.cleanup()


def probe_routes(*, live: Check, ready: Check) -> dict[str, Handler]:
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


def _probe(check: Check) -> Handler:
    async def probe(_: web.Request) -> web.Response:
        problems = list(check())
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        return web.Response(status=status, text="".join(f"{line}\n" for line in problems or ["ok"]))

    return probe

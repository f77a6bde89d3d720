"""What the probes say, and where they are served."""

import asyncio
import time
from collections.abc import Mapping

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Gauge

from localkube import free_ports
from mogulsync.controller.addresses import Address
from mogulsync.controller.probes import (
    Handler,
    LoopLag,
    liveness_problems,
    metrics_routes,
    probe_routes,
    readiness_problems,
    serving,
)
from mogulsync.controller.settings import LivenessThresholds
from mogulsync.kube.watch import WatchStats
from mogulsync.kube.workqueue import QueueStats

_ANYWHERE = Address("127.0.0.1", 0)
_ALL_WELL = probe_routes(live=list, ready=list)
_IDLE = QueueStats(depth=0, oldest=0)
_LIVELY = {"jobs": WatchStats(age=60, listed=True), "pods": WatchStats(age=1, listed=True)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9000", Address("127.0.0.1", 9000)),
        (":9000", Address(None, 9000)),
        ("0.0.0.0:9000", Address("0.0.0.0", 9000)),  # noqa: S104 - an address that people write
        ("localhost", Address("localhost", 8080)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("[::1]:9000", Address("::1", 9000)),
        ("[::]", Address("::", 8080)),
    ],
)
def test_an_address_is_a_host_a_port_or_both(text: str, expected: Address) -> None:
    assert Address.parse(text, default_port=8080) == expected


@pytest.mark.parametrize("text", ["::1:9000", "host:http", "host:", "host:70000", "host:-1", "host:٣"])
def test_a_wrong_address_is_refused_with_the_fix(text: str) -> None:
    with pytest.raises(ValueError, match=r"8080"):
        Address.parse(text, default_port=8080)


@pytest.mark.parametrize("text", ["127.0.0.1:9000", ":9000", "[::1]:9000"])
def test_an_address_is_shown_as_it_is_written(text: str) -> None:
    assert str(Address.parse(text, default_port=8080)) == text


def test_nothing_stands_still_while_all_move() -> None:
    assert liveness_problems(_LIVELY, _IDLE, 0.01, LivenessThresholds()) == []


@pytest.mark.parametrize(
    ("watches", "queue", "lag", "named"),
    [
        ({**_LIVELY, "jobs": WatchStats(age=200, listed=True)}, _IDLE, 0.0, "the watch of jobs"),
        ({**_LIVELY, "jobs": WatchStats(age=200, listed=False)}, _IDLE, 0.0, "the watch of jobs"),
        (_LIVELY, QueueStats(depth=7, oldest=301), 0.0, "the oldest of 7 items has waited for 301 s"),
        (_LIVELY, _IDLE, 11.0, "the event loop"),
    ],
    ids=["watch", "first list", "queue", "loop"],
)
def test_what_stands_still_is_named(
    watches: Mapping[str, WatchStats], queue: QueueStats, lag: float, named: str
) -> None:
    (line,) = liveness_problems(watches, queue, lag, LivenessThresholds())

    assert named in line


def test_everything_that_stands_still_is_named() -> None:
    stuck = {kind: WatchStats(age=1000, listed=True) for kind in ("jobs", "pods")}

    assert len(liveness_problems(stuck, QueueStats(depth=1, oldest=1000), 100, LivenessThresholds())) == 4


@pytest.mark.parametrize(
    ("watches", "is_follower", "expected"),
    [
        ({}, False, ["the lease was not read or won yet"]),
        ({}, True, []),
        (
            {"jobs": WatchStats(age=0, listed=True), "pods": WatchStats(age=0, listed=False)},
            False,
            ["pods were not listed yet"],
        ),
        ({"jobs": WatchStats(age=0, listed=True), "pods": WatchStats(age=0, listed=True)}, False, []),
    ],
    ids=["before the election", "standing by", "before the first list", "after it"],
)
def test_a_replica_is_ready_when_it_does_its_part(
    watches: Mapping[str, WatchStats],
    is_follower: bool,  # noqa: FBT001 - a table's column
    expected: list[str],
) -> None:
    assert readiness_problems(watches, is_follower=is_follower) == expected


async def test_the_lag_of_a_blocked_loop_is_seen_at_once_and_recorded() -> None:
    recorded = asyncio.Queue[float]()
    lag = LoopLag(recorded.put_nowait)
    task = asyncio.create_task(lag.run())
    await asyncio.sleep(0)

    time.sleep(1.3)  # noqa: ASYNC251 - the loop is blocked on purpose

    assert 0.2 < lag.current() < 5
    async with asyncio.timeout(10):
        assert await recorded.get() > 0.2
    task.cancel()


async def test_probes_answer_ok_while_nothing_is_wrong() -> None:

    assert await _get(_ALL_WELL, "/healthz") == (200, "ok\n")
    assert await _get(_ALL_WELL, "/readyz") == (200, "ok\n")


async def test_a_probe_that_fails_says_what_is_wrong_and_leaves_the_other_alone() -> None:
    routes = probe_routes(live=lambda: ["the queue stands still", "so does a watch"], ready=list)

    assert await _get(routes, "/healthz") == (503, "the queue stands still\nso does a watch\n")
    assert await _get(routes, "/readyz") == (200, "ok\n")


async def test_a_probe_asks_anew_each_time() -> None:
    problems = ["not yet"]
    routes = probe_routes(live=list, ready=lambda: problems)
    async with serving(_ANYWHERE, routes) as address, aiohttp.ClientSession(f"http://{address}") as session:
        before = (await session.get("/readyz")).status
        problems.clear()
        after = (await session.get("/readyz")).status

    assert (before, after) == (503, 200)


async def test_metrics_are_served_as_prometheus_reads_them() -> None:
    registry = CollectorRegistry()
    Gauge("mogulsync_test", "A number.", registry=registry).set(4)
    routes = metrics_routes(registry)
    async with serving(_ANYWHERE, routes) as address, aiohttp.ClientSession(f"http://{address}") as session:
        plain = await session.get("/metrics")
        open_metrics = await session.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

        assert plain.headers["Content-Type"].startswith("text/plain")
        assert "mogulsync_test 4.0\n" in await plain.text()
        assert open_metrics.headers["Content-Type"].startswith("application/openmetrics-text")
        assert (await open_metrics.text()).endswith("# EOF\n")


async def test_the_loop_goes_on_while_metrics_are_collected() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    def slow() -> float:
        time.sleep(0.5)
        return 1.0

    registry = CollectorRegistry()
    Gauge("mogulsync_slow", "A slow number.", registry=registry).set_function(slow)
    ticking = asyncio.create_task(tick())

    status, _ = await _get(metrics_routes(registry), "/metrics")
    ticking.cancel()

    assert status == 200
    assert ticks > 5


async def test_a_server_listens_on_ipv6() -> None:
    async with serving(Address("::1", 0), _ALL_WELL) as bound, aiohttp.ClientSession() as session:
        assert (await session.get(f"http://{bound}/healthz")).status == 200


async def test_without_a_host_a_server_listens_on_ipv4_and_ipv6() -> None:
    [port] = free_ports(1)
    async with serving(Address(None, port), _ALL_WELL), aiohttp.ClientSession() as session:
        for host in ("127.0.0.1", "[::1]"):
            assert (await session.get(f"http://{host}:{port}/healthz")).status == 200


async def test_an_address_in_use_is_an_error() -> None:
    async with serving(_ANYWHERE, _ALL_WELL) as taken:
        with pytest.raises(OSError, match="address already in use"):
            async with serving(taken, _ALL_WELL):
                pass


async def _get(routes: Mapping[str, Handler], path: str) -> tuple[int, str]:
    async with (
        serving(_ANYWHERE, routes) as address,
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}{path}") as response,
    ):
        return response.status, await response.text()

"""What a leader does when the lease is lost, given back or out of reach, at an API server that misbehaves on demand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.client import ApiClient, Configuration

from mogulsync.kube.leaderelection import LeaderElectionConfig, LeaderElector

_QUICK = LeaderElectionConfig(
    lease_duration=1, renew_deadline=0.8, renew_period=0.1, retry_period=0.05, request_timeout=0.3
)
_STEADY = replace(_QUICK, lease_duration=4, renew_deadline=3.2, request_timeout=1.0)
"""For what must come to an end of its own: a machine that stands still for a moment does not end it either."""

Answer = Callable[[], Awaitable[web.StreamResponse]]


class LeaseServer:
    """Serves one Lease as the API server does: a write must name the version it builds on."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.fault: Answer | None = None
        """What it answers to everything instead, while set."""
        self.writes = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request of a candidate."""
        if self.fault:
            return await self.fault()
        if request.method == "GET":
            return web.json_response(self.lease) if self.lease else _refusal(404)
        body = await request.json()
        if request.method == "POST":
            return _refusal(409) if self.lease else self._store(body)
        if self.lease is None:
            return _refusal(404)
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            return _refusal(409)
        return self._store(body)

    def take(self, holder: str) -> None:
        """Have another hold the lease from now on."""
        self._store({"metadata": {"name": "mogulsync"}, "spec": _spec(holder)})

    @property
    def holder(self) -> str | None:
        """Who holds the lease."""
        found: str | None = self.lease["spec"]["holderIdentity"] if self.lease else None
        return found

    def _store(self, body: dict[str, Any]) -> web.Response:
        self.writes += 1
        self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.writes)}}
        return web.json_response(self.lease)


def _spec(holder: str) -> dict[str, Any]:
    return {"holderIdentity": holder, "leaseDurationSeconds": 1, "renewTime": "2026-11-24T09:00:00.000001Z"}


def _refusal(code: int) -> web.Response:
    return web.json_response({"kind": "Status", "code": code}, status=code)


async def _page() -> web.StreamResponse:
    return web.Response(text="<html>a proxy's page</html>", content_type="text/html")


async def _hang() -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError


async def _drop() -> web.StreamResponse:
    raise asyncio.CancelledError


def _always(code: int) -> Answer:
    async def answer() -> web.StreamResponse:
        return _refusal(code)

    return answer


_FAULTS = [
    pytest.param(_always(500), id="500"),
    pytest.param(_always(429), id="429"),
    pytest.param(_always(403), id="403"),
    pytest.param(_always(401), id="401"),
    pytest.param(_page, id="not JSON"),
    pytest.param(_hang, id="hanging"),
    pytest.param(_drop, id="connection dropped"),
]
_SHORT_FAULTS = [fault for fault in _FAULTS if fault.id in {"500", "hanging", "connection dropped"}]


class Work:
    """Work that counts how often it was started and stopped."""

    def __init__(self) -> None:
        self.starts = asyncio.Queue[None]()
        self.stops = asyncio.Queue[None]()

    async def __call__(self) -> None:
        self.starts.put_nowait(None)
        try:
            await asyncio.Event().wait()
        finally:
            self.stops.put_nowait(None)

    async def started(self) -> None:
        """Wait for the next start."""
        async with asyncio.timeout(60):
            await self.starts.get()

    async def stopped(self) -> None:
        """Wait for the next stop."""
        async with asyncio.timeout(60):
            await self.stops.get()


@pytest.fixture
async def server() -> LeaseServer:
    return LeaseServer()


@pytest.fixture
async def elect(server: LeaseServer) -> AsyncIterator[Callable[[str], LeaderElector]]:
    """Make a candidate at the server."""
    clients: list[ApiClient] = []

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    def make(identity: str, config: LeaderElectionConfig = _QUICK) -> LeaderElector:
        clients.append(ApiClient(Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}")))
        return LeaderElector(
            clients[-1],
            namespace="crm",
            name="mogulsync",
            identity=identity,
            field_manager="mogulsync",
            config=config,
        )

    yield make
    for client in clients:
        await client.close()  # type: ignore[no-untyped-call] # the library's
    await runner.cleanup()


@pytest.fixture
async def standing() -> AsyncIterator[Callable[[LeaderElector, Work], asyncio.Task[None]]]:
    """Let a candidate stand until the test ends."""
    tasks: list[asyncio.Task[None]] = []

    def stand(election: LeaderElector, work: Work) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(election.run(work)))
        return tasks[-1]

    yield stand
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_results_of_work_come_back_and_the_lease_is_given_back(server: LeaseServer, elect: Any) -> None:
    election = elect("first", _STEADY)

    async def work() -> str:
        assert election.is_leader
        assert server.holder == "first"
        return "done"

    assert await election.run(work) == "done"
    assert server.holder == ""
    assert not election.is_leader


async def test_an_error_of_work_comes_out_and_the_lease_is_given_back(server: LeaseServer, elect: Any) -> None:
    async def work() -> None:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        await elect("first", _STEADY).run(work)
    assert server.holder == ""


async def test_a_cancelled_leader_stops_its_work_before_it_gives_the_lease_back(
    server: LeaseServer, elect: Any, standing: Any
) -> None:
    election, ended = elect("first", _STEADY), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.3)
            assert server.holder == "first"
            ended.set()

    task = standing(election, work)
    while not election.is_leader:  # noqa: ASYNC110 - the clock decides it, there is no event
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert server.holder == ""


async def test_a_lease_is_kept_for_many_times_its_duration(server: LeaseServer, elect: Any, standing: Any) -> None:
    work = Work()
    standing(elect("first", _STEADY), work)
    await work.started()

    await asyncio.sleep(2 * _STEADY.lease_duration)

    assert work.stops.empty()
    assert server.writes > 10


async def test_work_stops_when_another_took_the_lease_and_starts_again_when_that_one_is_silent(
    server: LeaseServer, elect: Any, standing: Any
) -> None:
    election, work = elect("first"), Work()
    standing(election, work)
    await work.started()

    server.take("second")

    await work.stopped()
    assert not election.is_leader
    assert election.is_follower
    await work.started()
    assert server.holder == "first"


async def test_a_change_of_the_lease_by_a_third_party_does_not_end_a_term(
    server: LeaseServer, elect: Any, standing: Any
) -> None:
    work = Work()
    standing(elect("first", _STEADY), work)
    await work.started()
    assert server.lease

    server.lease["metadata"] |= {"labels": {"team": "crm"}, "resourceVersion": "changed"}
    await asyncio.sleep(_STEADY.lease_duration)

    assert work.stops.empty()
    assert server.lease["metadata"]["labels"] == {"team": "crm"}


async def test_a_deleted_lease_is_made_again_by_its_holder(server: LeaseServer, elect: Any, standing: Any) -> None:
    first, second = Work(), Work()
    standing(elect("first", _STEADY), first)
    await first.started()
    other = elect("second", _STEADY)
    standing(other, second)
    while not other.is_follower:  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(0.01)

    server.lease = None
    await asyncio.sleep(2 * _STEADY.lease_duration)

    assert server.holder == "first"
    assert first.stops.empty()
    assert second.starts.empty()


@pytest.mark.parametrize("fault", _FAULTS)
async def test_a_leader_stops_in_time_under_a_lasting_fault_and_leads_again_after(
    fault: Answer, server: LeaseServer, elect: Any, standing: Any
) -> None:
    election, work = elect("first"), Work()
    standing(election, work)
    await work.started()

    server.fault = fault
    await asyncio.sleep(_QUICK.renew_deadline)
    assert not election.is_leader  # whatever else the machine has not got to yet
    await work.stopped()
    server.fault = None

    await work.started()
    assert server.holder == "first"


@pytest.mark.parametrize("fault", _SHORT_FAULTS)
async def test_a_short_fault_does_not_end_a_term(fault: Answer, server: LeaseServer, elect: Any, standing: Any) -> None:
    work = Work()
    standing(elect("first", _STEADY), work)
    await work.started()

    server.fault = fault
    await asyncio.sleep(0.15)
    server.fault = None
    await asyncio.sleep(_STEADY.lease_duration)

    assert work.stops.empty()


@pytest.mark.parametrize("fault", _FAULTS)
async def test_a_candidate_keeps_trying_through_a_fault(
    fault: Answer, server: LeaseServer, elect: Any, standing: Any
) -> None:
    server.fault = fault
    election, work = elect("first"), Work()
    standing(election, work)
    await asyncio.sleep(0.2)
    assert not election.is_leader
    assert not election.is_follower

    server.fault = None

    await work.started()


async def test_a_leader_is_not_kept_from_ending_by_an_api_server_that_hangs(
    server: LeaseServer, elect: Any, standing: Any
) -> None:
    work = Work()
    task = standing(elect("first"), work)
    await work.started()
    server.fault = _hang

    task.cancel()

    await asyncio.wait({task}, timeout=2)
    assert task.cancelled()


async def test_of_many_candidates_one_leads(server: LeaseServer, elect: Any, standing: Any) -> None:
    works = [Work() for _ in range(5)]
    for number, work in enumerate(works):
        standing(elect(f"candidate-{number}", _STEADY), work)

    await asyncio.sleep(2 * _STEADY.lease_duration)

    assert sorted(work.starts.qsize() for work in works) == [0, 0, 0, 0, 1]


async def test_the_transitions_are_counted_and_a_renewal_keeps_the_time_of_acquisition(
    server: LeaseServer, elect: Any, standing: Any
) -> None:
    server.take("second")
    work = Work()
    standing(elect("first", _STEADY), work)
    await work.started()
    assert server.lease
    spec, writes = dict(server.lease["spec"]), server.writes

    while server.writes < writes + 2:  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(0.05)

    assert (server.lease["spec"]["leaseTransitions"], spec["leaseTransitions"]) == (1, 1)
    assert server.lease["spec"]["acquireTime"] == spec["acquireTime"]
    assert server.lease["spec"]["renewTime"] > spec["renewTime"]

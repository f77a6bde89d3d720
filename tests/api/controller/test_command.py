"""`mogulsync operator` as the Deployment runs it."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator

import httpx2

from tests.support.operator_world import World


@contextlib.asynccontextmanager
async def command(world: World, *arguments: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mogulsync", "operator", *arguments),
        env=world.plane.environment() | {"PYTHONPATH": "operator"} | environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def line_with(process: asyncio.subprocess.Process, words: str) -> dict[str, str]:
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while True:
            line: dict[str, str] = json.loads(await process.stderr.readline())
            if words in line["message"]:
                return line


async def test_it_serves_leads_reconciles_and_stops_when_told(world: World) -> None:
    addresses = ("--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0")
    arguments = ("--namespace", world.namespace, *addresses, "--lease-name", "second")
    async with command(world, *arguments, MOGULSYNC_IMAGE="img", POD_NAMESPACE=world.namespace) as process:
        serving = await line_with(process, "serving")
        metrics, health = [word for word in serving["message"].split() if word.startswith("127.0.0.1:")]
        await world.apply()
        await world.make_ready()
        async with httpx2.AsyncClient() as client:
            assert (await client.get(f"http://{health}/healthz")).status_code == 200
            assert (await client.get(f"http://{health}/readyz")).status_code == 200
            shown = (await client.get(f"http://{metrics}/metrics")).text
        assert "mogulsync_leader 1.0" in shown
        assert f'name="production",namespace="{world.namespace}"' in shown or 'name="production"' in shown
        lease = await world.get("leases", "second", group="coordination.k8s.io/v1")
        assert lease["spec"]["holderIdentity"]
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
        lease = await world.get("leases", "second", group="coordination.k8s.io/v1")
        assert not lease["spec"]["holderIdentity"]

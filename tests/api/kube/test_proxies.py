"""The operator reaches a real API server through the forward proxy that the environment names."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import pytest
from kubernetes.aio.client import Configuration

from localkube import ControlPlane
from mogulsync.kube.client import load_configuration
from tests.support.operator_world import World

_VARIABLES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")


class ForwardProxy:
    """Opens a tunnel for each CONNECT, and counts them."""

    def __init__(self) -> None:
        self.tunnels = 0
        self._pumps: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Yield the proxy's URL."""
        server = await asyncio.start_server(self._serve_one, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.decode().split(" ", 2)
        assert method == "CONNECT"
        self.tunnels += 1
        host, port = target.rsplit(":", 1)
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for source, target_writer in ((reader, back), (there, writer)):
            pump = asyncio.create_task(_pump(source, target_writer))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


async def _configuration(plane: ControlPlane) -> Configuration:
    return await load_configuration(kubeconfig=str(plane.kubeconfig))


async def test_requests_and_watches_go_through_the_proxy(
    plane: ControlPlane, world: World, environment: pytest.MonkeyPatch
) -> None:
    proxy = ForwardProxy()
    async with proxy.serve() as url:
        environment.setenv("HTTPS_PROXY", url)
        async with world.operator(settings=await _configuration(plane)):
            await world.apply()
            await world.make_ready()
        assert proxy.tunnels > 1


async def test_what_no_proxy_names_is_reached_directly(plane: ControlPlane, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    environment.setenv("NO_PROXY", "127.0.0.0/8")
    assert (await _configuration(plane)).proxy is None

"""Stands between the operator and a real API server, to make it say what it does not say on demand."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import web
from kubernetes.aio.client import Configuration


class Proxy:
    """Passes on all that is asked and answered; what a test needs beyond that overrides `answer` or `stream`.

    Args:
        settings: How to reach the API server.
    """

    def __init__(self, settings: Configuration) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[Configuration]:
        """Yield how to reach the API server through here."""
        tls = ssl.create_default_context(cafile=self._settings.ssl_ca_cert)
        authorization = await self._settings.get_api_key_with_prefix("BearerToken")
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=0), headers={"Authorization": authorization or ""}
        ) as self._session:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            through: Configuration = type.__call__(Configuration)
            through.host = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield through
            finally:
                await runner.cleanup()
        await asyncio.sleep(0.1)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Ask the API server, and answer what it does."""
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name in {"Content-Type", "Accept"}}
        async with self._session.request(
            request.method,
            f"{self._settings.host}{request.path_qs}",
            data=await request.read() or None,
            headers=headers,
        ) as upstream:
            answer = web.StreamResponse(status=upstream.status, headers={"Content-Type": "application/json"})
            return await self.stream(request, upstream, answer)

    async def stream(
        self, request: web.Request, upstream: aiohttp.ClientResponse, answer: web.StreamResponse
    ) -> web.StreamResponse:
        """Pass on the body."""
        await answer.prepare(request)
        async for part in upstream.content.iter_any():
            await answer.write(part)
        return answer

    @staticmethod
    def drop(request: web.Request) -> web.StreamResponse:
        """Break the connection."""
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


def is_watch(request: web.Request) -> bool:
    """Tell whether a request watches."""
    return "watch" in request.query


def write_kubeconfig(folder: Path, server: str) -> Path:
    """Return a kubeconfig that leads to a server, whose credentials nobody asks for."""
    config = folder / "config"
    config.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],"
        f" clusters: [{{name: c, cluster: {{server: '{server}'}}}}], users: [{{name: u, user: {{token: t}}}}]}}"
    )
    return config

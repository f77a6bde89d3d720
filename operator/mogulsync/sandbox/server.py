"""The HTTP server of a sandbox, inside a running event loop or in a thread of its own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from mogulsync.sandbox.account import SandboxAccount
from mogulsync.sandbox.app import CHARTMOGUL_PATH, INTERCOM_PATH, TRANSPORT, Sandbox

_BACKLOG: Final = 512
"""Connections that may wait to be accepted."""
_SHUTDOWN_SECONDS: Final = 1
"""Seconds that requests in progress get when the server stops."""


@dataclass(frozen=True, slots=True)
class Urls:
    """The URLs of a served sandbox."""

    root: str

    @property
    def chartmogul(self) -> str:
        """ChartMogul's base URL."""
        return f"{self.root}{CHARTMOGUL_PATH}"

    @property
    def intercom(self) -> str:
        """Intercom's base URL."""
        return f"{self.root}{INTERCOM_PATH}"

    @property
    def authorize(self) -> str:
        """Intercom's authorize page."""
        return f"{self.intercom}/oauth"

    @property
    def token(self) -> str:
        """Intercom's token endpoint."""
        return f"{self.intercom}/auth/eagle/token"


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: `serve` decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve(sandbox: Sandbox | SandboxAccount, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Urls]:
    """Serve a sandbox, or an account with the usual options, until the block ends; port 0 takes a free one.

    Raises:
        OSError: The address is not free, or not ours.
    """
    listener = _listen(host, port)
    async with _serving(sandbox, listener):
        yield _urls(listener)


@contextlib.contextmanager
def serve_in_thread(sandbox: Sandbox | SandboxAccount, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[Urls]:
    """Serve from a thread, else like `serve`, until the block ends, for programs without an event loop.

    Raises:
        OSError: The address is not free, or not ours.
    """
    listener = _listen(host, port)
    urls = _urls(listener)
    stop = threading.Event()

    async def run() -> None:
        async with _serving(sandbox, listener):
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=[run()], name="sandbox", daemon=True)
    thread.start()
    try:
        yield urls
    finally:
        stop.set()
        thread.join()


@contextlib.asynccontextmanager
async def _serving(served: Sandbox | SandboxAccount, listener: socket.socket) -> AsyncIterator[None]:
    sandbox = served if isinstance(served, Sandbox) else Sandbox(served)
    server = _Server(
        uvicorn.Config(
            _with_transport(sandbox.app),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, so that connections queue up even before the server runs.

    It names its protocol, because asyncio sets TCP_NODELAY only where that is known: without, every answer on a
    kept connection waits 40 ms for a delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


def _urls(listener: socket.socket) -> Urls:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return Urls(f"http://{shown}:{port}")


def _with_transport(app: ASGIApp) -> ASGIApp:
    """Give the application the transport of each connection, which uvicorn keeps behind `send`."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, TRANSPORT: send.__self__.transport}, receive, send)  # type: ignore[attr-defined]

    return wrapped

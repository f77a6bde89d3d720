"""Serves an account in a process of its own, so that the server never shares an interpreter with what is measured."""

import asyncio
import gc
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Final, Literal, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mogulsync.sandbox import Sandbox, SandboxAccount, SandboxOptions, Urls
from mogulsync.sandbox import serve as serve_here

Api = Literal["chartmogul", "intercom"]

_STARTING_SECONDS: Final = 60
_APIS: Final[tuple[Api, ...]] = ("chartmogul", "intercom")


class Arrival(NamedTuple):
    """A request as the server saw it; times are those of the machine's monotonic clock."""

    api: Api
    method: str
    path: str
    """Below the API's base URL, without the query."""
    began: float
    ended: float
    status: int
    in_flight: int
    """Requests to this API under way when it came, itself included."""


class Sent(NamedTuple):
    """A request, in full, to be sent again."""

    api: Api
    method: str
    path: str
    """With the query."""
    body: bytes


class Limits(NamedTuple):
    """How the two APIs behave."""

    intercom: int | None = None
    """Requests in 10 seconds; None: no limit and no headers that show one."""
    chartmogul: bool = True
    """Whether ChartMogul's own limits are in force."""
    latency: float = 0.0
    """Seconds that every request takes at least."""


class Served:
    """An account that is being served."""

    def __init__(self, pipe: Connection, root: str) -> None:
        self._pipe = pipe
        self.urls = Urls(root)

    def arrivals(self) -> list[Arrival]:
        """Return what has arrived and been answered, oldest first."""
        return [Arrival(*each) for each in self._ask("arrivals")]

    def sent(self) -> list[Sent]:
        """Return every request in full; only where `record` was on."""
        return [Sent(*each) for each in self._ask("sent")]

    def account(self) -> SandboxAccount:
        """Return the account as it is now."""
        account: SandboxAccount = self._ask("account")
        return account

    def _ask(self, what: str) -> Any:
        self._pipe.send(what)
        return self._pipe.recv()


@contextmanager
def served(account: SandboxAccount, limits: Limits | None = None, *, record: bool = False) -> Iterator[Served]:
    """Serve a copy of the account until the block ends; the account itself stays as it is."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, account, limits or Limits(), record), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(_STARTING_SECONDS):
            raise TimeoutError("the sandbox did not start")
        yield Served(here, here.recv())
    finally:
        here.close()
        process.join()


def _serve(pipe: Connection, account: SandboxAccount, limits: Limits, record: bool) -> None:  # noqa: FBT001 - called by name of its place
    gc.freeze()
    asyncio.run(_until_closed(pipe, account, limits, record=record))


async def _until_closed(pipe: Connection, account: SandboxAccount, limits: Limits, *, record: bool) -> None:
    sandbox = Sandbox(account, _options(limits))
    watched = _Watched(sandbox.app, record=record)
    sandbox.app = watched
    closed = asyncio.Event()

    def answer() -> None:
        try:
            pipe.send(_told(pipe.recv(), watched, account))
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(pipe.fileno())
            closed.set()

    async with serve_here(sandbox) as urls:
        pipe.send(urls.root)
        asyncio.get_running_loop().add_reader(pipe.fileno(), answer)
        await closed.wait()


def _told(what: str, watched: "_Watched", account: SandboxAccount) -> Any:
    match what:
        case "arrivals":
            return [tuple(each) for each in watched.arrivals]
        case "sent":
            return [tuple(each) for each in watched.sent]
        case _:
            return account


def _options(limits: Limits) -> SandboxOptions:
    own: Mapping[str, Any] = {} if limits.chartmogul else {"chartmogul_limit": None, "chartmogul_parallel": None}
    return SandboxOptions(intercom_limit=limits.intercom, latency=limits.latency, **own)


class _Watched:
    """Notes what arrives at an application, and its times."""

    def __init__(self, app: ASGIApp, *, record: bool) -> None:
        self.arrivals: list[Arrival] = []
        self.sent: list[Sent] = []
        self._app = app
        self._record = record
        self._in_flight = dict.fromkeys(_APIS, 0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, first, *rest = scope["path"].split("/")
        if first not in _APIS:
            await self._app(scope, receive, send)
            return
        api: Api = first
        path = "/" + "/".join(rest[1:] if api == "chartmogul" else rest)
        began, status = time.monotonic(), 0
        self._in_flight[api] += 1
        in_flight = self._in_flight[api]
        body = b""

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        async def watched_receive() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        try:
            await self._app(scope, watched_receive if self._record else receive, watched_send)
        finally:
            self._in_flight[api] -= 1
            self.arrivals.append(Arrival(api, scope["method"], path, began, time.monotonic(), status, in_flight))
            if self._record:
                query = scope["query_string"].decode()
                self.sent.append(Sent(api, scope["method"], path + (f"?{query}" if query else ""), body))

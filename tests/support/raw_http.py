"""A server on a real socket that answers what it is given, byte by byte: what well-behaved servers never send."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_REASONS = {200: "OK", 302: "Found", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Reply:
    """What is sent in answer to one request."""

    raw: bytes = b""
    pieces: tuple[bytes, ...] = ()
    """Sent after `raw`, one after each pause."""
    pause: float = 0.0
    close: bool = False
    """Whether the connection is closed then; otherwise the next request on it is answered."""
    silent: bool = False
    """Never answer."""


CLOSED = Reply(close=True)
"""No answer: the connection is closed."""
SILENT = Reply(silent=True)
"""No answer, and the connection stays."""


def reply(
    body: Any = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    text: str | None = None,
    missing: int = 0,
) -> Reply:
    """Return an answer with a JSON body, or with `text`; `missing` bytes of what Content-Length promises never come."""
    content = json.dumps(body).encode() if text is None else text.encode()
    head = {"Content-Type": "application/json" if text is None else "text/html", **(headers or {})}
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}",
        *(f"{name}: {value}" for name, value in head.items()),
        f"Content-Length: {len(content)}",
    ]
    raw = "\r\n".join(lines).encode() + b"\r\n\r\n" + content
    return Reply(raw[: len(raw) - missing], close=missing > 0)


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class RawServer:
    """Gives each request the next reply, and the last one from then on."""

    replies: list[Reply]
    port: int = 0
    received: list[Received] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a request has arrived."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            while True:
                answer = await self._next(reader)
                if answer.silent:
                    await reader.read()
                    return
                writer.write(answer.raw)
                for piece in answer.pieces:
                    await writer.drain()
                    await asyncio.sleep(answer.pause)
                    writer.write(piece)
                await writer.drain()
                if answer.close:
                    return

    async def _next(self, reader: asyncio.StreamReader) -> Reply:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        answer = self.replies[min(len(self.received), len(self.replies) - 1)]
        self.received.append(Received(method, target, headers, body))
        self.arrived.set()
        return answer


@contextlib.asynccontextmanager
async def raw_server(replies: Sequence[Reply]) -> AsyncIterator[RawServer]:
    """Serve until the block ends."""
    server = RawServer(list(replies))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()

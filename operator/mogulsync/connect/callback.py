"""The server on this machine that Intercom sends the person's browser back to; it answers one callback."""

import asyncio
import base64
import hashlib
import html
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_HOSTS: Final[dict[str, tuple[str, ...]]] = {"localhost": ("127.0.0.1", "::1"), "127.0.0.1": ("127.0.0.1",)}
"""Hosts of a redirect URI that are this machine, and where to listen for them."""
_PORTS: Final = {"https": 443, "http": 80}
_HEAD_SECONDS: Final = 20.0
_ANSWER_SECONDS: Final = 60.0
"""How long a browser waits for what became of its callback."""
_GONE_SECONDS: Final = 2.0
"""After which a browser that does not take its answer is taken to be closed."""
_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;"
    "padding:0 1rem}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>mogulsync</title><style>{style}</style></head>'
    "<body><h1>{title}</h1><p>{text}</p></body></html>\n"
)


class CannotListenError(Exception):
    """The address of the redirect URI cannot be listened at."""


class CallbackServer:
    """Waits for the one request to the redirect URI's path.

    Attributes:
        redirect_uri: The address, with the port that it listens at.
    """

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self._address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._page: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._sent = asyncio.Event()

    async def address(self) -> str:
        """Return the whole address that the browser asked for, once it did."""
        return await asyncio.shield(self._address)

    async def answer(self, title: str, text: str) -> None:
        """Show the person in the browser what became of it; return when that was sent, or soon after."""
        if not self._address.done() or self._page.done():
            return
        self._page.set_result(_PAGE.format(style=_STYLE, title=html.escape(title), text=html.escape(text)))
        with suppress(TimeoutError):  # the browser is gone
            async with asyncio.timeout(_GONE_SECONDS):
                await self._sent.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection of a browser."""
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                line = (await reader.readline()).decode("latin-1").split()
                while (await reader.readline()).strip():
                    pass
            await self._respond(line, writer)
        except (TimeoutError, OSError, ValueError):
            pass  # browsers open connections that they never use
        finally:
            writer.close()

    async def _respond(self, line: list[str], writer: asyncio.StreamWriter) -> None:
        target = line[1] if len(line) > 1 else ""
        ours = urlsplit(self.redirect_uri)
        if urlsplit(target).path != (ours.path or "/") or line[0] != "GET":
            await _send(writer, "404 Not Found", "")
            return
        if self._address.done():
            await _send(writer, "410 Gone", "This login has ended.\n")
            return
        self._address.set_result(urlunsplit(ours._replace(query=urlsplit(target).query)))
        async with asyncio.timeout(_ANSWER_SECONDS):
            page = await self._page
        await _send(writer, "200 OK", page)
        self._sent.set()


async def _send(writer: asyncio.StreamWriter, status: str, page: str) -> None:
    body = page.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
        f"Content-Security-Policy: default-src 'none'; style-src 'sha256-{_STYLE_HASH}'\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()


def is_local(redirect_uri: str) -> bool:
    """Return whether a server of ours can answer at the redirect URI."""
    parts = urlsplit(redirect_uri)
    return parts.scheme in _PORTS and parts.hostname in _HOSTS


@asynccontextmanager
async def listening(redirect_uri: str, context: ssl.SSLContext | None) -> AsyncIterator[CallbackServer]:
    """Listen at a local redirect URI until the block ends; port 0 takes a free one.

    Args:
        redirect_uri: One that `is_local`.
        context: The certificate to serve with; None: without TLS.

    Raises:
        CannotListenError: The port is taken, or needs more rights.
    """
    parts = urlsplit(redirect_uri)
    host = parts.hostname or ""
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    server = CallbackServer(redirect_uri)
    first, *others = _HOSTS[host]
    with ExitStack() as stack:  # closing without waiting: a browser may keep a connection open
        try:
            listener = await asyncio.start_server(server.serve, first, port, ssl=context)
        except OSError as error:
            raise CannotListenError(
                f"cannot listen at {host}:{port} ({error.strerror}); give another with --port or --redirect-uri, or "
                "--paste"
            ) from None
        stack.callback(listener.close)
        port = listener.sockets[0].getsockname()[1]
        for other in others:
            with suppress(OSError):  # a machine without IPv6
                stack.callback((await asyncio.start_server(server.serve, other, port, ssl=context)).close)
        if parts.port is not None:
            server.redirect_uri = urlunsplit(parts._replace(netloc=f"{host}:{port}"))
        yield server

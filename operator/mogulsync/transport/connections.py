"""Connections to an API, lent to one request at a time, the one used last first.

Each is a client of httpx2 of its own with room for one connection: before and after every request httpx2's pool looks
at the socket of each connection that is idle, which costs more than the request itself once there are a dozen.
"""

import functools
import ssl
from typing import Final

import httpx2

_KEEP_ALIVE: Final = 4.0
"""Seconds that an idle connection is kept: less than the 5 after which common servers close it, so that
requests rarely meet a connection that is just being closed."""


class Connections:
    """As many connections as there are requests at once; whoever sends bounds that."""

    def __init__(self) -> None:
        self._clients: list[httpx2.AsyncClient] = []
        self._idle: list[httpx2.AsyncClient] = []

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request and return the answer, read to its end. Redirects are not followed.

        Raises:
            httpx2.RequestError: There was no answer, or not all of it.
        """
        client = self._idle.pop() if self._idle else self._open()
        try:
            return await client.send(request)
        finally:
            self._idle.append(client)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.aclose()

    def _open(self) -> httpx2.AsyncClient:
        client = httpx2.AsyncClient(
            verify=_tls(),
            limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEEP_ALIVE),
            follow_redirects=False,
        )
        self._clients.append(client)
        return client


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return what all connections trust: reading the authorities takes long enough to do it once."""
    return httpx2.create_ssl_context()

"""A pool of connections to one API, the one used last first.

Each connection is a client of httpx2 of its own that may open one: before and after every request httpx2's own pool
polls the socket of each idle connection, so a request takes longer the more of them there are, several times as long
with the hundred that 166 requests a second at half a second each take.
"""

import functools
import os
import ssl

import httpx2


class TrustStoreError(Exception):
    """The certificates of authorities that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read."""


class ConnectionPool:
    """As many connections as requests were ever in flight at once; the rate limiter bounds that.

    Args:
        keep_alive: Seconds that an idle connection is kept.
    """

    def __init__(self, *, keep_alive: float) -> None:
        self._limits = httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=keep_alive)
        self._clients: list[httpx2.AsyncClient] = []
        self._idle: list[httpx2.AsyncClient] = []

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request and return the answer, read to its end. Redirects are not followed.

        Raises:
            httpx2.RequestError: There was no answer, or not all of it.
            TrustStoreError: There is nothing to judge a server's certificate by.
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
        client = httpx2.AsyncClient(verify=_tls(), limits=self._limits, follow_redirects=False)
        self._clients.append(client)
        return client


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return what all connections trust; reading the authorities' certificates takes long enough to do it once."""
    try:
        return httpx2.create_ssl_context()
    except OSError:
        named = [f"{name} ({os.environ[name]})" for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
        where = " or ".join(named) or "the system's store"
        raise TrustStoreError(f"{where} holds no certificate that can be read") from None

"""What kept a request from being answered, in words that quote nothing of it."""

import errno
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from typing import Final

import httpx2

from mogulsync.transport.errors import ApiError

_CAUSES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (ssl.SSLCertVerificationError, "certificate verify failed"),
    (ssl.SSLError, "no TLS handshake"),
    (socket.gaierror, "its name does not resolve"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection reset"),
    (httpx2.ConnectTimeout, "no connection in time"),
    (httpx2.TimeoutException, "not in time"),
    (TimeoutError, "not in time"),
    (httpx2.ProxyError, "the proxy refused the connection"),
)
"""Exceptions, the more telling first."""

_UNREACHABLE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH})


def describe_network_error(error: httpx2.RequestError | TimeoutError, url: httpx2.URL) -> str:
    """Return why there was no answer: the host, whether a proxy is on the way, and the cause.

    Texts of exceptions may quote the request, or a proxy's password; their types say enough.
    """
    chain = list(_chain(error))
    cause = next((words for kind, words in _CAUSES if any(isinstance(each, kind) for each in chain)), None)
    if cause is None and any(isinstance(each, OSError) and each.errno in _UNREACHABLE for each in chain):
        cause = "no route to it"
    return f"no answer from {url.host}{_by_way_of(url)}: {cause or type(error).__name__}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those that led to it, of a group's all; an earlier request's is not among them."""
    while error is not None and not isinstance(error, ApiError):
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _chain(each)
        error = error.__cause__ or error.__context__


def _by_way_of(url: httpx2.URL) -> str:
    proxies = urllib.request.getproxies()
    proxied = (url.scheme in proxies or "all" in proxies) and not urllib.request.proxy_bypass(url.host)
    return " by way of the proxy" if proxied else ""

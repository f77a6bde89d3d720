"""What a message says of a request that nobody answered: the host and the cause, and nothing of the request."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from mogulsync.connect.certificate import self_signed_certificate
from mogulsync.transport.errors import UnavailableError
from mogulsync.transport.network_error import describe_network_error

SECRET = "s3cret"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def described(url: str) -> str:
    """Return what is said of a request to this URL, which fails."""
    async with httpx2.AsyncClient(timeout=5) as client:
        with pytest.raises(httpx2.RequestError) as caught:
            await client.get(url, params={"token": SECRET})
    text = describe_network_error(caught.value, httpx2.URL(url))
    assert SECRET not in text
    return text


@asynccontextmanager
async def server(answer: bytes = b"", *, tls: bool = False) -> AsyncIterator[int]:
    """Serve on a port and close each connection after this answer."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    context = self_signed_certificate().context if tls else None
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no name resolve: where a resolver does not answer, the real one takes longer than a connection may."""

    def resolve(*_args: Any, **_options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


async def test_a_name_that_does_not_resolve(no_names: None) -> None:
    assert await described("http://api.invalid/") == "no answer from api.invalid: its name does not resolve"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_port_where_nobody_listens(host: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://{host}:{taken.getsockname()[1]}/"
        assert await described(url) == f"no answer from {host}: connection refused"


async def test_a_certificate_that_nobody_trusts() -> None:
    async with server(tls=True) as port:
        text = await described(f"https://127.0.0.1:{port}/")
    assert text == "no answer from 127.0.0.1: certificate verify failed"


async def test_a_server_that_speaks_no_tls() -> None:
    async with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        text = await described(f"https://127.0.0.1:{port}/")
    assert text == "no answer from 127.0.0.1: no TLS handshake"


async def test_a_connection_that_ends_without_an_answer() -> None:
    async with server() as port:
        text = await described(f"http://127.0.0.1:{port}/")
    assert text == "no answer from 127.0.0.1: RemoteProtocolError"


async def test_what_went_wrong_before_is_no_cause() -> None:
    """A request that is made while another's failure is handled has that one as its context."""
    try:
        try:
            socket.getaddrinfo("api.invalid", 443)
        except socket.gaierror:
            raise UnavailableError("Intercom", "cannot list contacts") from None
    except UnavailableError:
        async with server() as port:
            text = await described(f"http://127.0.0.1:{port}/")
    assert text == "no answer from 127.0.0.1: RemoteProtocolError"


async def test_a_proxy_that_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:{SECRET}@127.0.0.1:{taken.getsockname()[1]}")
        text = await described("https://api.invalid/")
    assert text == "no answer from api.invalid by way of the proxy: connection refused"


async def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as port:
        monkeypatch.setenv("ALL_PROXY", f"http://me:{SECRET}@127.0.0.1:{port}")
        text = await described("https://api.invalid/")
    assert text == "no answer from api.invalid by way of the proxy: the proxy refused the connection"


async def test_a_host_that_the_proxy_is_not_for(no_names: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "api.invalid")
    assert await described("http://api.invalid/") == "no answer from api.invalid: its name does not resolve"

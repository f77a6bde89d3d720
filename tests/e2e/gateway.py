"""Runs in a Pod of the cluster: a forward proxy that says each tunnel it opens, and TLS before the sandbox.

Standard library only; the program is put into the Pod by a ConfigMap.
"""

import asyncio
import contextlib
import ssl


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, greeting: bytes
) -> None:
    there, back = await asyncio.open_connection(host, port)
    writer.write(greeting)
    await asyncio.gather(_pump(reader, back), _pump(there, writer))


async def _proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    method, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
    print(method, target, flush=True)
    if method != "CONNECT":
        writer.close()
        return
    host, _, port = target.rpartition(":")
    await _join(reader, writer, host, int(port), b"HTTP/1.1 200 Connection established\r\n\r\n")


async def _sandbox(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _join(reader, writer, "sandbox", 8090, b"")


async def main() -> None:
    """Serve both until the Pod ends."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain("/etc/gateway-tls/tls.crt", "/etc/gateway-tls/tls.key")
    await asyncio.start_server(_proxy, port=3128)
    await asyncio.start_server(_sandbox, port=8443, ssl=tls)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

"""The proxy on the way to the API server, by the variables that client-go reads: HTTPS_PROXY, HTTP_PROXY, NO_PROXY.

aiohttp can read them itself, but then looks for a .netrc at each request, and knows no address ranges in NO_PROXY.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def proxy_from_environment(url: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy's URL for a request to `url`; None: directly.

    A name in capitals counts before the one in small letters. A proxy without a scheme is an http one.
    """
    parts = urlsplit(url)
    proxy = _variable(environ, f"{parts.scheme}_proxy")
    if not proxy or not parts.hostname or _is_direct(parts.hostname, parts.port or _PORTS[parts.scheme], environ):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name.upper()) or environ.get(name) or "").strip()


def _is_direct(host: str, port: int, environ: Mapping[str, str]) -> bool:
    entries = (entry.strip().lower() for entry in _variable(environ, "no_proxy").split(","))
    return any(_names(entry, host, port) for entry in entries if entry)


def _names(entry: str, host: str, port: int) -> bool:
    """Return whether an entry of NO_PROXY is about this host: `*`, a range, a host or a domain, also with a port."""
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry:
        return address is not None and _in_range(address, entry)
    name, colon, named_port = entry.rpartition(":")
    if colon and named_port.isdigit() and (":" not in name or name.endswith("]")):
        if int(named_port) != port:
            return False
        entry = name
    entry = entry.strip("[]")
    if address is not None:
        return _address(entry) == address
    domain = entry.removeprefix("*").removeprefix(".")
    return host.endswith(f".{domain}") or (host == domain and not entry.startswith((".", "*.")))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _in_range(address: ipaddress.IPv4Address | ipaddress.IPv6Address, text: str) -> bool:
    try:
        return address in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False

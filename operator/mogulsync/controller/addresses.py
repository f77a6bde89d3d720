"""Where the operator's servers listen. Imports little, so that --help is fast."""

from typing import Final, NamedTuple

METRICS_PORT: Final = 8080
HEALTH_PORT: Final = 8081


class Address(NamedTuple):
    """Where a server listens."""

    host: str | None
    """None: on all addresses, IPv4 and IPv6."""
    port: int
    """0: any free one."""

    @classmethod
    def parse(cls, text: str, *, default_port: int) -> "Address":
        """Read `HOST:PORT`, `:PORT`, `HOST`, `[IPv6]:PORT` or `[IPv6]`.

        Raises:
            ValueError: It is none of these; the message says the fix.
        """
        host, colon, port = text.rpartition(":")
        if not colon or text.endswith("]"):
            host, port = text, str(default_port)
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise ValueError(f'"{text}": put an IPv6 address in brackets, as in "[::1]:{default_port}"')
        if not (port.isascii() and port.isdigit() and int(port) <= 65535):  # noqa: PLR2004 - the last port there is
            raise ValueError(f'"{text}": "{port}" is no port; write HOST:PORT, as in "127.0.0.1:{default_port}"')
        return cls(host or None, int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host or ""
        return f"{host}:{self.port}"

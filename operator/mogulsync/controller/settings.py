"""What can be set: by the command line (`OperatorOptions`), and what nobody has had to set yet (`OperatorSettings`).

Each field says its unit and why its default is what it is.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from mogulsync.kube.leaderelection import LeaderElectionConfig
from mogulsync.kube.watch import WatchTimeouts
from mogulsync.kube.workqueue import ExponentialBackoff

METRICS_PORT: Final = 8080
HEALTH_PORT: Final = 8081
LEASE_NAME: Final = "mogulsync"
"""Name of the Lease unless `--lease-name` gives another."""


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


@dataclass(frozen=True, kw_only=True)
class OperatorOptions:
    """What the command line asks for."""

    image: str
    """What Jobs run unless spec.job.image says otherwise."""
    namespaces: tuple[str, ...] = ()
    """Where destinations are served; none: everywhere."""
    metrics_address: Address
    health_address: Address
    leader_elect: bool = True
    """Off only where it is certain that there is one replica."""
    lease_name: str = LEASE_NAME
    """Two operators in one namespace need two names."""


@dataclass(frozen=True, kw_only=True)
class LivenessThresholds:
    """From when on something counts as making no progress, in seconds."""

    watch_age: float = 180
    """Every watch begins anew each minute, which is a sign of life also where nothing happens."""
    queue_age: float = 300
    """A reconcile takes well under a second; a failed one waits its backoff out of the queue."""
    loop_lag: float = 10
    """A healthy loop is late by milliseconds."""


@dataclass(frozen=True, kw_only=True)
class ResyncSettings:
    """When everything is listed and reconciled anew, in seconds."""

    interval: float = 600.0
    """Whatever the watches said: a list is the truth. Ten minutes cost one request for 500 objects of a kind."""
    spread: float = 0.1
    """Share of the interval by which it varies, so that replicas and operators do not list at one moment."""
    relist_delay: float = 2.0
    """After a watch had to list anew, deletions may have been missed; several watches do so at the same time."""
    retry_delay: float = 2.0
    """After a failed list, or before kopf is started again: an API server takes seconds to come back."""


@dataclass(frozen=True, kw_only=True)
class OperatorSettings:
    """How the operator works; times in seconds."""

    workers: int = 16
    """Destinations that are reconciled at a time; each waits for the API server most of its time."""
    request_timeout: float = 15.0
    """For one request to the API server, which answers within a second unless it is overloaded."""
    backoff: ExponentialBackoff = ExponentialBackoff(base_delay=0.2, max_delay=60.0)
    """Of a reconcile that failed: soon again, since most failures are conflicts, then at most once a minute."""
    watch: WatchTimeouts = WatchTimeouts(server_timeout=60, inactivity_timeout=75.0)
    """A sign of life each minute; a watch that is silent for longer than that and some seconds is dead."""
    leader_election: LeaderElectionConfig = LeaderElectionConfig(
        lease_duration=10, renew_deadline=7.0, renew_period=2.0, retry_period=1.0, request_timeout=2.0
    )
    """Another leads within 15 s of a kill. Three renewals fit before the deadline, and 3 s are left to stop."""
    resync: ResyncSettings = ResyncSettings()
    liveness: LivenessThresholds = LivenessThresholds()

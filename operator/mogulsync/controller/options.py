"""What the command line of `mogulsync operator` sets."""

from dataclasses import dataclass

from mogulsync.controller.addresses import Address
from mogulsync.resource import names
from mogulsync.resource.job import Job


@dataclass(frozen=True, kw_only=True)
class OperatorOptions:
    """The options of the command line."""

    image: str
    """What Jobs run unless spec.job.image says otherwise."""
    namespaces: tuple[str, ...] = ()
    """Where destinations are served; none: everywhere."""
    metrics_address: Address
    health_address: Address
    leader_elect: bool = True
    """Off only where it is certain that there is one replica."""
    lease_name: str = names.LEASE_NAME
    """Two operators in one namespace need two names."""
    job: Job = Job()
    """The defaults of every destination's spec.job."""

"""How the operator works where the command line has no option for it: each field with its unit, default and reason.

What the command line sets is in `options`.
"""

from dataclasses import dataclass

from mogulsync.kube.leaderelection import LeaderElectionConfig
from mogulsync.kube.watch import WatchTimeouts
from mogulsync.kube.workqueue import ExponentialBackoff


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
    unreadable_delay: float = 5.0
    """Between two attempts to list a namespace that could not be read: one request, until a right is given."""
    version_check: float = 30.0
    """How often it is looked whether versions went back (a restored backup), which no watch tells: one request."""
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

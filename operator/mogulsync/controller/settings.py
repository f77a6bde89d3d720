"""How the operator works where the command line has no option for it: each field with its unit, default and reason.

What the command line sets is in `options`.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

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
    """Whatever the watches showed: a list is authoritative. Ten minutes cost one request for 500 objects of a kind."""
    spread: float = 0.1
    """Share of the interval by which it varies, so that replicas and operators do not list at one moment."""
    relist_delay: float = 2.0
    """After a watch had to list anew, deletions may have been missed; several watches do so at the same time."""
    unreadable_delay: float = 5.0
    """Between two attempts to list a namespace that could not be read: one request, until a right is given."""
    version_check: float = 30.0
    """How often it is looked whether versions went back (a restored backup), which no watch reports: one request."""
    retry_delay: float = 2.0
    """After a failed list, or before kopf is started again: an API server takes seconds to come back."""


@dataclass(frozen=True, kw_only=True)
class ReconcileSettings:
    """When a destination is reconciled again, and what is late."""

    requeue_margin: timedelta = timedelta(milliseconds=500)
    """Added to the time after which something changes, so that it has changed when it is looked at."""
    retry_refused: timedelta = timedelta(minutes=10)
    """What the API server refused, a CronJob or Job, is sent again after this time: policies and quotas change."""
    conflict_poll: timedelta = timedelta(seconds=15)
    """How often a name that another's CronJob has is looked at: such a CronJob is not watched."""
    replacing_poll: timedelta = timedelta(seconds=1)
    """How often a CronJob that Kubernetes is about to collect is looked at."""
    first_recheck: timedelta = timedelta(minutes=10)
    """A check that reached no answer, its Job's retries included, is made again after this time, then after double."""
    last_recheck: timedelta = timedelta(hours=6)
    """Longest time between such checks."""
    pod_grace: timedelta = timedelta(seconds=10)
    """How long a Job may have no Pod before the status says so: its controller takes a moment."""
    stale_request: timedelta = timedelta(minutes=5)
    """A request that is a time this long before the destination's creation came with a backup: it is not acted on."""
    clock_tolerance: timedelta = timedelta(hours=1)
    """How far the operator's clock may be behind the clock of others: a time in the status further ahead is none."""
    overdue_grace: timedelta = timedelta(hours=1)
    """Longest time that a run may be late before it is overdue."""
    contention_window: timedelta = timedelta(minutes=30)
    """How long it is remembered that something was put back."""
    contention_first_wait: timedelta = timedelta(seconds=1)
    """Before something is put back for the third time within the window; doubled with each time."""
    contention_longest_wait: timedelta = timedelta(minutes=5)
    """Two operators that want different things write no more often than that in the end."""


@dataclass(frozen=True, kw_only=True)
class JobLimits:
    """How long Jobs may take and are kept, in seconds, as their manifests have it."""

    starting_deadline: int = 8 * 3600
    """A run that an outage kept from starting still starts within this time."""
    active_deadline: int = 6 * 3600
    """A run that hangs ends long before the next day's is due, which it would keep from starting."""
    check_deadline: int = 600
    """How long a check may take; one whose container never started is followed by the next at once."""
    run_ttl: int = 7 * 24 * 3600
    """How long a finished manual run's or preview's Job, with its log, is kept."""
    check_ttl: int = 3600
    """How long a finished check's Job is kept: without its Secret or image there is one every 10 minutes."""
    termination_grace: int = 30
    """More than the 5 seconds that an interrupted run needs for its report."""


RECONCILE: Final = ReconcileSettings()
JOB: Final = JobLimits()


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

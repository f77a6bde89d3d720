"""What one step of a reconcile sees: the destination, its status so far, and its CronJob and Jobs in the cache."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.destination import IntercomDestination
from mogulsync.controller.observed import INSTANTIATE_ANNOTATION, ObservedJob, ObservedPod, parse_job, parse_pods
from mogulsync.kube.objects import Object, owned_by, owned_by_any, owner_references
from mogulsync.resource import names
from mogulsync.resource.status import Status


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a step decides by; it never changes."""

    destination: IntercomDestination
    status: Status
    """As the steps before have it."""
    now: datetime
    named_cronjob: Object | None
    """The CronJob of the destination's name that has our label, whosever it is."""
    jobs: tuple[ObservedJob, ...]
    """All Jobs of the destination, the oldest first."""
    pods: Mapping[str, tuple[ObservedPod, ...]]
    """The Pods of each Job by the Job's uid, the one that was made last at the end."""

    @property
    def cronjob(self) -> Object | None:
        """The destination's own CronJob, if it is in place."""
        named = self.named_cronjob
        return named if named is not None and owned_by(named, self.destination.uid) else None

    @property
    def runs(self) -> tuple[ObservedJob, ...]:
        """The Jobs of runs: of the schedule, of requests, and made by hand from the CronJob."""
        return tuple(job for job in self.jobs if job.trigger not in {names.TRIGGER_CHECK, names.TRIGGER_PREVIEW})

    @property
    def runs_under_way(self) -> tuple[ObservedJob, ...]:
        """The runs that may end by themselves."""
        return tuple(job for job in self.runs if job.under_way)

    @property
    def previews(self) -> tuple[ObservedJob, ...]:
        """The Jobs of previews."""
        return tuple(job for job in self.jobs if job.trigger == names.TRIGGER_PREVIEW)

    def job(self, name: str) -> ObservedJob | None:
        """Return the Job of this name; None when there is none."""
        return next((job for job in self.jobs if job.name == name), None)

    def pods_of(self, job: ObservedJob) -> tuple[ObservedPod, ...]:
        """Return the Pods of a Job, the one that was made last at the end."""
        return self.pods.get(job.uid, ())


def observe(cache: DestinationCache, destination: IntercomDestination, status: Status, *, now: datetime) -> Snapshot:
    """Return what the cache has of the destination now."""
    named = cache.cronjob(destination.key)
    owners = [destination.uid]
    if named is not None and owned_by(named, destination.uid):
        owners.append(named["metadata"]["uid"])
    stored = [job for job in cache.jobs(destination.key) if _belongs(job, destination, owners)]
    jobs = sorted(map(parse_job, stored), key=lambda job: (job.created, job.name))
    return Snapshot(
        destination=destination,
        status=status,
        now=now,
        named_cronjob=named,
        jobs=tuple(jobs),
        pods={job.uid: parse_pods(cache.pods(job.stored)) for job in jobs},
    )


def _belongs(stored: Object, destination: IntercomDestination, owners: list[str]) -> bool:
    """Return whether a Job with the destination's label is the destination's.

    Some consoles make a Job from a CronJob without an owner, and one loses its owner when its CronJob is deleted
    without it. One that was made before the destination belonged to another of that name.
    """
    if owned_by_any(stored, owners):
        return True
    annotations = stored["metadata"].get("annotations") or {}
    from_cronjob = not {INSTANTIATE_ANNOTATION, names.ANNOTATION_GENERATION}.isdisjoint(annotations)
    if not from_cronjob or owner_references(stored):
        return False
    return datetime.fromisoformat(stored["metadata"]["creationTimestamp"]) >= destination.created

"""Brings one destination from what is in the cluster to what its spec asks for, and writes its status.

A reconcile is a list of steps, each of which returns a result. The results are folded once, the conditions
follow from them, and the status is written if anything in it differs. Killed at any moment, the next
reconcile finds the rest still to do.
"""

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from mogulsync.controller.applystate import ApplyState
from mogulsync.controller.blocker import Blocker
from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.children import Children
from mogulsync.controller.conditions import ConditionInputs, conditions, headline
from mogulsync.controller.contention import Contention
from mogulsync.controller.destination import IntercomDestination
from mogulsync.controller.events import notice_of, publish, transitions
from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.controller.settings import RECONCILE
from mogulsync.controller.snapshot import Snapshot, observe
from mogulsync.controller.statusupdate import merge_patch, without_future_times
from mogulsync.controller.steps.check import CheckDigests, check
from mogulsync.controller.steps.cronjob import place_cronjob
from mogulsync.controller.steps.due import judge_due_times
from mogulsync.controller.steps.record import record_previews, record_runs
from mogulsync.controller.steps.requests import start_preview, start_run
from mogulsync.controller.steps.result import FoldedResult, StepResult, fold
from mogulsync.kube.client import KubernetesClient, StatusError
from mogulsync.kube.objects import NamespacedName, Object, digest
from mogulsync.resource.reasons import RunReason
from mogulsync.resource.report import shorten
from mogulsync.resource.spec import Spec
from mogulsync.resource.status import Status

_log = logging.getLogger(__name__)

_SILENT_FAILURES: Final = 1
"""A request that is answered with an error so often in a row does not change the status: an API server may be
restarting. One without an answer has taken its time-out already."""

_PROBLEMS_MAX_LENGTH: Final = 1000
"""Characters kept of what is wrong with a spec."""

Step = Callable[[Snapshot], Awaitable[StepResult]]


@dataclass(kw_only=True, slots=True)
class _Memory:
    """What is remembered of a destination between reconciles. Nothing of it has to survive the process."""

    apply_state: ApplyState = field(default_factory=ApplyState)
    status_contention: Contention = field(default_factory=Contention)
    failures: int = 0
    """Reconciles in a row that a request failed in."""
    _check_of: tuple[str, int] | None = None
    _check_digests: CheckDigests | None = None

    def digests_of(self, destination: IntercomDestination, spec: Spec) -> CheckDigests:
        """Return the digests of the destination's check, which follow from its generation."""
        generation = destination.uid, destination.generation
        if self._check_digests is None or self._check_of != generation:
            self._check_of, self._check_digests = generation, CheckDigests.of(destination, spec)
        return self._check_digests


class Reconciler:
    """Reconciles destinations, one call each.

    Args:
        client: Where objects are written.
        cache: What was seen of the cluster.
        job_defaults: What Jobs have unless spec.job says otherwise.
        clock: The time of day, with a zone.
        on_put_back: Called when something was written again that another had changed.
    """

    def __init__(
        self,
        client: KubernetesClient,
        cache: DestinationCache,
        *,
        job_defaults: JobDefaults,
        clock: Callable[[], datetime],
        on_put_back: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._cache = cache
        self._children = Children(client, cache)
        self._job_defaults = job_defaults
        self._clock = clock
        self._on_put_back = on_put_back
        self._memories: defaultdict[NamespacedName, _Memory] = defaultdict(_Memory)

    def forget(self) -> None:
        """Forget what was remembered of destinations: the cluster was restored from a backup."""
        self._memories.clear()

    async def reconcile(self, key: NamespacedName) -> float | None:
        """Bring one destination up to date; return after how many seconds to do so again by itself.

        Raises:
            StatusError: The API server did not do as asked; try again later.
        """
        stored = self._cache.destination(key)
        if stored is None or stored["metadata"].get("deletionTimestamp"):
            self._memories.pop(key, None)
            self._cache.forget(key)
            return None
        destination, now = IntercomDestination.parse(stored), self._clock()
        status, folded = await self._run_steps(destination, now)
        memory = self._memories[key]
        if folded.apply_state is not None:
            memory.apply_state = folded.apply_state
        if folded.error is not None:
            memory.failures += 1
            if memory.failures <= _SILENT_FAILURES and folded.error.status:
                raise folded.error
        if folded.put_back:
            self._on_put_back()
        put_off = await self._write_status(destination, status, folded, now=now)
        await publish(self._client, destination, folded.notices, now=now)
        if put_off is None:
            self._cache.forget(key)
        if folded.error is not None:
            raise folded.error
        memory.failures = 0
        waits = [wait for wait in (folded.requeue_after, put_off) if wait is not None]
        return (max(timedelta(), min(waits)) + RECONCILE.requeue_margin).total_seconds() if waits else None

    async def _run_steps(self, destination: IntercomDestination, now: datetime) -> tuple[Status, FoldedResult]:
        """Run each step on the status that those before it left; return the last and all results as one."""
        snapshot, revision = observe(self._cache, destination, destination.status, now=now), self._cache.revision
        status = without_future_times(destination.status, now=_latest(snapshot))
        if status is not snapshot.status:
            snapshot = replace(snapshot, status=status)
        results = []
        for step in self._steps(destination):
            result = await step(snapshot)
            results.append(result)
            status = result.status or snapshot.status
            if self._cache.revision != revision:
                snapshot, revision = observe(self._cache, destination, status, now=now), self._cache.revision
            elif status is not snapshot.status:
                snapshot = replace(snapshot, status=status)
        return snapshot.status, fold(results)

    def _steps(self, destination: IntercomDestination) -> tuple[Step, ...]:
        children = self._children
        record: tuple[Step, ...] = (
            partial(record_runs, children=children),
            partial(record_previews, children=children),
        )
        if destination.spec is None:
            return (*record, _refuse_spec, partial(judge_due_times, spec=None))
        spec = self._job_defaults.applied_to(destination.spec)
        memory = self._memories[destination.key]
        return (
            *record,
            partial(place_cronjob, spec=spec, children=children, before=memory.apply_state),
            partial(start_run, spec=spec, children=children),
            partial(start_preview, spec=spec, children=children),
            partial(check, spec=spec, children=children, digests=memory.digests_of(destination, spec)),
            partial(judge_due_times, spec=spec),
        )

    async def _write_status(
        self, destination: IntercomDestination, status: Status, folded: FoldedResult, *, now: datetime
    ) -> timedelta | None:
        """Write the status if anything in it differs, and Events of the conditions that changed.

        Returns:
            The time until it may be written, where another has written against it again and again; else None.
        """
        before = destination.status.conditions or []
        after = conditions(_condition_inputs(destination, status, folded), before=before, now=now)
        complete = status.model_copy(
            update={
                "observed_generation": destination.generation,
                "conditions": after,
                "message": headline(after),
                "consecutive_failures": status.consecutive_failures or 0,
            }
        )
        document = complete.model_dump(mode="json", by_alias=True, exclude_none=True)
        changes = merge_patch(destination.stored_status, document)
        if not changes:
            return None
        memory, mark = self._memories[destination.key], _mark(document)
        if left := memory.status_contention.wait(mark, now):
            return left
        body = {"metadata": {"resourceVersion": destination.resource_version}, "status": changes}
        try:
            stored = await self._client.patch(DESTINATIONS, *destination.key, body, subresource="status")
        except StatusError as error:
            if error.not_found and await self._is_gone(destination):
                return None
            raise
        self._cache.put(DESTINATIONS, stored)
        memory.status_contention = memory.status_contention.written(mark, now)
        if memory.status_contention.put_back:
            self._on_put_back()
        changed = list(transitions(before, after))
        for each in changed:
            _log.info("%s: %s is %s: %s", destination.key, each.type, each.status, each.reason)
        written = replace(destination, resource_version=stored["metadata"]["resourceVersion"])
        await publish(self._client, written, map(notice_of, changed), now=now)
        return None

    async def _is_gone(self, destination: IntercomDestination) -> bool:
        """Return whether the destination was deleted: a webhook may answer a write with 404, too."""
        try:
            await self._client.get(DESTINATIONS, *destination.key)
        except StatusError as error:
            if error.not_found:
                return True
            raise
        return False


def _latest(snapshot: Snapshot) -> datetime:
    """Return the time of day, by the API server's clock where a Job shows that ours is behind."""
    return max(snapshot.now, snapshot.jobs[-1].created) if snapshot.jobs else snapshot.now


async def _refuse_spec(snapshot: Snapshot) -> StepResult:
    """Return the result for a spec of a newer version, which has unknown keys, or of an older one, now refused.

    What is in place goes on.
    """
    unknown, wrong = snapshot.destination.problems
    paths = ", ".join(unknown)
    newer = [f"This operator does not understand {paths}; upgrade it, or remove that."] if unknown else []
    message = shorten(" ".join([*newer, "; ".join(wrong)]).strip(), _PROBLEMS_MAX_LENGTH)
    return StepResult(blocker=Blocker(reason=RunReason.INVALID_DESTINATION, message=message))


def _condition_inputs(destination: IntercomDestination, status: Status, folded: FoldedResult) -> ConditionInputs:
    return ConditionInputs(
        reference=f"{destination.key.name} -n {destination.key.namespace}",
        generation=destination.generation,
        suspended=destination.spec is not None and destination.spec.suspend,
        blocker=folded.blocker,
        missing_secret=folded.missing_secret,
        check=folded.check,
        evidence=status.evidence,
        last_sync=status.last_sync,
        missed=folded.missed,
    )


def _mark(document: Object) -> str:
    """Return a digest of a status, but for the times at which conditions changed: they differ with every writer."""
    listed = [{**each, "lastTransitionTime": None} for each in document["conditions"]]
    return digest(document | {"conditions": listed})

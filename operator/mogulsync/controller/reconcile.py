"""Brings one destination from what is in the cluster to what its spec asks for, and tells how it is.

A reconcile is a row of steps; here their findings are summed up, once, and the status is written if
anything in it differs. Killed at any moment, the next reconcile finds the rest still to do.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.conditions import Check, Findings, Impediment, conditions, headline
from mogulsync.controller.cronjob import due_since
from mogulsync.controller.events import publish, transitions
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.controller.schedule import missed, schedule
from mogulsync.controller.steps import CheckFound, Memory, Steps, Work
from mogulsync.kube.client import KubernetesClient, StatusError
from mogulsync.kube.objects import NamespacedName, Object
from mogulsync.resource.reasons import ConditionReason, RunReason
from mogulsync.resource.spec import Spec
from mogulsync.resource.status import Status
from mogulsync.resource.times import timestamp

_log = logging.getLogger(__name__)

_MARGIN: Final = timedelta(milliseconds=500)
"""Added to a time at which something changes, so that it has changed when it is looked at."""


class Reconciler:
    """Reconciles destinations, one call each.

    Args:
        client: Where objects are written.
        cache: What was seen of the cluster.
        image: What Jobs run unless spec.job.image says otherwise.
        clock: The time of day, with a zone.
    """

    def __init__(
        self,
        client: KubernetesClient,
        cache: DestinationCache,
        *,
        image: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._cache = cache
        self._steps = Steps(client, cache, image=image)
        self._clock = clock
        self._memories: dict[NamespacedName, Memory] = {}

    async def reconcile(self, key: NamespacedName) -> float | None:
        """Bring one destination up to date; return after how many seconds to do so again by itself.

        Raises:
            StatusError: The API server did not do as asked; try again later.
        """
        destination = self._cache.destination(key)
        if destination is None or destination["metadata"].get("deletionTimestamp"):
            self._memories.pop(key, None)
            self._cache.forget(key)
            return None
        work = Work(
            key=key,
            destination=destination,
            now=self._clock(),
            memory=self._memories.setdefault(key, Memory()),
            status=Status.model_validate(destination.get("status") or {}),
        )
        await self._steps.fold_runs(work)
        impediment, check = await self._act(work)
        found = self._find(work, impediment, check)
        await self._tell(work, found)
        self._cache.forget(key)
        return _seconds_until_next(work)

    async def _act(self, work: Work) -> tuple[Impediment | None, CheckFound]:
        """Make what is missing; return what stands in the way, and how the check stands."""
        try:
            Spec.model_validate(work.destination["spec"])
        except ValidationError as error:
            paths = ", ".join(sorted({"spec." + ".".join(map(str, each["loc"])) for each in error.errors()}))
            message = f"This version of the operator does not understand {paths}."
            impediment = Impediment(reason=RunReason.INVALID_DESTINATION, message=message)
            return impediment, CheckFound(Check.SETTLED)
        placing = await self._steps.place_cronjob(work)
        starting = await self._steps.run_now(work)
        check = await self._steps.check(work)
        return placing or starting or check.impediment, check

    def _find(self, work: Work, impediment: Impediment | None, check: CheckFound) -> Findings:
        """Sum up what the steps found, and reckon when the next run is due and whether the last was missed."""
        spec = work.destination["spec"]
        cronjob = self._steps.cronjob(work)
        due = schedule(spec["schedule"], spec["timeZone"])
        next_sync = late = None
        refused = impediment is not None and impediment.reason == ConditionReason.INVALID_SCHEDULE
        if due is not None and not spec["suspend"] and not refused:
            created = datetime.fromisoformat(work.destination["metadata"]["creationTimestamp"])
            counted = due_since(cronjob)
            since = max(created, datetime.fromisoformat(counted)) if counted else created
            began = work.status.last_successful_sync_start_time
            late, judge_again = missed(
                due, since=since, now=work.now, succeeded_start=datetime.fromisoformat(began) if began else None
            )
            if judge_again:
                work.wakes.append(judge_again)
            if cronjob is not None and impediment is None:
                next_sync = due.after(work.now)
        work.status = work.status.model_copy(
            update={
                "cron_job": work.key.name if cronjob else None,
                "next_sync_time": timestamp(next_sync) if next_sync else None,
            }
        )
        return Findings(
            generation=work.generation,
            suspended=spec["suspend"],
            impediment=impediment,
            missing_secret=self._steps.missing_secret(work, check.job),
            check=check.check,
            check_message=check.message,
            evidence=work.status.evidence,
            last_sync=work.status.last_sync,
            missed=None if self._steps.unfinished_runs(work) else late,
        )

    async def _tell(self, work: Work, found: Findings) -> None:
        """Write the status if anything in it differs, and Events of what changed."""
        before = work.status.conditions or []
        after = conditions(found, before=before, now=work.now)
        status = work.status.model_copy(
            update={
                "observed_generation": work.generation,
                "conditions": after,
                "message": headline(after),
                "consecutive_failures": work.status.consecutive_failures or 0,
            }
        )
        document = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        changes = merge_patch(work.destination.get("status") or {}, document)
        if not changes:
            return
        version = work.destination["metadata"]["resourceVersion"]
        body = {"metadata": {"resourceVersion": version}, "status": changes}
        try:
            stored = await self._client.patch(DESTINATIONS, *work.key, body, subresource="status")
        except StatusError as error:
            if error.not_found:
                return
            raise
        self._cache.put(DESTINATIONS, stored)
        changed = list(transitions(before, after))
        for each in changed:
            _log.info("%s: %s is %s: %s", work.key, each.type, each.status, each.reason)
        await publish(self._client, stored, changed, now=work.now)


def merge_patch(before: Object, after: Object) -> Object:
    """Return the JSON merge patch (RFC 7386) that makes `after` of `before`; empty when they are equal."""
    changes: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        known = before.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            if nested := merge_patch(known, value):
                changes[key] = nested
        elif key not in before or known != value:
            changes[key] = value
    return changes


def _seconds_until_next(work: Work) -> float | None:
    if not work.wakes:
        return None
    return max(timedelta(), min(work.wakes) - work.now + _MARGIN).total_seconds()

"""When the next run is due, and whether the last due time passed without success."""

from datetime import datetime
from typing import Final

from mogulsync.controller.blocker import Blocker
from mogulsync.controller.cronjob import due_since
from mogulsync.controller.schedule import missed, schedule
from mogulsync.controller.settings import RECONCILE
from mogulsync.controller.snapshot import Snapshot
from mogulsync.controller.steps.result import StepResult
from mogulsync.resource.reasons import ConditionReason
from mogulsync.resource.spec import Spec
from mogulsync.resource.times import timestamp

_NO_ZONE: Final = "UTC"
"""Zone of a CronJob that names none: it is the controller manager's, which is UTC nearly everywhere."""


async def judge_due_times(snapshot: Snapshot, spec: Spec | None) -> StepResult:
    """Return the next due time, and the last one where it was missed, by the schedule that is in effect.

    That is the CronJob's, where there is one: what the API server does not take is not in effect, nor is a spec that
    this operator does not understand (None).
    """
    cronjob = snapshot.cronjob
    wanted = {"schedule": spec.schedule, "timeZone": spec.time_zone} if spec else {"timeZone": _NO_ZONE}
    in_effect = wanted | (cronjob["spec"] if cronjob else {})
    status = snapshot.status.model_copy(
        update={"cron_job": snapshot.destination.key.name if cronjob else None, "next_sync_time": None}
    )
    due = schedule(in_effect["schedule"], in_effect["timeZone"]) if "schedule" in in_effect else None
    if due is None or in_effect.get("suspend") or (spec is not None and spec.suspend):
        return StepResult(status=status)
    following = due.after(snapshot.now)
    if following is None:
        return StepResult(status=status, blocker=_never_due(in_effect["schedule"]))
    counted = due_since(cronjob)
    late, judge_again = missed(
        due,
        since=max(snapshot.destination.created, datetime.fromisoformat(counted))
        if counted
        else snapshot.destination.created,
        now=snapshot.now,
        following=following,
        succeeded_start=_last_success(snapshot),
    )
    return StepResult(
        status=status.model_copy(update={"next_sync_time": timestamp(following) if cronjob else None}),
        missed=None if snapshot.runs_under_way else late,
        requeue_after=judge_again - snapshot.now,
    )


def _never_due(expression: str) -> Blocker:
    message = (
        f'spec.schedule: "{expression}" is due at no time, such as on a 30th of February; '
        "name a day that comes, or set suspend: true to run by hand only."
    )
    return Blocker(reason=ConditionReason.INVALID_SCHEDULE, message=message)


def _last_success(snapshot: Snapshot) -> datetime | None:
    """Return when the last run began that succeeded, at least partly.

    The CronJob's lastSuccessfulTime counts, too: a Job that was removed before it was seen is no silence. It is only
    when that run ended. One well ahead of now is of a clock that was wrong, and never replaced by an earlier one: it
    would hide any silence until then.
    """
    latest = snapshot.now + RECONCILE.clock_tolerance
    status = ((snapshot.cronjob or {}).get("status") or {}).get("lastSuccessfulTime")
    times = [time for time in (snapshot.status.last_successful_sync_start_time, status) if time]
    return max((time for time in map(datetime.fromisoformat, times) if time <= latest), default=None)

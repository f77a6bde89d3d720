"""Records the runs and previews that have ended in the status, the earliest first."""

from mogulsync.controller.children import Children
from mogulsync.controller.observed import JobEnd, ObservedJob
from mogulsync.controller.snapshot import Snapshot
from mogulsync.controller.statusupdate import may_be_new, with_preview, with_run
from mogulsync.controller.steps.result import StepResult
from mogulsync.resource.status import LastPreview
from mogulsync.resource.times import timestamp


async def record_runs(snapshot: Snapshot, children: Children) -> StepResult:
    """Record each run that has ended and is not in the status yet."""
    status = snapshot.status
    results = [
        await children.result_of(snapshot, job)
        for job in snapshot.runs
        if job.ending and may_be_new(status, job=job.name, created=job.created, began=job.began, ended=job.ending.time)
    ]
    for result in sorted(results, key=lambda result: result.order):
        status = with_run(status, result)
    return StepResult(status=status)


async def record_previews(snapshot: Snapshot, children: Children) -> StepResult:
    """Record the last preview that has ended."""
    status = snapshot.status
    ended = [job for job in snapshot.previews if job.ending and _may_be_newer(job, job.ending, status.last_preview)]
    results = [await children.result_of(snapshot, job) for job in ended]
    for result in sorted(results, key=lambda result: result.order):
        status = with_preview(status, result)
    return StepResult(status=status)


def _may_be_newer(job: ObservedJob, ending: JobEnd, last: LastPreview | None) -> bool:
    """Return whether a preview may have ended after the last one in the status; its name may have been used before."""
    if last is None:
        return True
    known = last.completion_time or ""
    return timestamp(job.created) > known if job.name == last.job else timestamp(ending.time) >= known

"""Records the runs and previews that have ended in the status, the earliest first."""

from mogulsync.controller.children import Children
from mogulsync.controller.snapshot import Snapshot
from mogulsync.controller.statusupdate import may_be_new, with_preview, with_run
from mogulsync.controller.steps.result import StepResult


async def record_runs(snapshot: Snapshot, children: Children) -> StepResult:
    """Record each run that has ended and is not in the status yet."""
    status = snapshot.status
    results = [
        await children.result_of(snapshot, job)
        for job in snapshot.runs
        if job.ending and may_be_new(status, job=job.name, began=job.began, ended=job.ending.time)
    ]
    for result in sorted(results, key=lambda result: (result.completion_time, result.job)):
        status = with_run(status, result)
    return StepResult(status=status)


async def record_previews(snapshot: Snapshot, children: Children) -> StepResult:
    """Record the last preview that has ended."""
    status = snapshot.status
    last = status.last_preview.job if status.last_preview else None
    results = [await children.result_of(snapshot, job) for job in snapshot.previews if job.ending and job.name != last]
    for result in sorted(results, key=lambda result: (result.completion_time, result.job)):
        status = with_preview(status, result)
    return StepResult(status=status)

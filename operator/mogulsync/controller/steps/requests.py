"""Starts what an annotation of the destination requests: a run or a preview."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mogulsync.controller.blocker import Blocker, blocker_of, is_transient
from mogulsync.controller.children import Children, ForeignJobError
from mogulsync.controller.events import Notice
from mogulsync.controller.job import build_preview_job, build_run_job, preview_name, run_name
from mogulsync.controller.observed import ObservedJob
from mogulsync.controller.settings import RECONCILE
from mogulsync.controller.snapshot import Snapshot
from mogulsync.controller.steps.result import StepResult
from mogulsync.kube.client import StatusError
from mogulsync.kube.objects import Object
from mogulsync.resource import names
from mogulsync.resource.reasons import ConditionReason, NoticeReason
from mogulsync.resource.spec import Spec

_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Request:
    """The value of an annotation that requests something."""

    value: str
    stale: bool
    """It came with a backup and is echoed, not acted on."""


def requested(snapshot: Snapshot, annotation: str) -> Request | None:
    """Return what an annotation requests; None when it is not set."""
    value = snapshot.destination.request(annotation)
    if value is None:
        return None
    return Request(value=value, stale=_is_stale(value, snapshot.destination.created))


async def start_run(snapshot: Snapshot, spec: Spec, children: Children) -> StepResult:
    """Start the run that the annotation requests, once no other is under way, and echo its value."""
    request = requested(snapshot, names.ANNOTATION_SYNC_REQUESTED_AT)
    if request is None or request.value == snapshot.status.last_handled_sync_request:
        return StepResult()
    echoed = snapshot.status.model_copy(update={"last_handled_sync_request": request.value})
    if request.stale:
        return StepResult(status=echoed, notices=(stale_notice(names.ANNOTATION_SYNC_REQUESTED_AT, request),))
    if snapshot.job(run_name(snapshot.destination, request.value)) is None:
        if snapshot.runs_under_way:
            return StepResult()
        made = await make_job(snapshot, children, build_run_job(snapshot.destination, spec, request=request.value))
        if isinstance(made, StepResult):
            return made
    return StepResult(status=echoed)


async def start_preview(snapshot: Snapshot, spec: Spec, children: Children) -> StepResult:
    """Start the preview that the annotation requests, once no other is under way, and echo its value."""
    request = requested(snapshot, names.ANNOTATION_PREVIEW_REQUESTED_AT)
    if request is None or request.value == snapshot.status.last_handled_preview_request:
        return StepResult()
    echoed = snapshot.status.model_copy(update={"last_handled_preview_request": request.value})
    if request.stale:
        return StepResult(status=echoed, notices=(stale_notice(names.ANNOTATION_PREVIEW_REQUESTED_AT, request),))
    if snapshot.job(preview_name(snapshot.destination, request.value)) is None:
        if any(job.under_way for job in snapshot.previews):
            return StepResult()
        made = await make_job(snapshot, children, build_preview_job(snapshot.destination, spec, request=request.value))
        if isinstance(made, StepResult):
            return made
    return StepResult(status=echoed)


async def make_job(snapshot: Snapshot, children: Children, body: Object) -> ObservedJob | StepResult:
    """Return the Job that was made, or the result of a step that cannot make it."""
    try:
        return await children.create_job(snapshot, body)
    except ForeignJobError as error:
        blocker = Blocker(reason=ConditionReason.NAME_CONFLICT, message=str(error))
        return StepResult(blocker=blocker, requeue_after=RECONCILE.retry_refused)
    except StatusError as error:
        if is_transient(error):
            return StepResult(blocker=blocker_of(error), error=error)
        return StepResult(blocker=blocker_of(error), requeue_after=RECONCILE.retry_refused)


def stale_notice(annotation: str, request: Request) -> Notice:
    """Return the Event of a request that is not acted on."""
    message = (
        f"{annotation} is {request.value}, which is before this resource was created: it came with a backup or a copy "
        "and is not acted on. Set it to the present time to request one."
    )
    return Notice(reason=NoticeReason.STALE_REQUEST, action=annotation.rpartition("/")[2], message=message)


def _is_stale(value: str, created: datetime) -> bool:
    """Return whether the value is an RFC 3339 time well before the destination's creation."""
    if not _RFC_3339.fullmatch(value):
        return False
    try:
        return datetime.fromisoformat(value.upper()) < created - RECONCILE.stale_request
    except (ValueError, OverflowError):
        return False

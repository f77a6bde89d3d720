"""Puts the CronJob in place: it is applied unless what is in the cluster is what the spec asks for."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from mogulsync.controller.applystate import ApplyState, Refusal, Settled
from mogulsync.controller.blocker import Blocker, blocker_of, is_denied, is_invalid, is_transient
from mogulsync.controller.children import Children
from mogulsync.controller.contention import CONTENDED_COUNT
from mogulsync.controller.cronjob import annotated, as_applied, build_cronjob, is_annotated, is_orphan
from mogulsync.controller.events import Notice
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.controller.settings import RECONCILE
from mogulsync.controller.snapshot import Snapshot
from mogulsync.controller.steps.result import StepResult
from mogulsync.kube.client import StatusError
from mogulsync.kube.objects import Object, owned_by, owned_by_predecessor
from mogulsync.resource import names
from mogulsync.resource.reasons import ConditionReason, NoticeReason
from mogulsync.resource.spec import Spec
from mogulsync.resource.times import timestamp

_CONTENDED: Final = Notice(
    reason=NoticeReason.CONTENDED,
    action="CronJob",
    message="Something else changes the CronJob as often as it is put back, such as a second operator for this "
    "namespace. It is put back ever less often, up to every 5 minutes.",
)


async def place_cronjob(snapshot: Snapshot, spec: Spec, children: Children, before: ApplyState) -> StepResult:
    """Apply the CronJob, unless it is in place as it should be.

    What the API server finds invalid suspends the CronJob in place: it must not go on with a spec that nobody
    asks for any more. What a policy denies leaves it as it is.
    """
    try:
        live = await _live_cronjob(snapshot, children)
    except StatusError as error:
        return _failed(error)
    if live is not None and (settled := _in_place(snapshot, spec, live, before) or _not_ours(snapshot, live)):
        return settled
    desired = annotated(build_cronjob(snapshot.destination, spec), live, now=timestamp(snapshot.now))
    if refused := _refused_lately(snapshot, desired, before.refusal):
        return refused
    if left := before.contention.wait(_digest(desired), snapshot.now):
        return StepResult(requeue_after=left)
    if live is not None and is_orphan(live, snapshot.destination):
        return await _adopt(snapshot, children, desired, live=live, before=before)
    return await _apply(snapshot, children, desired, live=live, before=before)


def _in_place(snapshot: Snapshot, spec: Spec, live: Object, before: ApplyState) -> StepResult | None:
    """Return the result for a CronJob that is ours and as it should be; None for any other."""
    if not owned_by(live, snapshot.destination.uid) or live["metadata"].get("deletionTimestamp"):
        return None
    settled = _settled(snapshot, live)
    if before.settled == settled and is_annotated(live) and _is_watched(snapshot, live):
        return StepResult()
    if as_applied(live, build_cronjob(snapshot.destination, spec)):
        return StepResult(apply_state=replace(before, settled=settled))
    return None


def _settled(snapshot: Snapshot, live: Object) -> Settled:
    metadata = live["metadata"]
    return Settled(snapshot.destination.generation, metadata["uid"], metadata["generation"])


def _is_watched(snapshot: Snapshot, live: Object) -> bool:
    """Return whether the CronJob has the label that watches and lists pick by; no change of labels raises generation.

    One that lost it is to them as deleted: it is seen again when nothing can be made in its place (`_taken`).
    """
    labels = live["metadata"].get("labels") or {}
    return bool(labels.get(names.LABEL_DESTINATION) == snapshot.destination.key.name)


async def _live_cronjob(snapshot: Snapshot, children: Children) -> Object | None:
    """Return the CronJob of the destination's name; reads it when another's had the name at the last reconcile."""
    named = snapshot.named_cronjob
    if named is not None or snapshot.destination.ready_message_for(ConditionReason.NAME_CONFLICT) is None:
        return named
    live = await children.read_cronjob(snapshot.destination.key)
    if live is not None and owned_by(live, snapshot.destination.uid):
        children.keep_cronjob(live)
    return live


async def _apply(
    snapshot: Snapshot, children: Children, desired: Object, *, live: Object | None, before: ApplyState
) -> StepResult:
    try:
        stored = await children.apply_cronjob(desired, live=live)
    except StatusError as error:
        if live is None and error.conflict and not is_denied(error):
            return await _taken(snapshot, children, error)
        result = _not_written(snapshot, desired, error, before)
        if live is None or not is_invalid(error):
            return result
        return await _suspend(children, live, result)
    contention = before.contention.written(_digest(desired), snapshot.now)
    return StepResult(
        apply_state=ApplyState(settled=_settled(snapshot, stored), contention=contention),
        put_back=bool(contention.put_back),
        notices=(_CONTENDED,) if len(contention.put_back) == CONTENDED_COUNT else (),
    )


async def _adopt(
    snapshot: Snapshot, children: Children, desired: Object, *, live: Object, before: ApplyState
) -> StepResult:
    """Make an orphan the destination's own, and its spec exactly what is desired.

    Where the cluster lets only those set an owner who may delete what is owned (the admission plugin
    OwnerReferencesPermissionEnforcement), a person must delete it: the operator has no right to.
    """
    try:
        await children.claim_fields(live, now=snapshot.now)
    except StatusError as error:
        result = _not_written(snapshot, desired, error, before)
    else:
        result = await _apply(snapshot, children, desired, live=live, before=before)
    if result.blocker is None or result.blocker.reason != ConditionReason.REFUSED:
        return result
    key = snapshot.destination.key
    message = f"{result.blocker.message}; delete the CronJob: kubectl delete cronjob {key.name} -n {key.namespace}"
    return _refused(snapshot, desired, replace(result.blocker, message=message), before)


async def _taken(snapshot: Snapshot, children: Children, conflict: StatusError) -> StepResult:
    """Return whose the CronJob is that was there already."""
    try:
        live = await children.read_cronjob(snapshot.destination.key)
    except StatusError as error:
        return _failed(error)
    if live is None:
        return _failed(conflict)
    if blocked := _not_ours(snapshot, live):
        return blocked
    children.keep_cronjob(live)
    return _failed(conflict)


async def _suspend(children: Children, live: Object, result: StepResult) -> StepResult:
    """Suspend the CronJob in place; what keeps that from being done is tried again."""
    if live["spec"].get("suspend"):
        return result
    try:
        await children.patch_cronjob(live, {"spec": {"suspend": True}})
    except StatusError as error:
        return replace(result, error=error) if is_transient(error) else result
    return result


def _not_ours(snapshot: Snapshot, live: Object) -> StepResult | None:
    """Return what is wrong with a CronJob that is not the destination's, or not for long."""
    destination = snapshot.destination
    name = destination.key.name
    left_behind = owned_by_predecessor(live, DESTINATIONS, name=name, uid=destination.uid)
    if left_behind or live["metadata"].get("deletionTimestamp"):
        message = f"Kubernetes is about to remove the CronJob {name} of before."
        blocker = Blocker(reason=ConditionReason.REPLACING, message=message, stalled=False)
        return StepResult(blocker=blocker, requeue_after=RECONCILE.replacing_poll)
    if owned_by(live, destination.uid) or is_orphan(live, destination):
        return None
    message = f"A CronJob {name} exists that is not this destination's. Delete it, or choose another name."
    blocker = Blocker(reason=ConditionReason.NAME_CONFLICT, message=message)
    return StepResult(blocker=blocker, requeue_after=RECONCILE.conflict_poll)


def _not_written(snapshot: Snapshot, desired: Object, error: StatusError, before: ApplyState) -> StepResult:
    """Return the result of a write that failed."""
    if is_transient(error):
        return _failed(error)
    return _refused(snapshot, desired, blocker_of(error), before)


def _refused(snapshot: Snapshot, desired: Object, blocker: Blocker, before: ApplyState) -> StepResult:
    """Return the result of a write that would be refused again: it is not tried again at once."""
    refusal = Refusal(digest=_digest(desired), time=snapshot.now, blocker=blocker)
    return StepResult(
        blocker=blocker, requeue_after=RECONCILE.retry_refused, apply_state=replace(before, refusal=refusal)
    )


def _refused_lately(snapshot: Snapshot, desired: Object, refusal: Refusal | None) -> StepResult | None:
    """Return the refusal of the same CronJob, unless it is time to apply it again."""
    if refusal is None or refusal.digest != _digest(desired):
        return None
    left = refusal.time + RECONCILE.retry_refused - snapshot.now
    return StepResult(blocker=refusal.blocker, requeue_after=left) if left > timedelta() else None


def _digest(desired: Object) -> str:
    """Return the digest of a CronJob as it is applied."""
    value: str = desired["metadata"]["annotations"][names.ANNOTATION_APPLIED]
    return value


def _failed(error: StatusError) -> StepResult:
    return StepResult(blocker=blocker_of(error), error=error)

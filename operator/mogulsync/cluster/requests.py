"""Asking the operator for a run, a check or a preview, and following it to its end.

A request is an annotation whose value is a time. The operator makes one Job for each new value and then echoes it in
the status; the Job's name follows from the value, so that its result is known again among others.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypedDict

from mogulsync.cluster.access import DESTINATIONS, Access
from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.cluster.overview import took
from mogulsync.kube.objects import NamespacedName, Object
from mogulsync.resource import names
from mogulsync.resource.jobnames import preview_name, run_name
from mogulsync.resource.reasons import ExitCode, Outcome
from mogulsync.resource.report import exit_code_of

POLL_SECONDS: Final = 1.0
"""Between two looks at a destination whose request is followed."""
_UNHEARD: Final = timedelta(seconds=20)
"""After which a line names that the operator has not taken the request up."""


class Result(NamedTuple):
    """The outcome of a request, with its report."""

    outcome: str
    reason: str
    message: str
    report: Object
    """What the status holds of it: of a run or preview its report."""

    @property
    def exit_code(self) -> int:
        """The worker's exit code for this outcome; 5 for a failure without a report."""
        return int(exit_code_of(self.outcome, self.reason))


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """A kind of request to the operator: a run, a check or a preview."""

    noun: str
    """In messages: `run`, `check`, `preview`."""
    annotation: str
    echo: str
    """Key of the status that repeats the annotation's value."""
    last: str
    """Key of the status that holds the result of the last one."""
    result: Callable[[Object, str], Object | None]
    """Returns what the status holds of the request with this value; None while it is under way."""


class _Identity(TypedDict):
    uid: str
    destination: str


def _identity(destination: Object) -> _Identity:
    metadata = destination["metadata"]
    return {"uid": metadata["uid"], "destination": metadata["name"]}


def _result_of_run(destination: Object, request: str) -> Object | None:
    status, job = destination.get("status") or {}, run_name(request, **_identity(destination))
    last: Object = status.get("lastSync") or {}
    if last.get("job") == job:
        return last
    return next((entry for entry in status.get("history") or () if entry.get("job") == job), None)


def _result_of_preview(destination: Object, request: str) -> Object | None:
    last: Object = (destination.get("status") or {}).get("lastPreview") or {}
    return last if last.get("job") == preview_name(request, **_identity(destination)) else None


def _result_of_check(destination: Object, request: str) -> Object | None:
    last: Object = (destination.get("status") or {}).get("lastCheck") or {}
    return last if last.get("request") == request and last.get("outcome") else None


RUN: Final = Purpose(
    noun="run",
    annotation=names.ANNOTATION_SYNC_REQUESTED_AT,
    echo="lastHandledSyncRequest",
    last="lastSync",
    result=_result_of_run,
)
CHECK: Final = Purpose(
    noun="check",
    annotation=names.ANNOTATION_CHECK_REQUESTED_AT,
    echo="lastHandledCheckRequest",
    last="lastCheck",
    result=_result_of_check,
)
PREVIEW: Final = Purpose(
    noun="preview",
    annotation=names.ANNOTATION_PREVIEW_REQUESTED_AT,
    echo="lastHandledPreviewRequest",
    last="lastPreview",
    result=_result_of_preview,
)


class Requested(NamedTuple):
    """A request that the API server has taken."""

    name: NamespacedName
    value: str
    suspended: bool


def request_value(destination: Object, annotation: str, *, now: datetime) -> str:
    """Return a new value for the annotation: the time now, never one before the destination's creation.

    A clock that is behind must not make a request that the operator takes for one of an earlier destination.
    """
    created = datetime.fromisoformat(destination["metadata"]["creationTimestamp"])
    value = max(now, created).astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    before = (destination["metadata"].get("annotations") or {}).get(annotation)
    if value == before:
        return request_value(destination, annotation, now=max(now, created) + timedelta(microseconds=1))
    return value


async def send(access: Access, purpose: Purpose, name: NamespacedName) -> Requested:
    """Set the annotation of one destination; needs the right to patch it and no other."""
    before = await access.read_by_dry_run(DESTINATIONS, *name)
    value = request_value(before, purpose.annotation, now=datetime.now(UTC))
    body = {"metadata": {"annotations": {purpose.annotation: value}}}
    await access.merge(DESTINATIONS, *name, body)
    return Requested(name, value, suspended=bool(before["spec"].get("suspend")))


async def follow(access: Access, purpose: Purpose, requested: Requested, show: Callable[[str], None]) -> Result:
    """Return what came of the request, once it has ended; an API server that restarts meanwhile does no harm.

    Args:
        access: Where to look.
        purpose: What was asked for.
        requested: The request.
        show: Called with a line whenever there is news.
    """
    value, last = requested.value, ""
    sent = asyncio.get_running_loop().time()
    while True:
        try:
            destination = await _look(access, requested)
        except ClusterProblemError as error:
            if not error.passes:
                raise
            line = f"{error}; looking again"
        else:
            newer = _annotation(destination, purpose)
            found = purpose.result(destination, value)
            if found is not None:
                return _result(found)
            echoed = (destination.get("status") or {}).get(purpose.echo) == value
            if not echoed and newer not in {None, value}:
                value = newer or value
                show(f"another request took this one's place; following the {purpose.noun} of that one")
                continue
            unheard = asyncio.get_running_loop().time() - sent > _UNHEARD.total_seconds()
            line = _state_of(destination, purpose, echoed=echoed, unheard=unheard)
        if line != last:
            last = line
            show(line)
        await asyncio.sleep(POLL_SECONDS)


async def _look(access: Access, requested: Requested) -> Object:
    try:
        return await access.read(DESTINATIONS, *requested.name)
    except ClusterProblemError as error:
        if error.not_found:
            raise ClusterProblemError(f"{requested.name.name} was deleted meanwhile", status=error.status) from None
        raise


def _annotation(destination: Object, purpose: Purpose) -> str | None:
    value: str | None = (destination["metadata"].get("annotations") or {}).get(purpose.annotation)
    return value


def _state_of(destination: Object, purpose: Purpose, *, echoed: bool, unheard: bool) -> str:
    """Return one line on how far the request is."""
    conditions = {each["type"]: each for each in (destination.get("status") or {}).get("conditions") or ()}
    ready: dict[str, Any] = conditions.get("Ready") or {}
    if echoed:
        waiting = ready.get("reason") in {"SecretNotFound", "Checking"} and ready.get("message")
        if waiting:
            return f"the {purpose.noun} is under way ({ready['message']})"
        before = took((destination.get("status") or {}).get(purpose.last) or {})
        return f"the {purpose.noun} is under way" + (f"; the last one took {before}" if before else "")
    if unheard:
        return (
            f"the operator has not taken the request up yet: another {purpose.noun} may be under way, or the operator "
            "is down (see mogulsync doctor)"
        )
    if stalled := conditions.get("Stalled"):
        return f"{purpose.noun} requested; until now: {stalled['message']}"
    return f"{purpose.noun} requested"


def _result(found: Object) -> Result:
    outcome = str(found.get("outcome") or Outcome.FAILED)
    return Result(outcome, str(found.get("reason") or outcome), str(found.get("message") or ""), found)


def worst(codes: list[int]) -> int:
    """Return the exit code of several results: the highest."""
    return max(codes, default=int(ExitCode.SUCCEEDED))

"""What a finished Job tells: the report of its last Pod, or what Kubernetes says when there is none."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from mogulsync.kube.objects import Object
from mogulsync.resource import names
from mogulsync.resource.reasons import ConditionReason, Outcome
from mogulsync.resource.report import REPORT_VERSION, Contacts, Customers, shorten
from mogulsync.resource.status import LastSync, Workspace
from mogulsync.resource.times import timestamp

_INSTANTIATE: Final = "cronjob.kubernetes.io/instantiate"
"""Kubernetes marks with it a Job that `kubectl create job --from=cronjob/...` made."""
_UNTELLING: Final = frozenset({"Error", "Completed", "ContainerCreating", "PodInitializing"})
"""Reasons of containers that say less than the Job's own."""
_NOT_STARTED: Final = "CreateContainerConfigError"
_REASON_MAX_LENGTH: Final = 256
_TIMES: Final = ("startTime", "completionTime")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a Job ended, as Kubernetes tells it."""

    complete: bool
    reason: str
    message: str
    time: datetime


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run or check that has ended."""

    job: str
    trigger: str
    generation: int | None
    """Of the spec that the Job was made from."""
    began: datetime
    """When the Job began, by the cluster's clock."""
    report: Object
    """As the worker wrote it, or made up from what Kubernetes says; it fits the status' schema."""

    @property
    def completion_time(self) -> str:
        """When it ended, by its own report."""
        time: str = self.report["completionTime"]
        return time


def ending(job: Object) -> Ending | None:
    """Return how the Job ended; None while it has not."""
    status = job.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition["type"] in {"Complete", "Failed"} and condition["status"] == "True":
            time = status.get("completionTime") or condition["lastTransitionTime"]
            return Ending(
                complete=condition["type"] == "Complete",
                reason=condition.get("reason") or ConditionReason.NO_REPORT.value,
                message=condition.get("message") or "",
                time=datetime.fromisoformat(time),
            )
    return None


def began(job: Object) -> datetime:
    """Return when the Job began, by the cluster's clock."""
    return datetime.fromisoformat((job.get("status") or {}).get("startTime") or job["metadata"]["creationTimestamp"])


def trigger(job: Object) -> str:
    """Return what started the Job: schedule, manual or check."""
    metadata = job["metadata"]
    if (metadata.get("annotations") or {}).get(_INSTANTIATE) == "manual":
        return names.TRIGGER_MANUAL
    return (metadata.get("labels") or {}).get(names.LABEL_TRIGGER) or names.TRIGGER_SCHEDULE


def generation(job: Object) -> int | None:
    """Return the generation of the spec that the Job was made from."""
    text = (job["metadata"].get("annotations") or {}).get(names.ANNOTATION_GENERATION) or ""
    return int(text) if text.isdigit() else None


def last_pod(pods: Iterable[Object]) -> Object | None:
    """Return the Pod of a Job that was made last."""
    return max(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]), default=None)


def report_in(pods: Iterable[Object]) -> Object | None:
    """Return the report that the last of a Job's Pods left; None when it left none that can be read."""
    message = _state(last_pod(pods)).get("terminated", {}).get("message") or ""
    try:
        document = json.loads(message)
    except ValueError:
        return None
    if not isinstance(document, dict) or document.get("outcome") not in set(Outcome):
        return None
    return _fitted(document)


def finished(job: Object, pods: Sequence[Object]) -> Finished:
    """Return what a Job that has ended did.

    Raises:
        ValueError: It has not ended.
    """
    end = ending(job)
    if end is None:
        raise ValueError(f"Job {job['metadata']['name']} has not ended")
    times = {"startTime": timestamp(began(job)), "completionTime": timestamp(end.time)}
    report = times | (report_in(pods) or _made_up(end, last_pod(pods)))
    if report["completionTime"] < times["startTime"]:
        report |= times  # the node's clock is wrong
    return Finished(
        job=job["metadata"]["name"],
        trigger=trigger(job),
        generation=generation(job),
        began=began(job),
        report=report,
    )


def missing_secret(pods: Iterable[Object]) -> str | None:
    """Return what the kubelet says of a Secret, or a key in it, that the last Pod waits for."""
    waiting = _state(last_pod(pods)).get("waiting", {})
    message: str = waiting.get("message") or ""
    return message if waiting.get("reason") == _NOT_STARTED and "secret" in message.lower() else None


def waiting_for(pods: Iterable[Object]) -> str | None:
    """Return why the last Pod does not run, where Kubernetes has more to say than that it will soon."""
    pod = last_pod(pods)
    waiting = _state(pod).get("waiting", {})
    if waiting.get("reason") and waiting["reason"] not in _UNTELLING:
        return f"{waiting['reason']}: {waiting['message']}" if waiting.get("message") else str(waiting["reason"])
    for condition in ((pod or {}).get("status") or {}).get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason')}: {condition.get('message')}"
    return None


def container_started(pods: Iterable[Object]) -> bool:
    """Return whether the container of the last Pod runs or ran."""
    state = _state(last_pod(pods))
    return "running" in state or bool(state.get("terminated", {}).get("startedAt"))


def failed_before(pods: Iterable[Object]) -> bool:
    """Return whether a Pod ended in vain, so that the Job is trying again."""
    return any((pod.get("status") or {}).get("phase") == "Failed" for pod in pods)


def workspace_in(report: Mapping[str, Any]) -> Workspace | None:
    """Return the Intercom workspace that a report names."""
    try:
        workspace = Workspace.model_validate(report.get("workspace"), strict=True)
    except ValidationError:
        return None
    return workspace if workspace.id else None


def _state(pod: Object | None) -> Object:
    """Return the state of the Pod's container, as the kubelet tells it."""
    for container in ((pod or {}).get("status") or {}).get("containerStatuses") or ():
        if container["name"] == names.CONTAINER_NAME:
            state: Object = container.get("state") or {}
            return state
    return {}


def _made_up(end: Ending, pod: Object | None) -> Object:
    """Return a report for a Job that left none: failed, with the reason of its Pod or its own."""
    said = (
        (ConditionReason.NO_REPORT.value, "the Job completed, but left no report")
        if end.complete
        else (end.reason, end.message)
    )
    reason, message = _pods_reason(pod) or said
    return {
        "version": REPORT_VERSION,
        "outcome": Outcome.FAILED.value,
        "reason": reason,
        "message": shorten(f"The run ended without a report: {message or reason}"),
        "dryRun": False,
        "customers": Customers().model_dump(by_alias=True),
        "contacts": Contacts().model_dump(by_alias=True),
    }


def _pods_reason(pod: Object | None) -> tuple[str, str] | None:
    """Return the reason and message of a Pod, or of its container, that say more than the Job's."""
    state = _state(pod)
    for source in (state.get("terminated"), (pod or {}).get("status"), state.get("waiting")):
        reason = (source or {}).get("reason")
        if reason and reason not in _UNTELLING:
            return reason, (source or {}).get("message") or reason
    return None


def _fitted(document: Object) -> Object:
    """Return the report as the status' schema takes it: what does not fit is left out."""
    report = dict(document)
    for key in _TIMES:
        report[key] = _time(report.get(key))
    try:
        LastSync.model_validate_json(json.dumps(report), strict=True)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            _remove(report, problem["loc"])
    report["reason"] = shorten(report.get("reason") or report["outcome"], _REASON_MAX_LENGTH)
    return {key: value for key, value in report.items() if value is not None}


def _remove(document: Any, path: Sequence[int | str]) -> None:
    *parents, last = path
    for part in parents:
        document = document.get(part) if isinstance(document, dict) else None
    if isinstance(document, dict):
        document.pop(last, None)


def _time(text: object) -> str | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return timestamp(moment) if moment.tzinfo else None

"""The statuses that a kubelet writes onto a Pod with one container, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

Manifest = Mapping[str, Any]
Status = dict[str, Any]

TERMINATION_MESSAGE_MAX_BYTES: Final = 4096
KILLED: Final = 137
"""Exit code of a container that SIGKILL ended."""

_RUNNING: Final = "Running"
_SUCCEEDED: Final = "Succeeded"
_FAILED: Final = "Failed"
_PENDING: Final = "Pending"
_HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Ending:
    """How a container ended, with the reason and message of its Pod."""

    exit_code: int
    reason: str
    """The container's: Completed, Error, OOMKilled, ..."""
    started: datetime | None
    finished: datetime
    message: str = ""
    """The termination message."""
    pod_reason: str | None = None
    pod_message: str | None = None
    disrupted: bool = False
    """The kubelet ended it for the node's sake (the condition DisruptionTarget)."""


def instant(moment: datetime) -> str:
    """Return the time as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(pod: Manifest, *, reason: str, message: str | None, now: datetime) -> Status:
    """Return the status of a Pod whose container cannot start yet."""
    state = {"reason": reason} | ({"message": message} if message else {})
    return {
        "phase": _PENDING,
        **_place(pod, now),
        "conditions": _conditions(now, started=False, ready_reason="ContainersNotReady"),
        "containerStatuses": [_container(pod, {"waiting": state}, started=False)],
    }


def running(pod: Manifest, *, started: datetime) -> Status:
    """Return the status of a Pod whose container runs."""
    return {
        "phase": _RUNNING,
        **_place(pod, started),
        "conditions": _conditions(started, started=True, ready_reason=None),
        "containerStatuses": [
            _container(pod, {"running": {"startedAt": instant(started)}}, started=True),
        ],
    }


def ended(pod: Manifest, ending: Ending) -> Status:
    """Return the status of a Pod whose container has ended; it is not started again."""
    succeeded = ending.exit_code == 0 and ending.pod_reason is None
    conditions = _conditions(
        ending.finished, started=False, ready_reason="PodCompleted" if succeeded else "PodFailed", initialized=True
    )
    if ending.disrupted:
        conditions.append(
            _condition("DisruptionTarget", "True", ending.finished, "TerminationByKubelet", ending.pod_message)
        )
    terminated = {
        "exitCode": ending.exit_code,
        "reason": ending.reason,
        "startedAt": instant(ending.started) if ending.started else None,
        "finishedAt": instant(ending.finished),
        "containerID": _container_id(pod),
    }
    if ending.message:
        terminated["message"] = ending.message
    status = {
        "phase": _SUCCEEDED if succeeded else _FAILED,
        **_place(pod, ending.finished),
        "conditions": conditions,
        "containerStatuses": [_container(pod, {"terminated": terminated}, started=False)],
    }
    if ending.pod_reason:
        status |= {"reason": ending.pod_reason, "message": ending.pod_message}
    return status


def termination_message(content: bytes) -> str:
    """Return what a kubelet keeps of a termination log: its last 4096 bytes (`tail.ReadAtMost` in its source)."""
    return content[-TERMINATION_MESSAGE_MAX_BYTES:].decode(errors="replace")


def _place(pod: Manifest, now: datetime) -> Status:
    start = (pod.get("status") or {}).get("startTime") or instant(now)
    return {"startTime": start, "hostIP": _HOST, "podIP": _HOST, "podIPs": [{"ip": _HOST}]}


def _container(pod: Manifest, state: Status, *, started: bool) -> Status:
    container = pod["spec"]["containers"][0]
    known = "waiting" not in state
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"localkube://{container['image']}" if known else "",
        "ready": started,
        "started": started,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    } | ({"containerID": _container_id(pod)} if known else {})


def _container_id(pod: Manifest) -> str:
    return f"localkube://{pod['metadata']['uid']}"


def _conditions(now: datetime, *, started: bool, ready_reason: str | None, initialized: bool = True) -> list[Status]:
    ready = "False" if ready_reason else "True"
    return [
        _condition("PodReadyToStartContainers", "True" if started else "False", now),
        _condition("Initialized", "True" if initialized else "False", now),
        _condition("Ready", ready, now, ready_reason),
        _condition("ContainersReady", ready, now, ready_reason),
    ]


def _condition(kind: str, status: str, now: datetime, reason: str | None = None, message: str | None = None) -> Status:
    condition: Status = {"type": kind, "status": status, "lastTransitionTime": instant(now)}
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition

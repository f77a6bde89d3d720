"""Events of Kubernetes: one for each condition whose status or reason changed."""

import logging
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from mogulsync.kube.client import KubernetesClient, StatusError
from mogulsync.kube.objects import EVENTS, Object
from mogulsync.resource.names import API_VERSION, FIELD_MANAGER, KIND
from mogulsync.resource.reasons import ConditionReason, ConditionType
from mogulsync.resource.status import Condition

_TOLD: Final = (ConditionType.READY, ConditionType.SYNCED, ConditionType.OVERDUE)
"""Reconciling and Stalled only repeat what Ready says."""
_UNEVENTFUL: Final = frozenset({ConditionReason.CHECKING, ConditionReason.NO_RUN_YET, ConditionReason.ON_TIME})
"""How the conditions of every new destination begin."""
_NOTE_MAX_LENGTH: Final = 1000
"""Kubernetes takes 1024 bytes; see `_note`."""

_log = logging.getLogger(__name__)


def transitions(before: list[Condition], after: list[Condition]) -> Iterator[Condition]:
    """Yield the conditions that are worth an event: those whose status or reason changed."""
    known = {condition.type: (condition.status, condition.reason) for condition in before}
    for condition in after:
        if condition.type not in _TOLD or known.get(condition.type) == (condition.status, condition.reason):
            continue
        if condition.type in known or condition.reason not in _UNEVENTFUL:
            yield condition


def build_event(destination: Object, condition: Condition, *, now: datetime) -> Object:
    """Return the Event that tells of a condition's change."""
    metadata = destination["metadata"]
    bad = condition.status == ("True" if condition.type == ConditionType.OVERDUE else "False")
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": f"{metadata['name']}.{uuid4().hex[:16]}", "namespace": metadata["namespace"]},
        "eventTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": "Warning" if bad else "Normal",
        "reason": condition.reason,
        "action": str(condition.type),
        "note": _note(condition.message or condition.reason),
        "reportingController": FIELD_MANAGER,
        "reportingInstance": os.environ.get("POD_NAME") or socket.gethostname(),
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
    }


async def publish(client: KubernetesClient, destination: Object, changed: list[Condition], *, now: datetime) -> None:
    """Write an Event for each changed condition. One that cannot be written is let go."""
    for condition in changed:
        try:
            await client.create(EVENTS, build_event(destination, condition, now=now))
        except StatusError as error:
            _log.warning("an Event was lost: %s", error)


def _note(text: str) -> str:
    """Return the text cut to what an Event takes, whatever its characters need."""
    content = text.encode()
    return text if len(content) <= _NOTE_MAX_LENGTH else content[:_NOTE_MAX_LENGTH].decode(errors="ignore") + "…"

"""Events: one for each condition whose status or reason changed, and notices of what no condition shows."""

import logging
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from mogulsync.controller.destination import IntercomDestination
from mogulsync.kube.client import KubernetesClient, StatusError
from mogulsync.kube.objects import EVENTS, Object
from mogulsync.resource.names import FIELD_MANAGER
from mogulsync.resource.reasons import ConditionReason, ConditionType
from mogulsync.resource.status import Condition

_EVENTFUL: Final = (ConditionType.READY, ConditionType.SYNCED, ConditionType.OVERDUE)
"""Reconciling and Stalled repeat Ready's reason and message."""
_UNEVENTFUL: Final = frozenset({ConditionReason.CHECKING, ConditionReason.NO_RUN_YET, ConditionReason.ON_TIME})
"""How the conditions of every new destination begin."""
_NOTE_MAX_LENGTH: Final = 1000
"""Kubernetes takes 1024 bytes; see `_cut`."""
_REASON_MAX_LENGTH: Final = 120
"""Kubernetes takes 128 bytes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Reason, action and message of an Event."""

    reason: str
    action: str
    """What it is about: a condition's type, or what was requested."""
    message: str
    warning: bool = True


def transitions(before: list[Condition], after: list[Condition]) -> Iterator[Condition]:
    """Yield the conditions that are worth an Event: those whose status or reason changed."""
    known = {condition.type: (condition.status, condition.reason) for condition in before}
    for condition in after:
        if condition.type not in _EVENTFUL or known.get(condition.type) == (condition.status, condition.reason):
            continue
        if condition.type in known or condition.reason not in _UNEVENTFUL:
            yield condition


def notice_of(condition: Condition) -> Notice:
    """Return the notice of a condition's change."""
    return Notice(
        reason=condition.reason,
        action=condition.type,
        message=condition.message or condition.reason,
        warning=condition.status == ("True" if condition.type == ConditionType.OVERDUE else "False"),
    )


def build_event(destination: IntercomDestination, notice: Notice, *, now: datetime) -> Object:
    """Return the Event of a notice, which regards the destination."""
    key = destination.key
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": f"{key.name}.{uuid4().hex[:16]}", "namespace": key.namespace},
        "eventTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": "Warning" if notice.warning else "Normal",
        "reason": _cut(notice.reason, _REASON_MAX_LENGTH),
        "action": str(notice.action),
        "note": _cut(notice.message, _NOTE_MAX_LENGTH),
        "reportingController": FIELD_MANAGER,
        "reportingInstance": os.environ.get("POD_NAME") or socket.gethostname(),
        "regarding": destination.reference(),
    }


async def publish(
    client: KubernetesClient, destination: IntercomDestination, notices: Iterable[Notice], *, now: datetime
) -> None:
    """Write an Event for each notice. One that cannot be written is logged and left out."""
    for notice in notices:
        try:
            await client.create(EVENTS, build_event(destination, notice, now=now))
        except StatusError as error:
            _log.warning("an Event was lost: %s", error)


def _cut(text: str, limit: int) -> str:
    """Return the text cut to so many bytes, whatever its characters need."""
    content = text.encode()
    return text if len(content) <= limit else content[:limit].decode(errors="ignore") + "…"

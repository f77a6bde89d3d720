"""Events report transitions, and nothing else."""

from datetime import UTC, datetime

import pytest

from mogulsync.controller.events import build_event, notice_of, transitions
from mogulsync.resource.status import Condition
from tests.support.stored import parsed

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def shown(kind: str, status: str, reason: str, message: str = "so it is") -> Condition:
    return Condition.model_validate(
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": "2026-11-24T09:00:00Z",
        }
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([], [shown("Ready", "Unknown", "Checking")], []),
        ([], [shown("Synced", "Unknown", "NoRunYet"), shown("Overdue", "False", "OnTime")], []),
        ([shown("Ready", "Unknown", "Checking")], [shown("Ready", "True", "Ready")], ["Ready"]),
        ([shown("Ready", "True", "Ready")], [shown("Ready", "True", "Ready", "other words")], []),
        ([shown("Ready", "True", "Ready")], [shown("Ready", "True", "Suspended")], ["Suspended"]),
        ([], [shown("Ready", "False", "NameConflict"), shown("Stalled", "True", "NameConflict")], ["NameConflict"]),
        ([shown("Overdue", "True", "RunMissed")], [shown("Overdue", "False", "OnTime")], ["OnTime"]),
        ([shown("Synced", "False", "Interrupted")], [shown("Synced", "True", "Succeeded")], ["Succeeded"]),
    ],
)
def test_a_change_of_status_or_reason_is_told_once(
    before: list[Condition], after: list[Condition], told: list[str]
) -> None:
    assert [condition.reason for condition in transitions(before, after)] == told


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        (shown("Ready", "False", "SecretNotFound"), "Warning"),
        (shown("Ready", "True", "Ready"), "Normal"),
        (shown("Overdue", "True", "RunMissed"), "Warning"),
        (shown("Overdue", "False", "OnTime"), "Normal"),
    ],
)
def test_an_event_names_the_resource_and_the_conditions_reason(condition: Condition, kind: str) -> None:
    event = build_event(parsed(), notice_of(condition), now=NOW)
    assert (event["type"], event["reason"], event["action"]) == (kind, condition.reason, condition.type)
    assert (event["regarding"]["name"], event["regarding"]["kind"]) == ("production", "IntercomDestination")
    assert event["reportingController"] == "mogulsync"
    assert event["eventTime"] == "2026-11-24T09:00:00.000000Z"


def test_a_long_message_is_cut_to_what_kubernetes_takes() -> None:
    note = build_event(parsed(), notice_of(shown("Ready", "False", "InvalidJob", "ü" * 2000)), now=NOW)["note"]
    assert len(note.encode()) <= 1024

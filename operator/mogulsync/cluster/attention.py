"""What of a destination needs attention."""

from typing import Final, NamedTuple

from mogulsync.kube.objects import Object
from mogulsync.resource.reasons import ConditionType

_BAD: Final = {
    ConditionType.READY: "False",
    ConditionType.SYNCED: "False",
    ConditionType.OVERDUE: "True",
    ConditionType.STALLED: "True",
}
"""The status of each condition that needs attention."""


class Shortcoming(NamedTuple):
    """A condition that needs attention."""

    condition: str
    reason: str
    message: str


def shortcomings(destination: Object) -> list[Shortcoming]:
    """Return what needs attention: Ready or Synced False, Overdue or Stalled True."""
    conditions = (destination.get("status") or {}).get("conditions") or ()
    return [
        Shortcoming(each["type"], each.get("reason", ""), each.get("message", ""))
        for each in conditions
        if _BAD.get(each.get("type")) == each.get("status")
    ]

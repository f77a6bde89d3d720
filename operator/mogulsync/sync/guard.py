"""The guard: refuses a run that would write to more than `spec.maxChangedPercent` of the matched contacts."""

from typing import Final, NamedTuple

from mogulsync.resource.reasons import RunReason
from mogulsync.sync.failures import RunError

_ALL: Final = 100
"""Per cent."""


class Guard(NamedTuple):
    """The share of the matched contacts that a run may write to."""

    max_changed_percent: int

    @property
    def can_trip(self) -> bool:
        """Whether all changes have to be known before the first write; at 100 per cent the guard is off."""
        return self.max_changed_percent < _ALL

    def check(self, *, changed: int, matched: int) -> None:
        """Check that so many contacts may be written.

        Raises:
            RunError: They are more than the share of the matched contacts.
        """
        if self.can_trip and changed * _ALL > matched * self.max_changed_percent:
            raise RunError(
                RunReason.GUARD_TRIPPED,
                f"would write to {changed} contacts, {matched} are matched, and spec.maxChangedPercent allows "
                f"{self.max_changed_percent} % of these, so nothing was written; preview the changes, then raise it "
                "for one run",
            )

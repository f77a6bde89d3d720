"""Run statistics: counts that always add up, whatever happens."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mogulsync.intercom.models import Workspace
from mogulsync.resource.reasons import RecordReason, WarningReason
from mogulsync.resource.report import Contacts, ErrorCount, Example, RefusedAttribute
from mogulsync.resource.sources import Source


@dataclass
class RunStatistics:
    """What a run has done so far. Every matched contact is in exactly one of its counts."""

    workspace: Workspace | None = None
    created: list[str] = field(default_factory=list)
    refused: list[RefusedAttribute] = field(default_factory=list)
    warnings: dict[WarningReason, int] = field(default_factory=dict)
    unchanged: int = 0
    updated: int = 0
    vanished: int = 0
    cleared: int = 0
    """Contacts that no customer matches and whose values were cleared; in no other count."""
    clear_failure: ErrorCount | None = None
    """Contacts that could not be cleared."""
    values: Counter[Source] = field(default_factory=Counter)
    """Values written, per source."""
    errors: dict[str, ErrorCount] = field(default_factory=dict)
    """Contacts that failed, by reason."""

    @property
    def failed(self) -> int:
        """Contacts that could not be written."""
        return sum(error.count for error in self.errors.values())

    @property
    def reached(self) -> int:
        """Contacts of which it is known what became of them."""
        return self.unchanged + self.updated + self.vanished + self.failed

    def found_workspace(self, workspace: Workspace, region: str) -> None:
        """Note the workspace, and whether it is hosted elsewhere than the spec says."""
        self.workspace = workspace
        if workspace.region is not None and workspace.region != region:
            self.warn(WarningReason.REGION_MISMATCH, 1)

    @property
    def error_counts(self) -> list[ErrorCount]:
        """All failures, most frequent first."""
        errors = [*self.errors.values(), *([self.clear_failure] if self.clear_failure else [])]
        return sorted(errors, key=lambda error: -error.count)

    def count_updated(self, stored: Iterable[Source]) -> None:
        """Count a contact that was written, with the sources whose values it stored."""
        self.updated += 1
        self.values.update(stored)

    def count_vanished(self, stored: Iterable[Source] = ()) -> None:
        """Count a contact that was deleted or merged meanwhile."""
        self.vanished += 1
        self.values.update(stored)

    def count_failed(
        self, reason: str, example: Example, stored: Iterable[Source] = (), *, detail: str | None = None
    ) -> None:
        """Count a contact that could not be written, or not all of it; the first of a reason is its example."""
        self.values.update(stored)
        error = self.errors.setdefault(reason, ErrorCount(reason=reason, count=0, example=example, detail=detail))
        error.count += 1

    def count_clear_failed(self, example: Example, *, detail: str | None = None) -> None:
        """Count a contact that could not be cleared; the first is the example."""
        if self.clear_failure is None:
            reason = RecordReason.CLEAR_FAILED
            self.clear_failure = ErrorCount(reason=reason, count=0, example=example, detail=detail)
        self.clear_failure.count += 1

    def count_unreached(self, contacts: int, reason: str) -> None:
        """Count contacts that the run did not come to, for the reason it ended."""
        if contacts:
            self.errors.setdefault(reason, ErrorCount(reason=reason, count=0)).count += contacts

    def warn(self, reason: WarningReason, count: int) -> None:
        """Note something that did not keep the run from going on; a count of 0 is none."""
        if count:
            self.warnings[reason] = count

    def contacts(self) -> Contacts:
        """Return the counts of contacts."""
        return Contacts(
            matched=self.reached,
            updated=self.updated,
            unchanged=self.unchanged,
            failed=self.failed,
            vanished=self.vanished,
            cleared=self.cleared,
        )

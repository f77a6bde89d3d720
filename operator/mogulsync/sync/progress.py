"""How far a run has come: counts that a display reads at times of its own."""

from dataclasses import dataclass, field
from enum import StrEnum


class Phase(StrEnum):
    """The parts of a run; contacts are compared and written while they are still being read."""

    CUSTOMERS = "customers"
    INVOICES = "invoices"
    CONTACTS = "contacts"
    SUBSCRIPTIONS = "subscriptions"
    WRITES = "writes"


@dataclass(slots=True)
class Counter:
    """One phase: what is done and, where it is known, how much there is."""

    done: int = 0
    total: int | None = None
    finished: bool = False


@dataclass
class Progress:
    """The phases that have begun, in that order."""

    phases: dict[Phase, Counter] = field(default_factory=dict)

    def of(self, phase: Phase) -> Counter:
        """Return the phase's counter; asking for it begins the phase."""
        return self.phases.setdefault(phase, Counter())

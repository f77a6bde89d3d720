"""Collects what a dry run plans: a row for each matched pair, each other customer and each contact to clear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.models import Contact
from mogulsync.sync.fields import Field
from mogulsync.sync.matching import CustomerOutcome
from mogulsync.sync.observing import ValueChange, value_changes
from mogulsync.sync.planning import Planned

MATCHED: Final = "matched"
CLEARED: Final = "cleared"
"""Outcome of a contact that no customer matches and whose values are cleared."""

Cell = str | int | float | bool | None
"""A value as it is shown: dates as ISO 8601."""


class Row(NamedTuple):
    """One line of the list."""

    uuid: str
    email: str
    external_ids: tuple[str, ...]
    outcome: str
    """A word of the report's counts."""
    contact_id: str
    now: tuple[Cell, ...]
    """The attributes' values as Intercom has them, in the order of the fields."""
    then: tuple[Cell, ...]
    """The values after a run."""

    def changes(self) -> Iterator[int]:
        """Yield the numbers of the fields whose value would change."""
        for place, (before, after) in enumerate(zip(self.now, self.then, strict=True)):
            if before != after:
                yield place


@dataclass
class PlannedRows:
    """Gets every record of a dry run (`PlanObserver`) and keeps a row of it."""

    fields: tuple[Field, ...] = ()
    rows: list[Row] = field(default_factory=list)

    def on_fields(self, fields: Sequence[Field]) -> None:
        """Keep the fields."""
        self.fields = tuple(fields)

    def on_match(self, planned: Planned) -> None:
        """Keep a matched pair."""
        contact, customer = planned.match.contact, planned.match.customer
        changes = value_changes(planned, self.fields)
        self.rows.append(self._row(customer, MATCHED, contact.id, changes))

    def on_clear(self, contact: Contact, fields: Sequence[Field]) -> None:
        """Keep a contact whose values would be cleared."""
        changes = [
            ValueChange(now := contact.attributes.get(each.attribute), None if each in fields else now)
            for each in self.fields
        ]
        now, then = self._values(changes)
        external = (contact.external_id,) if contact.external_id else ()
        self.rows.append(Row("", contact.email or "", external, CLEARED, contact.id, now, then))

    def on_customer(self, customer: Customer, outcome: CustomerOutcome) -> None:
        """Keep a customer that no contact takes its data from."""
        self.rows.append(self._row(customer, outcome, "", [ValueChange(None, None)] * len(self.fields)))

    def _row(self, customer: Customer, outcome: str, contact_id: str, changes: Sequence[ValueChange]) -> Row:
        now, then = self._values(changes)
        return Row(customer.uuid, customer.email or "", customer.external_ids, outcome, contact_id, now, then)

    def _values(self, changes: Sequence[ValueChange]) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
        pairs = [
            (shown(change.now, each.data_type), shown(change.then, each.data_type))
            for each, change in zip(self.fields, changes, strict=True)
        ]
        return tuple(now for now, _ in pairs), tuple(then for _, then in pairs)


class FieldChanges(NamedTuple):
    """What would change of one field."""

    field: Field
    contacts: int
    """Contacts on which its value would change."""
    samples: list[Row]
    """Some of them."""


def changes_of(planned: PlannedRows, *, samples: int) -> list[FieldChanges]:
    """Return what would change, by field, with so many of the contacts."""
    counts = [0] * len(planned.fields)
    some: list[list[Row]] = [[] for _ in planned.fields]
    for row in planned.rows:
        for place in row.changes():
            counts[place] += 1
            if len(some[place]) < samples:
                some[place].append(row)
    return [FieldChanges(*each) for each in zip(planned.fields, counts, some, strict=True)]


def shown(value: Any, data_type: str) -> Cell:
    """Return a value as it is shown: dates as ISO 8601, whole numbers without a point."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        if data_type == "date":
            return _date(value)
        return int(value) if isinstance(value, float) and value.is_integer() else value
    return str(value)


def _date(seconds: float) -> Cell:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return seconds

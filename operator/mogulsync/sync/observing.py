"""Observing a plan: what a preview gets of a dry run, record by record."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.models import Contact
from mogulsync.sync.fields import Field, Value
from mogulsync.sync.matching import CustomerOutcome
from mogulsync.sync.planning import Planned


class PlanObserver(Protocol):
    """Gets every record of a run while it is planned; none of it is kept by the run.

    The calls come in this order: `on_fields` once; `on_match` as contacts stream past; `on_clear` and `on_customer`
    when all contacts have been read. A run that ends early leaves the rest out.
    """

    def on_fields(self, fields: Sequence[Field]) -> None:
        """Get the fields that the run can write, in the order of the spec."""
        ...

    def on_match(self, planned: Planned) -> None:
        """Get a contact with the customer whose data it takes and what would be written to it."""
        ...

    def on_clear(self, contact: Contact, fields: Sequence[Field]) -> None:
        """Get a contact that no customer matches, with the fields whose values would be cleared."""
        ...

    def on_customer(self, customer: Customer, outcome: CustomerOutcome) -> None:
        """Get a customer that no contact takes its data from, with what the report counts it as."""
        ...


class ValueChange(NamedTuple):
    """A value of a contact's attribute before a run and after it."""

    now: Any
    """As Intercom has it; None where there is none."""
    then: Value | None


def value_changes(planned: Planned, fields: Iterable[Field]) -> list[ValueChange]:
    """Return each field's value of a matched contact now and then; both are the same where nothing would be written."""
    stored, written = planned.match.contact.attributes, planned.changes.values
    return [ValueChange(now := stored.get(field.attribute), written.get(field, now)) for field in fields]

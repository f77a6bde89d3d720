"""Fields: the value of each source for a customer, as Intercom stores it."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from mogulsync.chartmogul.models import Customer
from mogulsync.resource.sources import DataType, Source
from mogulsync.resource.spec import FieldMapping

PLAN_SOURCES: Final = frozenset({Source.PLAN, Source.PLAN_EXTERNAL_ID})
"""Sources whose values come from a customer's subscriptions."""
STRING_MAX_LENGTH: Final = 255
"""Code points of a string that Intercom stores (Intercom's help centre, custom data attributes)."""
_CENTS: Final = 100

Value = str | float | int
"""Text, an amount in currency units, or unix seconds."""


class Field(NamedTuple):
    """A selected source and the Intercom attribute that receives it."""

    source: Source
    attribute: str
    data_type: DataType
    key: str | None = None
    """Name of the custom attribute in ChartMogul, with CustomAttribute."""


class PlanTexts(NamedTuple):
    """What a customer is subscribed to, by name and by external id; None where there is nothing."""

    names: str | None
    external_ids: str | None


NO_PLANS: Final = PlanTexts(None, None)
"""Of a customer without an active subscription."""


class Facts(NamedTuple):
    """All that the sources need to know of one customer."""

    customer: Customer
    net_payments: float | None
    """Cents; None without an invoice."""
    plans: PlanTexts | None
    """None when they are not known: the sources of plans are then left out."""


def fields_of(mappings: Sequence[FieldMapping]) -> tuple[Field, ...]:
    """Return the fields that the spec selects, in its order."""
    return tuple(Field(mapping.source, mapping.attribute_name, mapping.data_type, mapping.key) for mapping in mappings)


def selects(fields: Iterable[Field], sources: Container[Source]) -> bool:
    """Return whether any of the sources is selected."""
    return any(field.source in sources for field in fields)


def values_of(fields: Sequence[Field], facts: Facts) -> Iterator[tuple[Field, Value | None]]:
    """Yield each field with its value, None for an empty one; fields of unknown value are left out."""
    for field in fields:
        if facts.plans is None and field.source in PLAN_SOURCES:
            continue
        if value_of := _VALUES.get(field.source):
            yield field, value_of(facts)


def text(value: str | None) -> str | None:
    """Return text as it is stored: trimmed, cut to 255 code points, None when blank."""
    if value is None:
        return None
    if not value.isascii():
        # Half of a surrogate pair is JSON that no UTF-8 can carry.
        value = value.encode("utf-8", "replace").decode("utf-8")
    value = value.strip()
    if len(value) > STRING_MAX_LENGTH:
        value = value[: STRING_MAX_LENGTH - 1] + "…"
    return value or None


def amount(cents: float | None) -> float | None:
    """Return cents as currency units: divided by 100 in every currency, as ChartMogul documents them."""
    return None if cents is None else cents / _CENTS


def _plan_names(facts: Facts) -> str | None:
    return text(facts.plans.names) if facts.plans else None


def _plan_external_ids(facts: Facts) -> str | None:
    return text(facts.plans.external_ids) if facts.plans else None


_VALUES: Final[dict[Source, Callable[[Facts], Value | None]]] = {
    Source.MRR: lambda facts: amount(facts.customer.mrr),
    Source.ARR: lambda facts: amount(facts.customer.arr),
    Source.NET_PAYMENTS: lambda facts: amount(facts.net_payments),
    Source.SUBSCRIBER_SINCE: lambda facts: facts.customer.customer_since,
    Source.CUSTOMER_STATUS: lambda facts: text(facts.customer.status),
    Source.PLAN: _plan_names,
    Source.PLAN_EXTERNAL_ID: _plan_external_ids,
    Source.EXTERNAL_ID: lambda facts: text(facts.customer.external_id),
    Source.EMAIL: lambda facts: text(facts.customer.email),
    Source.CURRENCY_CODE: lambda facts: text(facts.customer.currency),
    Source.CURRENCY_SYMBOL: lambda facts: text(facts.customer.currency_sign),
    Source.LAST_UPDATED: lambda facts: facts.customer.updated_at,
    Source.CUSTOMER_RECORD_LINK: lambda facts: text(facts.customer.url),
}

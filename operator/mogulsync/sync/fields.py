"""Fields: the value of each source for a customer, as Intercom stores it."""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from mogulsync.chartmogul.models import Customer, CustomValue, Detail, SelectedDetails
from mogulsync.resource.sources import DataType, Source
from mogulsync.resource.syncspec import FieldMapping, Matching
from mogulsync.sync.customattributes import custom_value, is_mistyped

PLAN_SOURCES: Final = frozenset({Source.PLAN, Source.PLAN_EXTERNAL_ID, Source.BILLING_CYCLE})
"""Sources whose values come from a customer's subscriptions."""
STRING_MAX_LENGTH: Final = 255
"""Code points of a string that Intercom stores (Intercom's help centre, custom data attributes)."""
_CENTS: Final = 100
_SEPARATOR: Final = ", "
_DETAILS: Final[Mapping[Source, Detail]] = {
    Source.COMPANY_NAME: Detail.COMPANY,
    Source.COUNTRY: Detail.COUNTRY,
    Source.BILLING_SYSTEM: Detail.BILLING_SYSTEM,
    Source.LEAD_CREATED: Detail.LEAD_CREATED_AT,
    Source.TRIAL_STARTED: Detail.FREE_TRIAL_STARTED_AT,
    Source.TAGS: Detail.TAGS,
}
"""What is read of each customer only where a field needs it."""

Value = str | float | int | bool
"""Text, a number, an amount in currency units, unix seconds, or a boolean."""


class Field(NamedTuple):
    """A selected source and the Intercom attribute that receives it."""

    source: Source
    attribute: str
    data_type: DataType
    key: str | None = None
    """Name of the custom attribute in ChartMogul, with CustomAttribute."""


class PlanTexts(NamedTuple):
    """What a customer is subscribed to, each list as one text; None where there is nothing."""

    names: str | None = None
    external_ids: str | None = None
    billing_cycles: str | None = None


NO_PLANS: Final = PlanTexts()
"""Of a customer without an active subscription."""


NO_CUSTOM: Final[Mapping[str, CustomValue]] = MappingProxyType({})
"""Where no custom attribute is needed."""


class Facts(NamedTuple):
    """What the values of one customer's fields follow from."""

    customer: Customer
    net_payments: float | None
    """Cents; None without an invoice."""
    plans: PlanTexts | None
    """None when they are not known: the sources of plans are then left out."""
    custom: Mapping[str, CustomValue] = NO_CUSTOM
    """The custom attributes that fields need, by name."""


def fields_of(mappings: Sequence[FieldMapping]) -> tuple[Field, ...]:
    """Return the fields that the spec selects, in its order."""
    return tuple(Field(mapping.source, mapping.attribute_name, mapping.data_type, mapping.key) for mapping in mappings)


def selected_details(fields: Iterable[Field], matching: Matching) -> SelectedDetails:
    """Return what has to be read of each customer beyond what is always read."""
    selected = list(fields)
    keys = [*(field.key for field in selected), matching.chartmogul_key]
    return SelectedDetails(
        details=frozenset(detail for field in selected if (detail := _DETAILS.get(field.source)) is not None),
        custom=tuple(dict.fromkeys(key for key in keys if key is not None)),
    )


def selects(fields: Iterable[Field], sources: Container[Source]) -> bool:
    """Return whether any of the sources is selected."""
    return any(field.source in sources for field in fields)


def values_of(fields: Sequence[Field], facts: Facts) -> Iterator[tuple[Field, Value | None]]:
    """Yield each field with its value, None for an empty one; fields of unknown value are left out."""
    for field in fields:
        if facts.plans is None and field.source in PLAN_SOURCES:
            continue
        value_of = _VALUES.get(field.source)
        yield field, _custom(field, facts) if value_of is None else value_of(facts)


def has_mistyped(fields: Iterable[Field], custom: Mapping[str, CustomValue]) -> bool:
    """Return whether a custom attribute among the fields has a value that is not of its field's type."""
    return any(field.key is not None and is_mistyped(custom.get(field.key), field.data_type) for field in fields)


def joined(texts: Iterable[str | None]) -> str | None:
    """Return distinct texts in the order of their code points, joined; None when there is none."""
    stripped = {each.strip() for each in texts if each}
    return _SEPARATOR.join(sorted(stripped - {""})) or None


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
    """Return cents as currency units: divided by 100 in every currency, as ChartMogul documents them.

    A sum that is no number any more is None: of amounts near the largest that JSON can carry.
    """
    return None if cents is None or not math.isfinite(cents) else cents / _CENTS


def _custom(field: Field, facts: Facts) -> Value | None:
    value = custom_value(facts.custom.get(field.key or ""), field.data_type)
    return text(value) if isinstance(value, str) else value


def _plans(facts: Facts) -> PlanTexts:
    return facts.plans or NO_PLANS


_VALUES: Final[dict[Source, Callable[[Facts], Value | None]]] = {
    Source.MRR: lambda facts: amount(facts.customer.mrr),
    Source.ARR: lambda facts: amount(facts.customer.arr),
    Source.NET_PAYMENTS: lambda facts: amount(facts.net_payments),
    Source.SUBSCRIBER_SINCE: lambda facts: facts.customer.customer_since,
    Source.CUSTOMER_STATUS: lambda facts: text(facts.customer.status),
    Source.PLAN: lambda facts: text(_plans(facts).names),
    Source.PLAN_EXTERNAL_ID: lambda facts: text(_plans(facts).external_ids),
    Source.EXTERNAL_ID: lambda facts: text(facts.customer.external_id),
    Source.EMAIL: lambda facts: text(facts.customer.email),
    Source.CURRENCY_CODE: lambda facts: text(facts.customer.currency),
    Source.CURRENCY_SYMBOL: lambda facts: text(facts.customer.currency_sign),
    Source.LAST_UPDATED: lambda facts: facts.customer.updated_at,
    Source.CUSTOMER_RECORD_LINK: lambda facts: text(facts.customer.url),
    Source.EXTERNAL_IDS: lambda facts: text(joined(facts.customer.external_ids)),
    Source.CUSTOMER_UUID: lambda facts: text(facts.customer.uuid),
    Source.COMPANY_NAME: lambda facts: text(facts.customer.details.company),
    Source.COUNTRY: lambda facts: text(facts.customer.details.country),
    Source.BILLING_SYSTEM: lambda facts: text(facts.customer.details.billing_system),
    Source.BILLING_CYCLE: lambda facts: text(_plans(facts).billing_cycles),
    Source.LEAD_CREATED: lambda facts: facts.customer.details.lead_created_at,
    Source.TRIAL_STARTED: lambda facts: facts.customer.details.free_trial_started_at,
    Source.TAGS: lambda facts: text(joined(facts.customer.details.tags)),
}
"""Of each source but CustomAttribute, whose value depends on the field's key and type."""

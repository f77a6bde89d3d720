"""What would have to be written to a contact, and whether it was stored."""

import math
from collections.abc import Container, Mapping, Sequence
from typing import Any, Literal

from mogulsync.resource.sources import DataType, Source
from mogulsync.sync.fields import Facts, Field, Value, values_of

Changes = dict[Field, Value | None]
"""The fields to write with their new values; None clears."""


class Alongside(int):
    """A value that is written only because another one is."""


def differences(
    fields: Sequence[Field],
    facts: Facts,
    stored: Mapping[str, Any],
    *,
    empty_values: Literal["Clear", "Keep"],
    run_start: int,
) -> Changes:
    """Return what differs between what a contact should hold and what it holds.

    Args:
        fields: The fields that can be used.
        facts: What ChartMogul says of the customer that the contact takes its data from.
        stored: The contact's custom attributes.
        empty_values: Whether an empty value clears the attribute or leaves it.
        run_start: Unix seconds; stands in for `updated_at` where ChartMogul does not send it.
    """
    changes: Changes = {}
    undated: Field | None = None
    for field, value in values_of(fields, facts):
        if value is None and field.source is Source.LAST_UPDATED:
            undated = field
        elif value is None and empty_values == "Keep":
            continue
        elif not same(field.data_type, stored.get(field.attribute), value):
            changes[field] = value
    if undated is not None and _is_empty(stored.get(undated.attribute)):
        changes[undated] = run_start
    elif undated is not None and changes:
        changes[undated] = Alongside(run_start)
    return changes


def without(changes: Changes, refused: Container[str]) -> Changes:
    """Return the changes less those of refused attributes, and less what went alongside when nothing else is left."""
    left = {field: value for field, value in changes.items() if field.attribute not in refused}
    return {} if all(isinstance(value, Alongside) for value in left.values()) else left


def same(data_type: DataType, stored: Any, value: Value | None) -> bool:
    """Tell whether Intercom holds this value: numbers to the cent, dates to the second, text exactly."""
    if value is None:
        return _is_empty(stored)
    if type(stored) is type(value) and stored == value:
        return True  # nearly always
    if data_type == "string":
        return bool(stored == value)
    if isinstance(stored, bool) or not isinstance(stored, int | float) or isinstance(value, str):
        return False
    if not math.isfinite(stored):
        return False
    return round(stored, 2) == round(value, 2) if data_type == "float" else int(stored) == int(value)


def not_stored(changes: Changes, answer: Mapping[str, Any]) -> list[Field]:
    """Return the fields whose new value the contact does not hold in Intercom's answer to the write."""
    return [field for field, value in changes.items() if not same(field.data_type, answer.get(field.attribute), value)]


def _is_empty(stored: Any) -> bool:
    """Tell whether an attribute has no value; where Intercom refuses null, empty text is what clears."""
    return stored is None or stored == ""

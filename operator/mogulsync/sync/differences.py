"""Differences: what has to be written to a contact, and what of it was stored."""

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeGuard

from mogulsync.resource.sources import DataType, Source
from mogulsync.sync.customattributes import iso_seconds
from mogulsync.sync.fields import PLAN_SOURCES, Facts, Field, Value, values_of
from mogulsync.transport.json_values import text_forms


class Changes(NamedTuple):
    """What has to be written to one contact; a run may hold those of all contacts, so they are compact."""

    fields: tuple[Field, ...]
    """The fields to write."""
    new_values: tuple[Value | None, ...]
    """In the order of the fields; None clears."""
    companion: Field | None = None
    """LastUpdated, where it is written only because another value is."""

    @property
    def values(self) -> dict[Field, Value | None]:
        """The fields to write with their new values."""
        return dict(zip(self.fields, self.new_values, strict=True))


def changes_of(values: Mapping[Field, Value | None], *, companion: Field | None = None) -> Changes:
    """Return the changes that write these values; contacts of the same fields share their tuple."""
    return Changes(_shared(tuple(values)), tuple(values.values()), companion)


@lru_cache(maxsize=1024)
def _shared(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return fields


NO_CHANGES: Final = changes_of({})


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
    values: dict[Field, Value | None] = {}
    undated: Field | None = None
    for field, value in values_of(fields, facts):
        if value is None and field.source is Source.LAST_UPDATED:
            undated = field
        elif value is None and empty_values == "Keep":
            continue
        elif not same(field.data_type, stored.get(field.attribute), value):
            values[field] = value
    if undated is not None and is_empty(stored.get(undated.attribute)):
        values[undated] = run_start
    elif undated is not None and values:
        values[undated] = run_start
        return changes_of(values, companion=undated)
    return changes_of(values) if values else NO_CHANGES


def without(changes: Changes, refused: Collection[str]) -> Changes:
    """Return the changes less those of refused attributes, and less the companion when nothing else is left."""
    if not refused:
        return changes
    left = {field: value for field, value in changes.values.items() if field.attribute not in refused}
    if len(left) == len(changes.fields):
        return changes
    if set(left) <= {changes.companion}:
        return NO_CHANGES
    return changes_of(left, companion=changes.companion)


def clears_plans(fields: Sequence[Field], stored: Mapping[str, Any], *, empty_values: Literal["Clear", "Keep"]) -> bool:
    """Return whether a contact holds a value that would be cleared if its customer had no subscription."""
    return empty_values == "Clear" and any(
        field.source in PLAN_SOURCES and not is_empty(stored.get(field.attribute)) for field in fields
    )


def with_plans(changes: Changes, fields: Sequence[Field], facts: Facts, *, run_start: int) -> Changes:
    """Return the changes of a contact that were found while nothing was known of its customer's subscriptions.

    The contact holds no value in any field of plans, so those that have one now are all new.
    """
    found = {
        field: value for field, value in values_of(fields, facts) if field.source in PLAN_SOURCES and value is not None
    }
    if not found:
        return changes
    last_updated = next((field for field in fields if field.source is Source.LAST_UPDATED), None)
    if last_updated is None or facts.customer.updated_at is not None or last_updated in changes.fields:
        return changes_of({**changes.values, **found}, companion=changes.companion)
    return changes_of({**changes.values, **found, last_updated: run_start}, companion=last_updated)


def same(data_type: DataType, stored: Any, value: Value | None) -> bool:
    """Return whether Intercom holds this value.

    Numbers are equal to the cent, dates to the second, also where Intercom gives them as ISO 8601 text; text exactly,
    where a text of Intercom's also stands for its form unescaped once from HTML.
    """
    if value is None:
        return is_empty(stored)
    if type(stored) is type(value) and stored == value:
        return True  # nearly always
    if data_type == "string":
        return isinstance(stored, str) and value in text_forms(stored)
    if data_type == "date":
        stored = iso_seconds(stored) if isinstance(stored, str) else stored
    if data_type == "boolean" or not _is_number(stored) or not _is_number(value):
        return False
    return int(stored) == int(value) if data_type == "date" else bool(round(stored, 2) == round(value, 2))


def _is_number(value: Any) -> TypeGuard[int | float]:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def not_stored(changes: Mapping[Field, Value | None], answer: Mapping[str, Any]) -> list[Field]:
    """Return the fields whose new value the contact does not hold in Intercom's answer to the write."""
    return [field for field, value in changes.items() if not same(field.data_type, answer.get(field.attribute), value)]


def is_empty(stored: Any) -> bool:
    """Return whether an attribute has no value; where Intercom refuses null, empty text is what clears."""
    return stored is None or stored == ""

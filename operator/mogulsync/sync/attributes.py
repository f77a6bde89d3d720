"""Attributes: which of the workspace's a run can use, which it has to create, and which it must refuse."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from mogulsync.intercom.models import DataAttribute
from mogulsync.resource.fixes import ATTRIBUTE_FIXES
from mogulsync.resource.reasons import AttributeReason
from mogulsync.resource.report import RefusedAttribute
from mogulsync.resource.syncspec import EXTERNAL_ID_FIELD, Matching, SyncSpec
from mogulsync.sync.fields import Field, fields_of

CUSTOM_ATTRIBUTES_LIMIT: Final = 250
"""Custom attributes of a workspace that are not archived (Intercom's help centre, article 179)."""
_CONTACT: Final = "contact"


class AttributePlan(NamedTuple):
    """The selected fields, in the spec's order, by what can be done with their attributes."""

    usable: tuple[Field, ...]
    """There, or to be created."""
    missing: tuple[Field, ...]
    """To be created; also among the usable."""
    refused: tuple[RefusedAttribute, ...]


class Inspection(NamedTuple):
    """What a workspace's contact attributes mean to a destination."""

    plan: AttributePlan
    refused_for_matching: tuple[RefusedAttribute, ...]
    """Those of spec.matching.intercomFields that are not there or archived."""
    data_types: Mapping[str, str]
    """Data type of each custom contact attribute that is not archived."""


def inspect(spec: SyncSpec, attributes: Sequence[DataAttribute]) -> Inspection:
    """Return what these contact attributes of a workspace mean to a destination."""
    return Inspection(
        plan_attributes(fields_of(spec.fields), attributes),
        tuple(refused_for_matching(matching_attributes(spec.matching), attributes)),
        {each.name: each.data_type for each in attributes if _is_custom(each) and not each.archived},
    )


def plan_attributes(fields: Sequence[Field], attributes: Sequence[DataAttribute]) -> AttributePlan:
    """Return what can be done with each field's attribute in a workspace that has these attributes."""
    room = CUSTOM_ATTRIBUTES_LIMIT - sum(attribute.custom and not attribute.archived for attribute in attributes)
    usable: list[Field] = []
    missing: list[Field] = []
    refused: list[RefusedAttribute] = []
    for field in fields:
        present = _named(attributes, field.attribute)
        reason = _obstacle(field, present)
        if reason is None and present is None and len(missing) >= room:
            reason = AttributeReason.LIMIT_REACHED
        if reason is not None:
            refused.append(RefusedAttribute(attribute=field.attribute, reason=reason))
            continue
        usable.append(field)
        if present is None:
            missing.append(field)
    return AttributePlan(tuple(usable), tuple(missing), tuple(refused))


def matching_attributes(matching: Matching) -> list[str]:
    """Return the custom attributes that contacts are matched by; `email` and `external_id` are none."""
    if matching.chartmogul_field == "Email":
        return []
    return [name for name in matching.intercom_fields if name != EXTERNAL_ID_FIELD]


def refused_for_matching(names: Iterable[str], attributes: Sequence[DataAttribute]) -> list[RefusedAttribute]:
    """Return those of the attributes to match by that the workspace does not have, or has archived."""
    refused = []
    for name in names:
        present = _named(attributes, name)
        if present is None or not _is_custom(present):
            refused.append(RefusedAttribute(attribute=name, reason=AttributeReason.NOT_FOUND))
        elif present.archived:
            refused.append(RefusedAttribute(attribute=name, reason=AttributeReason.ARCHIVED))
    return refused


def described(refused: Sequence[RefusedAttribute]) -> str:
    """Return each refused attribute with its reason and the fix, for a person."""
    return "; ".join(
        f"{each.attribute}: {each.reason}. {each.message or ATTRIBUTE_FIXES[each.reason]}" for each in refused
    )


def _named(attributes: Iterable[DataAttribute], name: str) -> DataAttribute | None:
    """Return the attribute of this name; of several, one that can be written, else one of contacts."""
    found = [attribute for attribute in attributes if attribute.name == name]
    return min(found, key=lambda each: (each.model != _CONTACT, not each.custom, each.archived), default=None)


def _is_custom(attribute: DataAttribute) -> bool:
    return attribute.custom and attribute.model == _CONTACT


def _obstacle(field: Field, present: DataAttribute | None) -> AttributeReason | None:
    if present is None:
        return None
    if not _is_custom(present):
        return AttributeReason.NAME_TAKEN
    if present.has_options:
        return AttributeReason.HAS_OPTIONS
    if present.data_type != field.data_type:
        return AttributeReason.WRONG_TYPE
    if present.archived:
        return AttributeReason.ARCHIVED
    return None if present.api_writable else AttributeReason.NOT_WRITABLE

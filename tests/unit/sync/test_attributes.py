from typing import Any

import pytest

from mogulsync.intercom.models import DataAttribute
from mogulsync.resource.reasons import AttributeReason
from mogulsync.resource.sources import Source
from mogulsync.resource.syncspec import Matching
from mogulsync.sync.attributes import (
    CUSTOM_ATTRIBUTES_LIMIT,
    described,
    matching_attributes,
    plan_attributes,
    refused_for_matching,
)
from tests.support.builders import attribute, field, fields

MRR = field(Source.MRR)
NAME = MRR.attribute


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        (attribute(NAME, "float"), None),
        (attribute(NAME, "string"), AttributeReason.WRONG_TYPE),
        (attribute(NAME, "integer"), AttributeReason.WRONG_TYPE),
        (attribute(NAME, "float", archived=True), AttributeReason.ARCHIVED),
        (attribute(NAME, "float", has_options=True), AttributeReason.HAS_OPTIONS),
        (attribute(NAME, "options", has_options=True), AttributeReason.HAS_OPTIONS),
        (attribute(NAME, "float", api_writable=False), AttributeReason.NOT_WRITABLE),
        (attribute(NAME, "float", model="company"), AttributeReason.NAME_TAKEN),
        (attribute(NAME, "float", custom=False), AttributeReason.NAME_TAKEN),
    ],
)
def test_an_attribute_that_is_there_is_used_or_refused(present: DataAttribute, reason: AttributeReason | None) -> None:
    found = plan_attributes([MRR], [attribute("another"), present])
    assert found.usable == (() if reason else (MRR,))
    assert found.missing == ()
    assert [each.reason for each in found.refused] == ([reason] if reason else [])


def test_missing_attributes_are_to_be_created_in_the_order_of_the_fields() -> None:
    selected = fields(Source.EMAIL, Source.MRR, Source.ARR)
    found = plan_attributes(selected, [attribute(NAME, "float")])
    assert found.usable == selected
    assert found.missing == fields(Source.EMAIL, Source.ARR)


def test_one_refused_attribute_drops_one_field() -> None:
    found = plan_attributes(fields(Source.EMAIL, Source.MRR), [attribute(NAME, "string")])
    assert found.usable == fields(Source.EMAIL)
    assert [each.attribute for each in found.refused] == [NAME]


def test_of_two_attributes_of_one_name_the_one_that_can_be_written_counts() -> None:
    both = [attribute(NAME, "float", archived=True), attribute(NAME, "float"), attribute(NAME, model="company")]
    assert plan_attributes([MRR], both).usable == (MRR,)


def test_the_limit_of_custom_attributes_leaves_room_for_some() -> None:
    there = [attribute(f"a{number}") for number in range(CUSTOM_ATTRIBUTES_LIMIT - 1)]
    there += [attribute("old", archived=True), attribute("email", custom=False)]
    found = plan_attributes(fields(Source.EMAIL, Source.MRR), there)
    assert found.missing == fields(Source.EMAIL)
    assert [(each.attribute, each.reason) for each in found.refused] == [(NAME, AttributeReason.LIMIT_REACHED)]


@pytest.mark.parametrize(
    ("present", "reasons"),
    [
        ([attribute("shop_id", "integer")], []),
        ([], [AttributeReason.NOT_FOUND]),
        ([attribute("shop_id", archived=True)], [AttributeReason.ARCHIVED]),
        ([attribute("shop_id", custom=False)], [AttributeReason.NOT_FOUND]),
        ([attribute("Shop_id")], [AttributeReason.NOT_FOUND]),
    ],
)
def test_an_attribute_to_match_by_must_be_there(present: list[DataAttribute], reasons: list[AttributeReason]) -> None:
    assert [each.reason for each in refused_for_matching(["shop_id"], present)] == reasons


@pytest.mark.parametrize(
    ("matching", "names"),
    [
        ({"chartmogulField": "Email"}, []),
        ({"chartmogulField": "ExternalID", "intercomFields": ["external_id", "shop_id"]}, ["shop_id"]),
    ],
)
def test_intercoms_own_attributes_need_not_be_looked_for(matching: dict[str, Any], names: list[str]) -> None:
    assert matching_attributes(Matching.model_validate(matching)) == names


@pytest.mark.parametrize("reason", list(AttributeReason))
def test_every_reason_has_a_fix(reason: AttributeReason) -> None:
    refused = plan_attributes([MRR], [attribute(NAME)]).refused[0].model_copy(update={"reason": reason})
    assert described([refused]).startswith(f"{NAME}: {reason}. ")

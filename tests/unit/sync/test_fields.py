from typing import Any

import pytest

from mogulsync.resource.sources import Source
from mogulsync.resource.spec import FieldMapping
from mogulsync.sync.fields import Facts, PlanTexts, fields_of, text, values_of
from tests.support.builders import customer, fields

CUSTOMER = customer(
    external_id="ext 1",
    email="Ann@Example.com",
    status="Past Due",
    mrr=4999,
    arr=59988,
    customer_since=1_600_000_000,
    updated_at=1_700_000_000,
    currency="EUR",
    currency_sign="€",
    url="https://app.example.com/#/customers/1",
)
FACTS = Facts(CUSTOMER, net_payments=-1250, plans=PlanTexts("Basic, Pro", "basic-1, pro-1"))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (Source.MRR, 49.99),
        (Source.ARR, 599.88),
        (Source.NET_PAYMENTS, -12.5),
        (Source.SUBSCRIBER_SINCE, 1_600_000_000),
        (Source.CUSTOMER_STATUS, "Past Due"),
        (Source.PLAN, "Basic, Pro"),
        (Source.PLAN_EXTERNAL_ID, "basic-1, pro-1"),
        (Source.EXTERNAL_ID, "ext 1"),
        (Source.EMAIL, "Ann@Example.com"),
        (Source.CURRENCY_CODE, "EUR"),
        (Source.CURRENCY_SYMBOL, "€"),
        (Source.LAST_UPDATED, 1_700_000_000),
        (Source.CUSTOMER_RECORD_LINK, "https://app.example.com/#/customers/1"),
    ],
)
def test_every_source_has_its_value(source: Source, value: Any) -> None:
    assert [found for _, found in values_of(fields(source), FACTS)] == [value]


@pytest.mark.parametrize("source", list(Source)[:13])
def test_what_chartmogul_does_not_have_is_empty(source: Source) -> None:
    nothing = customer(status=None, currency=None, currency_sign=None)
    facts = Facts(nothing, net_payments=None, plans=PlanTexts(None, None))
    assert [found for _, found in values_of(fields(source), facts)] == [None]


@pytest.mark.parametrize("source", [Source.MRR, Source.ARR])
def test_zero_is_a_value(source: Source) -> None:
    facts = Facts(customer(mrr=0.0, arr=0.0), net_payments=0.0, plans=None)
    assert [found for _, found in values_of(fields(source, Source.NET_PAYMENTS), facts)] == [0.0, 0.0]


def test_unknown_plans_say_nothing_rather_than_that_there_are_none() -> None:
    facts = Facts(CUSTOMER, net_payments=None, plans=None)
    selected = fields(Source.PLAN, Source.MRR, Source.PLAN_EXTERNAL_ID)
    assert [field.source for field, _ in values_of(selected, facts)] == [Source.MRR]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("  two words \n", "two words"),
        (" \t", None),
        (None, None),
        ("a" * 255, "a" * 255),
        ("a" * 256, "a" * 254 + "…"),
        ("😀" * 256, "😀" * 254 + "…"),
        (" " + "a" * 255 + " ", "a" * 255),
        ("half \ud83d", "half ?"),
    ],
)
def test_text_is_trimmed_and_cut_by_code_points(given: str | None, stored: Any) -> None:
    assert text(given) == stored


def test_fields_keep_the_order_of_the_spec_and_their_own_attribute() -> None:
    mappings = [FieldMapping(source=Source.MRR), FieldMapping(source=Source.EMAIL, attribute="billing email")]
    assert [(field.attribute, field.data_type) for field in fields_of(mappings)] == [
        ("chartmogul_mrr", "float"),
        ("billing email", "string"),
    ]

from typing import Any

import pytest

from mogulsync.chartmogul.models import CustomerDetails, CustomValue, Detail, SelectedDetails
from mogulsync.resource.sources import DataType, Source
from mogulsync.resource.syncspec import FieldMapping, Matching
from mogulsync.sync.fields import Facts, Field, PlanTexts, fields_of, has_mistyped, selected_details, text, values_of
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
    external_ids=("ext 1", "b", " a"),
    details=CustomerDetails(
        company="Ann & Co",
        country="DE",
        billing_system="Stripe",
        lead_created_at=1_500_000_000,
        free_trial_started_at=1_550_000_000,
        tags=("vip, really", "a b"),
        custom=(),
    ),
)
FACTS = Facts(CUSTOMER, net_payments=-1250, plans=PlanTexts("Basic, Pro", "basic-1, pro-1", "3 months, month"))
SOURCES_WITHOUT_KEY = [source for source in Source if source is not Source.CUSTOM_ATTRIBUTE]


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
        (Source.EXTERNAL_IDS, "a, b, ext 1"),
        (Source.CUSTOMER_UUID, "cus_1"),
        (Source.COMPANY_NAME, "Ann & Co"),
        (Source.COUNTRY, "DE"),
        (Source.BILLING_SYSTEM, "Stripe"),
        (Source.BILLING_CYCLE, "3 months, month"),
        (Source.LEAD_CREATED, 1_500_000_000),
        (Source.TRIAL_STARTED, 1_550_000_000),
        (Source.TAGS, "a b, vip, really"),
    ],
)
def test_every_source_has_its_value(source: Source, value: Any) -> None:
    assert [found for _, found in values_of(fields(source), FACTS)] == [value]


@pytest.mark.parametrize("source", [each for each in SOURCES_WITHOUT_KEY if each is not Source.CUSTOMER_UUID])
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


@pytest.mark.parametrize(
    ("data_type", "given", "stored"),
    [
        ("string", " two ", "two"),
        ("string", "a" * 256, "a" * 254 + "…"),
        ("string", 42, None),
        ("string", True, None),
        ("integer", 42, 42),
        ("integer", 42.0, 42),
        ("integer", 42.5, None),
        ("integer", "42", None),
        ("integer", False, None),
        ("integer", 2**63, None),
        ("float", 42, 42.0),
        ("float", 4.25, 4.25),
        ("float", 10**400, None),
        ("float", float("inf"), None),
        ("float", True, None),
        ("boolean", True, True),
        ("boolean", False, False),
        ("boolean", 1, None),
        ("boolean", "true", None),
        ("date", "2020-01-01", 1_577_836_800),
        ("date", "2020-01-01T00:00:00Z", 1_577_836_800),
        ("date", "2020-01-01T02:00:00+02:00", 1_577_836_800),
        ("date", "soon", None),
        ("date", 1_577_836_800, None),
        ("string", (), None),
        ("date", (), None),
    ],
)
def test_a_custom_attribute_has_the_type_of_its_field_or_is_empty_and_named(
    data_type: DataType, given: CustomValue, stored: Any
) -> None:
    field = Field(Source.CUSTOM_ATTRIBUTE, "chartmogul_score", data_type, "score")
    found = [value for _, value in values_of([field], FACTS._replace(custom={"score": given}))]
    assert found == [stored]
    assert type(found[0]) is type(stored)
    assert has_mistyped([field], {"score": given}) is (stored is None)


def test_a_custom_attribute_that_is_not_there_is_empty_and_not_mistyped() -> None:
    field = Field(Source.CUSTOM_ATTRIBUTE, "chartmogul_score", "float", "score")
    assert [value for _, value in values_of([field], FACTS)] == [None]
    assert not has_mistyped([field], {})


def test_only_what_fields_and_matching_need_is_read_of_each_customer() -> None:
    assert not selected_details(fields(Source.MRR, Source.PLAN), Matching(chartmogul_field="Email"))
    score = Field(Source.CUSTOM_ATTRIBUTE, "chartmogul_score", "float", "score")
    matching = Matching(chartmogul_field="CustomAttribute", chartmogul_key="crm_id", intercom_fields=["external_id"])
    assert selected_details([*fields(Source.TAGS), score], matching) == SelectedDetails(
        frozenset({Detail.TAGS}), ("score", "crm_id")
    )

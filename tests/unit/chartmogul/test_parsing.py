import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.chartmogul import parsing
from mogulsync.chartmogul.models import (
    NO_DETAILS,
    Customer,
    CustomerDetails,
    Detail,
    Invoice,
    Plan,
    SelectedDetails,
    Subscription,
    Transaction,
)

ENTRY = {
    "id": 25647,
    "uuid": "cus_1",
    "external_id": "ex-1",
    "external_ids": ["ex-1", "ex-2", 42, " ", None],
    "data_source_uuid": "ds_1",
    "data_source_uuids": ["ds_1", "ds_2"],
    "name": "Ada",
    "email": " ada@example.com ",
    "status": "Past Due",
    "customer-since": "2015-06-09T13:16:00-04:00",
    "mrr": 3000.0,
    "arr": 36000,
    "currency": "USD",
    "currency-sign": "$",
    "chartmogul-url": "https://app.chartmogul.com/#/customers/1",
}


def test_a_customer_as_chartmogul_documents_it() -> None:
    assert parsing.customer(ENTRY) == Customer(
        uuid="cus_1",
        external_id="ex-1",
        external_ids=("ex-1", "ex-2", "42"),
        data_source_uuids=("ds_1", "ds_2"),
        email="ada@example.com",
        status="Past Due",
        mrr=3000.0,
        arr=36000.0,
        customer_since=1433870160,
        updated_at=None,
        currency="USD",
        currency_sign="$",
        url="https://app.chartmogul.com/#/customers/1",
    )


def test_dashes_and_underscores_are_the_same() -> None:
    swapped = {key.translate(str.maketrans("-_", "_-")): value for key, value in ENTRY.items()}
    assert parsing.customer({**swapped, "external_id": "ex-1"}) == parsing.customer(ENTRY)


def test_a_customer_of_whom_little_is_told_is_a_customer() -> None:
    assert parsing.customer({"uuid": "cus_2"}) == Customer(
        "cus_2", None, (), (), None, None, None, None, None, None, None, None, None
    )


@pytest.mark.parametrize("entry", [{}, {"uuid": None}, {"uuid": " "}, {"uuid": ["x"]}])
def test_a_customer_without_a_uuid_is_none(entry: dict[str, Any]) -> None:
    assert parsing.customer(entry) is None


EVERYTHING = SelectedDetails(frozenset(Detail), ("plan_tier", "score", "vip", "since", "note", "nested", "absent"))
DETAILS = {
    "company": " Acme ",
    "country": "United Kingdom",
    "address": {"country": "Germany", "city": "Berlin"},
    "billing-system-type": "Import API",
    "lead_created_at": "2015-06-09T13:16:00-04:00",
    "free_trial_started_at": "2015-06-09T17:16:00Z",
    "attributes": {
        "tags": ["vip", " eu, big", "vip", "", None, 7],
        "stripe": {"uid": 7},
        "custom": {
            "plan_tier": " gold ",
            "score": {"value": 4.5, "source": "integration"},
            "vip": False,
            "since": "2016-01-31T00:00:00.000Z",
            "note": " ",
            "nested": ["a"],
            "other": "not selected",
        },
    },
}


def test_details_are_read_where_they_are_selected() -> None:
    customer = parsing.customer({**ENTRY, **DETAILS}, EVERYTHING)
    assert customer is not None
    assert customer.details == CustomerDetails(
        company="Acme",
        country="Germany",
        billing_system="Import API",
        lead_created_at=1433870160,
        free_trial_started_at=1433870160,
        tags=("7", "eu, big", "vip"),
        custom=("gold", 4.5, False, "2016-01-31T00:00:00.000Z", None, (), None),
    )


def test_details_that_are_not_selected_take_no_memory() -> None:
    customer = parsing.customer({**ENTRY, **DETAILS})
    assert customer is not None
    assert customer.details is NO_DETAILS
    some = parsing.customer({**ENTRY, **DETAILS}, SelectedDetails(frozenset({Detail.TAGS})))
    assert some is not None
    assert some.details == CustomerDetails(tags=("7", "eu, big", "vip"))


@pytest.mark.parametrize(
    "entry",
    [{}, {"attributes": None}, {"attributes": {"custom": [], "tags": {}}, "address": "Berlin", "company": ["x"]}],
)
def test_details_that_a_customer_does_not_have_are_empty(entry: dict[str, Any]) -> None:
    customer = parsing.customer({"uuid": "cus_1", **entry}, EVERYTHING)
    assert customer is not None
    assert customer.details == CustomerDetails(custom=(None,) * 7)


def test_the_country_may_be_given_outside_the_address() -> None:
    customer = parsing.customer({"uuid": "cus_1", "country": "Spain", "address": {"country": ""}}, EVERYTHING)
    assert customer is not None
    assert customer.details.country == "Spain"


def test_a_plan() -> None:
    entry = {
        "uuid": "pl_1",
        "data_source_uuid": "ds_1",
        "name": "Gold",
        "interval_count": 1,
        "interval_unit": "month",
        "external_id": "gold",
    }
    assert parsing.plan(entry) == Plan("pl_1", "Gold", "gold", "ds_1", "month", 1)
    assert parsing.plan({"name": "Gold"}) is None


@pytest.mark.parametrize(("status", "active"), [("active", True), ("Active", True), ("inactive", False), (None, False)])
def test_a_subscription(status: str | None, *, active: bool) -> None:
    entry = {"plan": "Gold", "status": status, "billing-cycle": "month", "billing-cycle-count": 3}
    assert parsing.subscription(entry) == Subscription("Gold", active, "month", 3, None)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"status": 1, "plan": "Gold"},
        {"status": "active", "plan": {"name": "Gold"}},
        {"status": "active", "plan": "Gold", "billing-cycle": ["month"]},
        {"status": "active", "plan": "Gold", "billing-cycle": "month", "billing-cycle-count": "many"},
    ],
)
def test_a_subscription_that_cannot_be_read(entry: dict[str, Any]) -> None:
    assert parsing.subscription(entry) is None


def test_a_subscription_that_is_not_active_may_be_of_anything() -> None:
    read = parsing.subscription({"status": "inactive", "plan": {"name": "Gold"}})
    assert read is not None
    assert not read.active


def test_an_invoice() -> None:
    entry = {
        "uuid": "inv_1",
        "customer_uuid": "cus_1",
        "currency": "EUR",
        "line_items": [{"amount_in_cents": 5000}, {"amount_in_cents": "-1000"}, {"amount_in_cents": None}, None],
        "transactions": [
            {"type": "payment", "result": "successful", "amount_in_cents": 4000},
            {"type": "refund", "result": "successful", "amount_in_cents": None},
            {"type": "payment", "result": "failed"},
            {"type": "payment", "result": "successful", "disabled": True},
            {"type": "gift", "result": "successful"},
        ],
    }
    assert parsing.invoice(entry) == Invoice(
        "cus_1",
        "EUR",
        False,
        4000.0,
        (
            Transaction(is_refund=False, successful=True, disabled=False, amount=4000.0),
            Transaction(is_refund=True, successful=True, disabled=False, amount=None),
            Transaction(is_refund=False, successful=False, disabled=False, amount=None),
            Transaction(is_refund=False, successful=True, disabled=True, amount=None),
            Transaction(is_refund=False, successful=False, disabled=False, amount=None),
        ),
    )
    assert parsing.invoice({"uuid": "inv_2"}) is None


def test_the_total_of_an_invoice_may_be_no_finite_number() -> None:
    read = parsing.invoice({"customer_uuid": "cus_1", "line_items": [{"amount_in_cents": 1e308}] * 2})
    assert read is not None
    assert read.total == math.inf


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from([*ENTRY, *DETAILS, "line_items", "transactions", "plan", "disabled", "customer_uuid"]), ANY
    ),
    ANY,
)
def test_no_odd_value_breaks_a_record(entry: dict[str, Any], odd: Any) -> None:
    customer = parsing.customer({**entry, "uuid": "cus_1"})
    parsing.customer(
        {"uuid": "cus_1", "attributes": {"tags": odd, "custom": {"score": odd, "note": [odd]}}}, EVERYTHING
    )
    assert customer is not None
    assert all(each == each.strip() != "" for each in customer.external_ids)
    parsing.plan(entry)
    parsing.subscription(entry)
    parsing.invoice(entry)

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.chartmogul import parsing
from mogulsync.chartmogul.models import Customer, Invoice, Plan, Subscription, Transaction

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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0.0),
        (1999, 1999.0),
        (-50.5, -50.5),
        ("1200", 1200.0),
        (" 12.5 ", 12.5),
        ("", None),
        ("n/a", None),
        (None, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ([1], None),
    ],
)
def test_amounts_are_numbers_or_empty(value: Any, expected: float | None) -> None:
    assert parsing.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2015-06-09T13:16:00-04:00", 1433870160),
        ("2015-06-09T17:16:00Z", 1433870160),
        ("2015-06-09T17:16:00.900Z", 1433870160),
        ("2015-06-09T17:16:00", 1433870160),
        ("2015-06-09", 1433808000),
        (1433870160, 1433870160),
        ("1433870160", 1433870160),
        (1433870160.7, 1433870160),
        ("", None),
        ("yesterday", None),
        (None, None),
        (False, None),
        ("2015-13-45", None),
    ],
)
def test_moments_are_unix_seconds(value: Any, expected: int | None) -> None:
    assert parsing.moment(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" a ", "a"),
        ("", None),
        ("  ", None),
        (42, "42"),
        (42.0, "42"),
        (1.5, "1.5"),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_text_is_trimmed_and_blank_is_empty(value: Any, expected: str | None) -> None:
    assert parsing.text(value) == expected


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


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*ENTRY, "line_items", "transactions", "plan", "disabled", "customer_uuid"]), ANY)
)
def test_no_odd_value_breaks_a_record(entry: dict[str, Any]) -> None:
    customer = parsing.customer({**entry, "uuid": "cus_1"})
    assert customer is not None
    assert all(each == each.strip() != "" for each in customer.external_ids)
    parsing.plan(entry)
    parsing.subscription(entry)
    parsing.invoice(entry)

import html
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.chartmogul.models import CustomerDetails
from mogulsync.resource.sources import DataType, Source
from mogulsync.sync.differences import Changes, clears_plans, differences, not_stored, same, with_plans, without
from mogulsync.sync.fields import NO_PLANS, PLAN_SOURCES, Facts, Field, PlanTexts, Value
from tests.support.builders import customer, field, fields

START = 1_800_000_000
MRR, STATUS, UPDATED = field(Source.MRR), field(Source.CUSTOMER_STATUS), field(Source.LAST_UPDATED)


def compare(
    stored: dict[str, Any], *, empty_values: Literal["Clear", "Keep"] = "Clear", sources: Any = None, **known: Any
) -> dict[Field, Value | None]:
    return dict(changes_for(stored, empty_values=empty_values, sources=sources, **known).values)


def changes_for(
    stored: dict[str, Any], *, empty_values: Literal["Clear", "Keep"] = "Clear", sources: Any = None, **known: Any
) -> Changes:
    facts = Facts(customer(**known), net_payments=None, plans=PlanTexts(None, None))
    selected = fields(*(sources or (Source.MRR, Source.CUSTOMER_STATUS)))
    return differences(selected, facts, stored, empty_values=empty_values, run_start=START)


@pytest.mark.parametrize(
    ("data_type", "stored", "value"),
    [
        ("float", 49.99, 49.99),
        ("float", 50, 50.0),
        ("float", 49.9900001, 49.99),
        ("float", 0, 0.0),
        ("date", 1_700_000_000, 1_700_000_000),
        ("date", 1_700_000_000.0, 1_700_000_000),
        ("date", 1_700_000_000.9, 1_700_000_000),
        ("string", "Past Due", "Past Due"),
        ("string", None, None),
        ("float", None, None),
        ("float", "", None),
        ("string", "", None),
        ("string", "Phone &amp; SMS", "Phone & SMS"),
        ("string", "Phone &amp; SMS", "Phone &amp; SMS"),
        ("date", "2023-11-14T22:13:20Z", 1_700_000_000),
        ("date", "2023-11-14T22:13:20.000+00:00", 1_700_000_000),
        ("integer", 42, 42),
        ("integer", 42.0, 42),
        ("integer", 42.004, 42),
        ("integer", 2**62 + 1, 2**62 + 1),
        ("boolean", True, True),
        ("boolean", False, False),
    ],
)
def test_what_intercom_holds_already(data_type: DataType, stored: Any, value: Any) -> None:
    assert same(data_type, stored, value)


@pytest.mark.parametrize(
    ("data_type", "stored", "value"),
    [
        ("float", 49.98, 49.99),
        ("float", None, 0.0),
        ("float", 0, None),
        ("float", "49.99", 49.99),
        ("float", True, 1.0),
        ("float", float("inf"), 1.0),
        ("date", 1_700_000_000_000, 1_700_000_000),
        ("date", 1_700_000_001, 1_700_000_000),
        ("date", float("nan"), 1_700_000_000),
        ("string", "past due", "Past Due"),
        ("string", "Past Due ", "Past Due"),
        ("string", None, "x"),
        ("string", 42, "42"),
        ("string", "x", None),
        ("string", "Phone &amp;amp; SMS", "Phone & SMS"),
        ("date", "soon", 1_700_000_000),
        ("float", 10**400, 1.0),
        ("integer", 41, 42),
        ("integer", 42.5, 42),
        ("integer", 2**62 + 1, 2**62),
        ("integer", "42", 42),
        ("integer", True, 1),
        ("boolean", 1, True),
        ("boolean", "true", True),
        ("boolean", None, False),
    ],
)
def test_what_intercom_does_not_hold(data_type: DataType, stored: Any, value: Any) -> None:
    assert not same(data_type, stored, value)


def test_only_what_differs_is_written() -> None:
    stored = {"chartmogul_mrr": 10, "chartmogul_status": "Active", "unrelated": "x"}
    assert compare(stored, mrr=1000.0, status="Cancelled") == {STATUS: "Cancelled"}
    assert compare(stored, mrr=1000.0, status="Active") == {}


def test_an_empty_value_clears_only_what_has_a_value() -> None:
    assert compare({"chartmogul_mrr": 10}, mrr=None, status=None) == {MRR: None}


def test_an_empty_value_is_kept_where_the_spec_says_so() -> None:
    assert compare({"chartmogul_mrr": 10}, empty_values="Keep", mrr=None, status="Active") == {STATUS: "Active"}


@pytest.mark.parametrize(
    ("stored", "updated_at", "expected"),
    [
        pytest.param({"chartmogul_mrr": 9}, None, {MRR: 10.0, UPDATED: START}, id="along with another change"),
        pytest.param({"chartmogul_mrr": 10}, None, {UPDATED: START}, id="the contact has none yet"),
        pytest.param({"chartmogul_mrr": 10, "chartmogul_last_updated": 5}, None, {}, id="nothing else changed"),
        pytest.param(
            {"chartmogul_mrr": 9, "chartmogul_last_updated": 5}, None, {MRR: 10.0, UPDATED: START}, id="renewed"
        ),
        pytest.param({"chartmogul_mrr": 10, "chartmogul_last_updated": 5}, 5, {}, id="as chartmogul says"),
        pytest.param({"chartmogul_mrr": 10, "chartmogul_last_updated": 5}, 6, {UPDATED: 6}, id="chartmogul is later"),
        pytest.param({"chartmogul_mrr": 9}, 6, {MRR: 10.0, UPDATED: 6}, id="chartmogul's time, not the run's"),
    ],
)
def test_last_updated(stored: dict[str, Any], updated_at: int | None, expected: dict[Field, Value | None]) -> None:
    sources = (Source.LAST_UPDATED, Source.MRR)
    assert compare(stored, sources=sources, mrr=1000.0, updated_at=updated_at) == expected
    assert compare(stored, sources=sources, mrr=1000.0, updated_at=updated_at, empty_values="Keep") == expected


def test_last_updated_falls_with_the_change_that_it_went_along_with() -> None:
    sources = (Source.MRR, Source.LAST_UPDATED)
    renewed = changes_for({"chartmogul_mrr": 9, "chartmogul_last_updated": 5}, sources=sources, mrr=1000.0)
    first = changes_for({"chartmogul_mrr": 9}, sources=sources, mrr=1000.0)
    assert without(renewed, {"chartmogul_mrr"}).values == {}
    assert without(first, {"chartmogul_mrr"}).values == {UPDATED: START}
    assert without(renewed, {"chartmogul_last_updated"}).values == {MRR: 10.0}
    assert without(renewed, set()) == renewed


def test_a_value_that_intercom_dropped_is_named() -> None:
    changes = {MRR: 10.0, STATUS: None}
    assert not_stored(changes, {"chartmogul_mrr": 10}) == []
    assert not_stored(changes, {"chartmogul_mrr": 10, "chartmogul_status": ""}) == []
    assert not_stored(changes, {"chartmogul_status": "Active"}) == [MRR, STATUS]


CENTS = st.none() | st.integers(-(10**12), 10**12).map(float) | st.floats(-1e9, 1e9)
SECONDS = st.none() | st.integers(0, 2**40)
TEXT = st.none() | st.text(max_size=300) | st.text("&<>;amp'\" ", max_size=300)
TYPES: list[DataType] = ["string", "integer", "float", "boolean", "date"]
CUSTOM = TEXT | st.booleans() | st.integers() | st.floats() | st.just(()) | st.datetimes().map(datetime.isoformat)
FACTS = st.builds(
    Facts,
    st.builds(
        customer,
        external_id=TEXT,
        email=TEXT,
        status=TEXT,
        mrr=CENTS,
        arr=CENTS,
        customer_since=SECONDS,
        updated_at=SECONDS,
        currency=TEXT,
        currency_sign=TEXT,
        url=TEXT,
        external_ids=st.lists(st.text(max_size=90), max_size=4).map(tuple),
        details=st.builds(
            CustomerDetails,
            company=TEXT,
            country=TEXT,
            billing_system=TEXT,
            lead_created_at=SECONDS,
            free_trial_started_at=SECONDS,
            tags=st.lists(st.text(max_size=90), max_size=4).map(tuple),
        ),
    ),
    net_payments=CENTS,
    plans=st.none() | st.builds(PlanTexts, TEXT, TEXT, TEXT),
    custom=st.dictionaries(st.sampled_from(TYPES), CUSTOM),
)
EVERY_FIELD = [
    *(field(source) for source in Source if source is not Source.CUSTOM_ATTRIBUTE),
    *(Field(Source.CUSTOM_ATTRIBUTE, f"own_{each}", each, each) for each in TYPES),
]
SELECTED = st.lists(st.sampled_from(EVERY_FIELD), min_size=1, unique=True)
STORED = st.dictionaries(
    st.sampled_from([each.attribute for each in EVERY_FIELD]),
    st.none() | st.text(max_size=5) | st.booleans() | st.integers() | st.floats(),
)


def plain(_: Field, value: Any) -> Any:
    return value


def escaped(_: Field, value: Any) -> Any:
    return html.escape(value) if isinstance(value, str) else value


def as_text(field: Field, value: Any) -> Any:
    if field.data_type != "date" or value is None or value > 253_402_300_799:
        return value
    return datetime.fromtimestamp(value, UTC).isoformat()


GIVEN_BACK = st.sampled_from([plain, escaped, as_text])
"""How Intercom gives back what was written."""


@given(
    facts=FACTS,
    selected=SELECTED,
    stored=STORED,
    empty_values=st.sampled_from(["Clear", "Keep"]),
    given_back=GIVEN_BACK,
)
def test_what_was_applied_differs_no_more(
    facts: Facts,
    selected: list[Field],
    stored: dict[str, Any],
    empty_values: Literal["Clear", "Keep"],
    given_back: Callable[[Field, Any], Any],
) -> None:
    changes = differences(selected, facts, stored, empty_values=empty_values, run_start=START).values
    assert set(changes) <= set(selected)
    after = stored | {field.attribute: given_back(field, value) for field, value in changes.items()}
    assert not_stored(changes, after) == []
    assert differences(selected, facts, after, empty_values=empty_values, run_start=START + 86_400).values == {}


@given(facts=FACTS, selected=SELECTED, stored=STORED)
def test_keep_never_clears(facts: Facts, selected: Any, stored: dict[str, Any]) -> None:
    changes = differences(selected, facts, stored, empty_values="Keep", run_start=START).values
    assert None not in changes.values()


@given(facts=FACTS, selected=SELECTED, stored=STORED)
def test_plans_that_are_found_later_change_what_they_would_have_changed_at_once(
    facts: Facts, selected: list[Field], stored: dict[str, Any]
) -> None:
    plans = {each.attribute for each in selected if each.source in PLAN_SOURCES}
    stored = {name: value for name, value in stored.items() if name not in plans}
    assert not clears_plans(selected, stored, empty_values="Clear")
    early = facts._replace(plans=NO_PLANS)
    before = differences(selected, early, stored, empty_values="Clear", run_start=START)
    later = with_plans(before, selected, facts, run_start=START)
    at_once = differences(selected, facts, stored, empty_values="Clear", run_start=START)
    assert (dict(later.values), later.companion) == (dict(at_once.values), at_once.companion)

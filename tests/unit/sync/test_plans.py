import pytest

from mogulsync.chartmogul.models import Plan, Subscription
from mogulsync.sync.fields import NO_PLANS
from mogulsync.sync.plans import PlanCatalog
from tests.support.builders import customer, plan, subscription

OWNER = customer(data_source_uuids=("ds_1", "ds_2"))


def test_names_of_active_subscriptions_are_distinct_sorted_and_joined() -> None:
    subscriptions = [
        subscription("pro"),
        subscription("Zeta"),
        subscription("pro", billing_cycle="year"),
        subscription("gone", active=False),
        subscription(None),
    ]
    assert PlanCatalog().texts(OWNER, subscriptions).names == "Zeta, pro"


def test_no_active_subscription_is_no_plan() -> None:
    assert PlanCatalog([plan("pro", "p1")]).texts(OWNER, [subscription("pro", active=False)]) == NO_PLANS


@pytest.mark.parametrize(
    ("plans", "subscriptions", "external_ids"),
    [
        pytest.param([plan("pro", "p1")], [subscription("pro")], "p1", id="exact"),
        pytest.param(
            [plan("pro", "monthly"), plan("pro", "yearly", interval_unit="year")],
            [subscription("pro", billing_cycle="year")],
            "yearly",
            id="the interval tells them apart",
        ),
        pytest.param(
            [plan("pro", "one"), plan("pro", "three", interval_count=3)],
            [subscription("pro", billing_cycle_count=3)],
            "three",
            id="the count tells them apart",
        ),
        pytest.param(
            [plan("pro", "mine"), plan("pro", "strange", data_source_uuid="ds_9")],
            [subscription("pro")],
            "mine",
            id="another data source is not the customer's",
        ),
        pytest.param(
            [plan("pro", "first"), plan("pro", "second", data_source_uuid="ds_2")],
            [subscription("pro", data_source_uuid="ds_2")],
            "second",
            id="the subscription's own data source counts where it is told",
        ),
        pytest.param(
            [plan("pro", "b", interval_unit="year"), plan("pro", "a", data_source_uuid="ds_2", interval_count=6)],
            [subscription("pro")],
            "a, b",
            id="without an exact one, all of that name in the customer's data sources",
        ),
        pytest.param([plan("pro", "x", data_source_uuid="ds_9")], [subscription("pro")], None, id="left out"),
        pytest.param([plan("pro", None)], [subscription("pro")], None, id="a plan without external id"),
        pytest.param([plan("pro", "p1")], [subscription("pro"), subscription("unknown")], "p1", id="unknown name"),
        pytest.param(
            [plan("pro", "same"), plan("team", "same"), plan("a", "Z")],
            [subscription("pro"), subscription("team"), subscription("a")],
            "Z, same",
            id="distinct and sorted",
        ),
    ],
)
def test_external_ids_are_resolved_by_name(
    plans: list[Plan], subscriptions: list[Subscription], external_ids: str | None
) -> None:
    assert PlanCatalog(plans).texts(OWNER, subscriptions).external_ids == external_ids


def test_billing_cycles_of_active_subscriptions_are_distinct_sorted_and_joined() -> None:
    subscriptions = [
        subscription("pro"),
        subscription("team"),
        subscription(None, billing_cycle="year"),
        subscription("x", billing_cycle_count=3),
        subscription("gone", billing_cycle="day", active=False),
        subscription("odd", billing_cycle=None),
        subscription("uncounted", billing_cycle="week", billing_cycle_count=None),
    ]
    assert PlanCatalog().texts(OWNER, subscriptions).billing_cycles == "3 months, month, week, year"

"""ChartMogul counts customers with a free subscription among the leads: their plans are kept, not cleared."""

from typing import Any

import pytest

from mogulsync.intercom.paging import PAGE_SIZE
from mogulsync.resource.reasons import Outcome, RecordReason
from mogulsync.sandbox import Respond, SandboxContact
from mogulsync.sandbox.faults import Effect
from tests.support.sandbox_world import World

SUBSCRIPTIONS = r"/customers/[^/]+/subscriptions"
PLAN_FIELDS = [{"source": "Plan"}, {"source": "BillingCycle"}]


def free(plan: str = "Free") -> list[dict[str, Any]]:
    return [{"id": 1, "plan": plan, "status": "active", "billing-cycle": "month", "billing-cycle-count": 1}]


async def customer_of(
    world: World, *held: dict[str, Any], status: str | None = "New Lead"
) -> tuple[str, list[SandboxContact]]:
    """Add a customer of contacts that hold these values of fields that are there."""
    await world.sync(fields=[*PLAN_FIELDS, {"source": "LastUpdated"}])
    uuid = world.account.add_customer({"email": "lead@example.com", "status": status})
    contacts = [world.account.add_contact(email="lead@example.com", custom_attributes=values) for values in held]
    world.requests.clear()
    return uuid, contacts


@pytest.mark.parametrize("status", ["New Lead", "Cancelled", "Paused", None])
async def test_a_plan_that_would_be_cleared_is_looked_up_first(world: World, status: str | None) -> None:
    held = {"chartmogul_plan": "Free", "chartmogul_billing_cycle": "month"}
    uuid, contacts = await customer_of(world, held, status=status)
    world.account.set_subscriptions(uuid, free())
    report = await world.sync(fields=PLAN_FIELDS)
    assert report.contacts.unchanged == 1
    assert world.stored(contacts[0]) == held
    assert world.requests.count(path=SUBSCRIPTIONS) == 1


async def test_a_plan_that_is_gone_is_cleared(world: World) -> None:
    _, contacts = await customer_of(world, {"chartmogul_plan": "Free"})
    report = await world.sync(fields=PLAN_FIELDS)
    assert report.contacts.updated == 1
    assert not world.stored(contacts[0])["chartmogul_plan"]
    assert (await world.sync(fields=PLAN_FIELDS)).contacts.unchanged == 1


@pytest.mark.parametrize("status", ["New Lead", "Paused"])
@pytest.mark.parametrize("values", [{}, {"chartmogul_plan": ""}, {"chartmogul_mrr": 5}])
async def test_nobody_is_asked_for_who_has_nothing_to_clear(world: World, values: dict[str, Any], status: str) -> None:
    uuid, _ = await customer_of(world, values, status=status)
    world.account.set_subscriptions(uuid, free())
    assert (await world.sync(fields=PLAN_FIELDS)).contacts.unchanged == 1
    assert world.requests.count(path=SUBSCRIPTIONS) == 0


async def test_nobody_is_asked_for_where_empty_values_are_kept(world: World) -> None:
    _, contacts = await customer_of(world, {"chartmogul_plan": "Free"})
    assert (await world.sync(fields=PLAN_FIELDS, emptyValues="Keep")).contacts.unchanged == 1
    assert world.requests.count(path=SUBSCRIPTIONS) == 0
    assert world.stored(contacts[0]) == {"chartmogul_plan": "Free"}


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_what_is_known_then_holds_for_all_contacts_and_fields(world: World, place: int) -> None:
    held: list[dict[str, Any]] = [{}, {}, {}]
    held[place] = {"chartmogul_billing_cycle": "year"}
    uuid, contacts = await customer_of(world, *held)
    world.account.set_subscriptions(uuid, free())
    fields = [*PLAN_FIELDS, {"source": "LastUpdated"}]
    report = await world.sync(fields=fields)
    assert (report.outcome, report.contacts.updated) == (Outcome.SUCCEEDED, 3)
    for contact in contacts:
        values = world.stored(contact)
        assert (values["chartmogul_plan"], values["chartmogul_billing_cycle"]) == ("Free", "month")
        assert values["chartmogul_last_updated"]
    assert world.requests.count(path=SUBSCRIPTIONS) == 1
    assert (await world.sync(fields=fields)).contacts.unchanged == 3


async def test_what_a_later_page_makes_known_holds_for_contacts_of_earlier_ones(world: World) -> None:
    uuid, contacts = await customer_of(world, {})
    world.pairs(PAGE_SIZE)
    contacts.append(world.account.add_contact(email="lead@example.com", custom_attributes={"chartmogul_plan": "Gold"}))
    world.account.set_subscriptions(uuid, free())
    report = await world.sync(fields=PLAN_FIELDS, intercom={"readPlan": "Scan"})
    assert report.outcome is Outcome.SUCCEEDED
    for contact in contacts:
        assert world.stored(contact) == {"chartmogul_plan": "Free", "chartmogul_billing_cycle": "month"}


@pytest.mark.parametrize("effect", [Respond(500), Respond(400)])
async def test_plans_that_cannot_be_looked_up_are_not_cleared(world: World, effect: Effect) -> None:
    world.pairs(1)
    uuid, contacts = await customer_of(world, {}, {"chartmogul_plan": "Free"}, {})
    world.faults.inject(effect, path=f"/customers/{uuid}/subscriptions")
    report = await world.sync(fields=PLAN_FIELDS)
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert report.contacts.failed == 3
    reason = RecordReason.UNAVAILABLE if effect == Respond(500) else RecordReason.REJECTED
    assert [(error.reason, error.count) for error in report.errors] == [(reason, 3)]
    assert world.stored(contacts[1]) == {"chartmogul_plan": "Free"}


async def test_subscriptions_that_are_refused_for_everybody_leave_the_run_partial(world: World) -> None:
    world.pairs(60)
    world.faults.inject(Respond(400), path=SUBSCRIPTIONS)
    report = await world.sync(fields=PLAN_FIELDS)
    assert (report.outcome, report.contacts.failed) == (Outcome.PARTIALLY_SUCCEEDED, 60)

"""Sources beyond the thirteen, and matching by a uuid or a custom attribute."""

from datetime import timedelta
from typing import Any

import pytest

from mogulsync.resource.reasons import Outcome
from mogulsync.resource.sources import Source
from mogulsync.sandbox import SandboxAccount
from tests.support import sandbox_world
from tests.support.sandbox_world import START, World

CUSTOMER: dict[str, Any] = {
    "email": "ann@example.com",
    "external_id": "b",
    "external_ids": ["b", "a"],
    "company": " Ann & Co ",
    "country": "US",
    "address": {"country": "Germany", "city": "Berlin"},
    "billing-system-type": "Stripe",
    "lead_created_at": "2020-01-01T00:00:00.000Z",
    "free_trial_started_at": "2020-02-01T00:00:00.000Z",
    "attributes": {
        "tags": ["vip, really", "a b", "vip, really"],
        "custom": {"score": {"value": 4.5, "source": "API"}, "seats": 12, "channel": " ads ", "paying": True},
    },
}
CUSTOM = [
    {"source": "CustomAttribute", "key": "score", "type": "float", "attribute": "own_score"},
    {"source": "CustomAttribute", "key": "seats", "type": "integer", "attribute": "own_seats"},
    {"source": "CustomAttribute", "key": "channel", "attribute": "own_channel"},
    {"source": "CustomAttribute", "key": "paying", "type": "boolean", "attribute": "own_paying"},
]
PLAIN = [{"source": source} for source in Source if source is not Source.CUSTOM_ATTRIBUTE]


async def test_every_further_source_is_sent_and_then_left_alone(world: World) -> None:
    uuid = world.account.add_customer(CUSTOMER)
    contact = world.account.add_contact(email="ann@example.com")
    names = ["ExternalIDs", "CustomerUUID", "CompanyName", "Country", "BillingSystem", "LeadCreated", "TrialStarted"]
    fields = [*({"source": name} for name in [*names, "Tags"]), *CUSTOM]
    report = await world.sync(fields=fields)
    assert report.outcome is Outcome.SUCCEEDED
    assert world.stored(contact) == {
        "chartmogul_external_ids": "a, b",
        "chartmogul_uuid": uuid,
        "chartmogul_company": "Ann & Co",
        "chartmogul_country": "Germany",
        "chartmogul_billing_system": "Stripe",
        "chartmogul_lead_created": 1_577_836_800,
        "chartmogul_trial_started": 1_580_515_200,
        "chartmogul_tags": "a b, vip, really",
        "own_score": 4.5,
        "own_seats": 12,
        "own_channel": "ads",
        "own_paying": True,
    }
    assert report.fields[Source.CUSTOM_ATTRIBUTE] == 4
    assert (await world.sync(fields=fields)).contacts.unchanged == 1


async def test_attributes_are_made_with_the_type_and_description_of_their_field(world: World) -> None:
    world.account.add_customer(CUSTOMER)
    world.account.add_contact(email="ann@example.com")
    await world.sync(fields=CUSTOM)
    made = [world.account.attributes.custom(str(field["attribute"])) for field in CUSTOM]
    assert [each and each.data_type for each in made] == ["float", "integer", "string", "boolean"]
    assert made[0] is not None
    assert "score" in made[0].description


async def test_billing_cycles_need_no_list_of_plans(world: World) -> None:
    world.pairs(1)
    cycles = [("month", 1), ("month", 3), ("year", 1), ("month", 1)]
    world.account.set_subscriptions(
        world.uuids()[0],
        [
            {"id": n, "plan": "Pro", "status": "active", "billing-cycle": unit, "billing-cycle-count": count}
            for n, (unit, count) in enumerate(cycles)
        ],
    )
    await world.sync(fields=[{"source": "BillingCycle"}])
    assert list(world.every_contact().values()) == [{"chartmogul_billing_cycle": "3 months, month, year"}]
    assert world.requests.count(api="chartmogul", path="/plans") == 0


@pytest.mark.parametrize("ambiguous", ["UpdateAll", "Skip"])
async def test_contacts_match_by_uuid(world: World, ambiguous: str) -> None:
    uuid = world.account.add_customer({"mrr": 100})
    contact = world.account.add_contact(external_id=uuid)
    matching = {"chartmogulField": "UUID", "intercomFields": ["external_id"], "ambiguous": ambiguous}
    report = await world.sync(matching=matching)
    assert (report.customers.matched, report.contacts.updated) == (1, 1)
    assert world.stored(contact)["chartmogul_mrr"] == 1


@pytest.mark.parametrize(("value", "stored"), [("42", 42), (42, 42), ({"value": 42.0}, "42"), (" x1 ", "x1")])
@pytest.mark.parametrize("read_plan", ["Auto", "Scan", "Search"])
async def test_contacts_match_by_a_custom_attribute(world: World, value: Any, stored: Any, read_plan: str) -> None:
    world.account.add_customer({"mrr": 100, "attributes": {"custom": {"crm_id": value}, "tags": []}})
    world.account.add_customer({"mrr": 200, "attributes": {"custom": {"crm_id": True}, "tags": []}})
    attribute = "account_number" if isinstance(stored, int) else "billing_id"
    contact = world.account.add_contact(custom_attributes={attribute: stored})
    matching = {"chartmogulField": "CustomAttribute", "chartmogulKey": "crm_id", "intercomFields": [attribute]}
    report = await world.sync(matching=matching, intercom={"readPlan": read_plan})
    assert (report.customers.matched, report.customers.unmatchable) == (1, 1)
    assert world.stored(contact)["chartmogul_mrr"] == 1


async def test_fifty_fields_of_a_realistic_account_are_settled_by_one_run() -> None:
    custom = [{"source": "CustomAttribute", "key": f"key {n}", "attribute": f"own_{n}"} for n in range(50 - len(PLAIN))]
    async with sandbox_world.world(SandboxAccount(customers=60, contacts=90)) as world:
        first = await world.sync(fields=[*PLAIN, *custom])
        assert first.contacts.updated == first.contacts.matched > 40
        second = await world.sync(fields=[*PLAIN, *custom], start=START + timedelta(days=1))
        assert second.contacts.unchanged == second.contacts.matched == first.contacts.matched

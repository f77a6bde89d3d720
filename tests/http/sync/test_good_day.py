"""Whole syncs over HTTP when nothing goes wrong."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from mogulsync.resource.reasons import AttributeReason, Outcome, RunReason, WarningReason
from mogulsync.resource.sources import Source
from mogulsync.sandbox import SandboxAccount, SandboxOptions
from tests.support import sandbox_world
from tests.support.sandbox_world import START, World

EVERY_FIELD = [{"source": source} for source in Source if source is not Source.CUSTOM_ATTRIBUTE]


async def test_a_first_run_creates_attributes_and_writes_and_a_second_does_nothing(world: World) -> None:
    contacts = world.pairs(5)
    first = await world.sync()
    assert (first.outcome, first.reason) == (Outcome.SUCCEEDED, RunReason.SUCCEEDED)
    assert first.attributes.created == ["chartmogul_mrr", "chartmogul_status"]
    assert first.contacts.updated == 5
    assert first.fields == {Source.MRR: 5, Source.CUSTOMER_STATUS: 5}
    assert world.stored(contacts[3]) == {"chartmogul_mrr": 10.03, "chartmogul_status": "Active"}

    world.requests.clear()
    second = await world.sync()
    assert second.outcome is Outcome.SUCCEEDED
    assert second.contacts.unchanged == 5
    assert second.attributes.created == []
    assert second.fields == {}
    assert world.requests.count(api="intercom", method="PUT") == 0
    assert world.requests.count(api="intercom") == second.requests.intercom == 3
    assert world.requests.count(api="chartmogul") == second.requests.chartmogul == 1


async def test_a_realistic_account_is_settled_by_one_run() -> None:
    account = SandboxAccount(customers=60, contacts=90)
    async with sandbox_world.world(account) as world:
        first = await world.sync(fields=EVERY_FIELD)
        assert first.contacts.updated == first.contacts.matched > 40
        assert set(first.fields) == set(Source) - {Source.CUSTOM_ATTRIBUTE}
        assert first.warnings == [] or first.warnings[0].reason is WarningReason.MIXED_CURRENCIES
        before = world.every_contact()
        second = await world.sync(fields=EVERY_FIELD, start=START + timedelta(days=1))
        assert second.contacts.unchanged == second.contacts.matched == first.contacts.matched
        assert world.every_contact() == before


async def test_only_selected_attributes_of_matched_contacts_are_written(world: World) -> None:
    matched = world.pairs(2)[0]
    stranger = world.account.add_contact(email="stranger@example.com", custom_attributes={"newsletter": True})
    await world.sync(fields=[{"source": "MRR"}])
    writes = world.requests.select(api="intercom", method="PUT")
    assert {exchange.written for exchange in writes} == {("custom_attributes.chartmogul_mrr",)}
    assert matched.id in {exchange.path.removeprefix("/contacts/") for exchange in writes}
    assert world.stored(stranger) == {"newsletter": True}


async def test_only_what_changed_is_written(world: World) -> None:
    contacts = world.pairs(3)
    await world.sync()
    uuid = next(customer["uuid"] for _, customer in world.account.customers())
    world.account.change_customer(uuid, {"status": "Cancelled"})
    world.requests.clear()
    report = await world.sync()
    assert (report.contacts.updated, report.contacts.unchanged) == (1, 2)
    writes = world.requests.select(api="intercom", method="PUT")
    assert [exchange.written for exchange in writes] == [("custom_attributes.chartmogul_status",)]
    assert world.stored(contacts[0])["chartmogul_status"] == "Cancelled"


async def test_a_dry_run_writes_nothing_and_says_what_the_real_run_then_does(world: World) -> None:
    world.pairs(4)
    dry = await world.sync(dry_run=True)
    assert world.requests.count(api="intercom", method="PUT") == 0
    assert world.requests.count(api="intercom", method="POST") == 0
    real = await world.sync()
    assert dry.dry_run
    assert not real.dry_run
    for part in ("outcome", "reason", "exit_code", "customers", "contacts", "attributes", "fields", "errors"):
        assert getattr(dry, part) == getattr(real, part), part


async def test_external_ids_match_by_any_listed_attribute(world: World) -> None:
    world.account.add_customer({"external_id": "42", "external_ids": ["42"], "mrr": 100})
    world.account.add_customer({"external_id": "Ab", "external_ids": ["Ab", "old"], "mrr": 200})
    by_number = world.account.add_contact(custom_attributes={"account_number": 42})
    by_own = world.account.add_contact(external_id="old")
    other_case = world.account.add_contact(external_id="ab")
    report = await world.sync(
        matching={"chartmogulField": "ExternalID", "intercomFields": ["external_id", "account_number"]}
    )
    assert report.contacts.matched == 2
    assert world.stored(by_number)["chartmogul_mrr"] == 1
    assert world.stored(by_own)["chartmogul_mrr"] == 2
    assert world.stored(other_case) == {}


@pytest.mark.parametrize("ambiguous", ["UpdateAll", "Skip"])
async def test_a_customer_of_two_contacts_updates_both_or_none(world: World, ambiguous: str) -> None:
    world.pairs(1)
    world.account.add_contact(email="Person0@Example.com", role="lead")
    report = await world.sync(matching={"ambiguous": ambiguous})
    if ambiguous == "UpdateAll":
        assert (report.customers.matched, report.contacts.updated) == (1, 2)
    else:
        assert (report.customers.ambiguous, report.contacts.matched) == (1, 0)
        assert world.writes() == 0


async def test_skip_still_updates_those_with_one_contact(world: World) -> None:
    contacts = world.pairs(3)
    world.account.add_contact(email="person0@example.com")
    report = await world.sync(matching={"ambiguous": "Skip"})
    assert (report.customers.matched, report.customers.ambiguous, report.contacts.updated) == (2, 1, 2)
    assert world.stored(contacts[0]) == {}


async def test_the_guard_stops_a_run_before_its_first_write_and_says_what_it_would_do(world: World) -> None:
    contacts = world.pairs(4)
    report = await world.sync(maxChangedPercent=50)
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, RunReason.GUARD_TRIPPED, 4)
    assert "4 contacts, 4 are matched" in report.message
    assert report.contacts.failed == 4
    assert report.attributes.created == []
    assert report.fields == {}
    assert world.requests.count(api="intercom", method="PUT") == 0
    assert world.requests.count(api="intercom", method="POST") == 0
    assert world.stored(contacts[0]) == {}


async def test_a_dry_run_that_the_guard_would_stop_says_so_and_counts_what_the_run_would_do_without(
    world: World,
) -> None:
    world.pairs(4)
    report = await world.sync(maxChangedPercent=50, dry_run=True)
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, RunReason.GUARD_TRIPPED, 4)
    assert (report.contacts.updated, report.contacts.failed) == (4, 0)
    assert report.attributes.created == ["chartmogul_mrr", "chartmogul_status"]
    assert report.fields == {Source.MRR: 4, Source.CUSTOMER_STATUS: 4}
    assert world.writes() == 0


async def test_a_run_within_the_guard_goes_on(world: World) -> None:
    world.pairs(4)
    await world.sync()
    uuid = next(customer["uuid"] for _, customer in world.account.customers())
    world.account.change_customer(uuid, {"mrr": 5})
    report = await world.sync(maxChangedPercent=25)
    assert report.outcome is Outcome.SUCCEEDED
    assert (report.contacts.updated, report.contacts.unchanged) == (1, 3)


@pytest.mark.parametrize(("empty_values", "left"), [("Clear", None), ("Keep", 10.0)])
async def test_an_empty_value_clears_or_keeps(world: World, empty_values: str, left: float | None) -> None:
    contact = world.pairs(1)[0]
    await world.sync()
    uuid = next(customer["uuid"] for _, customer in world.account.customers())
    world.account.change_customer(uuid, {"mrr": None})
    await world.sync(emptyValues=empty_values)
    assert world.stored(contact).get("chartmogul_mrr") == left
    assert (await world.sync(emptyValues=empty_values)).contacts.unchanged == 1


async def test_where_intercom_refuses_null_for_leads_text_is_cleared_with_empty_text() -> None:
    async with sandbox_world.world(
        options=SandboxOptions(intercom_limit=None, chartmogul_limit=None, leads_refuse_null=True)
    ) as world:
        uuid = world.account.add_customer({"email": "lead@example.com", "status": "Active"})
        lead = world.account.add_contact(email="lead@example.com", role="lead")
        fields = [{"source": "CustomerStatus"}]
        await world.sync(fields=fields)
        world.account.change_customer(uuid, {"status": None})
        report = await world.sync(fields=fields)
        assert report.contacts.updated == 1
        assert world.stored(lead)["chartmogul_status"] in {"", None}
        assert (await world.sync(fields=fields)).contacts.unchanged == 1


async def test_last_updated_is_the_start_of_the_run_that_changed_something(world: World) -> None:
    contact = world.pairs(1)[0]
    fields = [{"source": "MRR"}, {"source": "LastUpdated"}]
    await world.sync(fields=fields)
    assert world.stored(contact)["chartmogul_last_updated"] == int(START.timestamp())
    later = START + timedelta(days=1)
    assert (await world.sync(fields=fields, start=later)).contacts.unchanged == 1
    uuid = next(customer["uuid"] for _, customer in world.account.customers())
    world.account.change_customer(uuid, {"mrr": 7})
    await world.sync(fields=fields, start=later)
    assert world.stored(contact)["chartmogul_last_updated"] == int(later.timestamp())


async def test_a_shared_contact_takes_the_data_of_the_best_customer(world: World) -> None:
    world.account.add_customer({"email": "shared@example.com", "status": "Cancelled", "mrr": 9900})
    world.account.add_customer({"email": "Shared@example.com", "status": "Active", "mrr": 100})
    contact = world.account.add_contact(email="shared@example.com")
    report = await world.sync()
    assert (report.customers.matched, report.customers.conflicts) == (1, 1)
    assert world.stored(contact) == {"chartmogul_mrr": 1, "chartmogul_status": "Active"}


async def test_only_customers_of_the_listed_data_sources_count(world: World) -> None:
    world.account.add_customer({"email": "in@example.com", "data_source_uuids": ["ds_a", "ds_b"]})
    world.account.add_customer({"email": "out@example.com", "data_source_uuids": ["ds_c"]})
    world.account.add_contact(email="in@example.com")
    world.account.add_contact(email="out@example.com")
    report = await world.sync(chartmogul={"dataSources": ["ds_b"]})
    assert (report.customers.total, report.contacts.matched) == (1, 1)


async def test_subscriptions_are_read_only_of_matched_customers_who_can_have_one(world: World) -> None:
    world.pairs(2)
    world.account.add_customer({"email": "nobody@example.com"})
    for status in ("Cancelled", "New Lead"):
        world.account.add_customer({"email": f"{status[:3]}@example.com", "status": status})
        world.account.add_contact(email=f"{status[:3]}@example.com")
    report = await world.sync(fields=[{"source": "Plan"}])
    assert report.contacts.matched == 4
    assert world.requests.count(api="chartmogul", path=r"/customers/[^/]+/subscriptions") == 2
    assert world.requests.count(api="chartmogul", path=r"/plans") == 0
    assert world.requests.count(api="chartmogul", path=r"/invoices") == 0


async def test_amounts_in_another_currency_are_one_warning(world: World) -> None:
    contact = world.pairs(1)[0]
    uuid = next(customer["uuid"] for _, customer in world.account.customers())
    paid = {"type": "payment", "result": "successful", "amount_in_cents": 500, "disabled": False}
    world.account.change_customer(uuid, {"currency": "USD"})
    world.account.set_invoices(
        uuid, [{"uuid": "inv_1", "customer_uuid": uuid, "currency": "EUR", "line_items": [], "transactions": [paid]}]
    )
    report = await world.sync(fields=[{"source": "NetPayments"}, {"source": "MRR"}])
    assert report.outcome is Outcome.SUCCEEDED
    assert [(each.reason, each.count) for each in report.warnings] == [(WarningReason.MIXED_CURRENCIES, 1)]
    assert "chartmogul_net_payments" not in world.stored(contact)


async def test_another_region_is_a_warning(world: World) -> None:
    world.pairs(1)
    report = await world.sync(intercom={"region": "EU"})
    assert report.outcome is Outcome.SUCCEEDED
    assert [(each.reason, each.count) for each in report.warnings] == [(WarningReason.REGION_MISMATCH, 1)]
    assert report.workspace is not None
    assert report.workspace.region == "US"


@pytest.mark.parametrize("read_plan", ["Scan", "Search", "Auto"])
async def test_every_read_plan_finds_the_same(world: World, read_plan: str) -> None:
    world.pairs(3)
    for number in range(500):
        world.account.add_contact(email=f"other{number}@example.com")
    report = await world.sync(intercom={"readPlan": read_plan})
    assert report.contacts.updated == 3
    searches = world.requests.count(api="intercom", path="/contacts/search")
    pages = world.requests.count(api="intercom", path="/contacts")
    assert (searches, pages) == {"Scan": (0, 4), "Search": (1, 0), "Auto": (1, 1)}[read_plan]


async def test_a_search_asks_for_numbers_where_an_attribute_holds_numbers(world: World) -> None:
    world.account.add_customer({"external_id": "42", "external_ids": ["42"]})
    world.account.add_contact(custom_attributes={"account_number": 42})
    report = await world.sync(
        intercom={"readPlan": "Search"},
        matching={"chartmogulField": "ExternalID", "intercomFields": ["account_number"]},
    )
    assert report.contacts.updated == 1


async def test_what_a_search_does_not_show_yet_is_found_by_the_next_run() -> None:
    moment = [1000.0]
    options = SandboxOptions(intercom_limit=None, chartmogul_limit=None, search_lag=60, clock=lambda: moment[0])
    async with sandbox_world.world(options=options) as world:
        world.account.add_customer({"email": "new@example.com"})
        world.account.add_contact(email="new@example.com", now=1000.0)
        early = await world.sync(intercom={"readPlan": "Search"})
        assert (early.customers.unmatched, early.contacts.matched) == (1, 0)
        assert (await world.sync(intercom={"readPlan": "Scan"}, dry_run=True)).contacts.matched == 1
        moment[0] += 61
        assert (await world.sync(intercom={"readPlan": "Search"})).contacts.updated == 1


async def test_without_a_usable_key_no_contact_is_read(world: World) -> None:
    world.account.add_customer({"email": None})
    report = await world.sync()
    assert (report.customers.unmatchable, report.customers.total) == (1, 1)
    assert world.requests.count(api="intercom", path="/contacts.*") == 0


async def test_an_attribute_that_cannot_be_used_drops_one_field(world: World) -> None:
    contact = world.pairs(1)[0]
    world.account.attributes.create({"name": "chartmogul_mrr", "model": "contact", "data_type": "string"})
    for dry_run in (True, False):
        report = await world.sync(dry_run=dry_run)
        assert report.reason == RunReason.PARTIALLY_SUCCEEDED
        assert [(each.attribute, each.reason) for each in report.attributes.refused] == [
            ("chartmogul_mrr", AttributeReason.WRONG_TYPE)
        ]
        assert "chartmogul_mrr" in report.message
    assert world.stored(contact) == {"chartmogul_status": "Active"}


async def test_no_usable_attribute_ends_the_run_before_anything_is_read(world: World) -> None:
    world.pairs(1)
    world.account.attributes.create({"name": "chartmogul_mrr", "model": "contact", "data_type": "string"})
    report = await world.sync(fields=[{"source": "MRR"}])
    assert (report.outcome, report.reason) == (Outcome.FAILED, RunReason.ATTRIBUTES_NOT_USABLE)
    assert world.requests.count(api="chartmogul") == 0


@pytest.mark.parametrize("listed", [["nowhere"], ["external_id", "nowhere"]])
async def test_an_attribute_to_match_by_that_is_missing_ends_the_run(world: World, listed: list[str]) -> None:
    report = await world.sync(matching={"chartmogulField": "ExternalID", "intercomFields": listed})
    assert (report.outcome, report.reason) == (Outcome.FAILED, RunReason.ATTRIBUTES_NOT_USABLE)
    assert "nowhere" in report.message
    assert [each.attribute for each in report.attributes.refused] == ["nowhere"]


async def test_two_runs_at_once_end_as_one_would(world: World) -> None:
    contacts = world.pairs(30)
    reports = await asyncio.gather(world.sync(), world.sync())
    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert [world.stored(contact)["chartmogul_mrr"] for contact in contacts] == [10 + n / 100 for n in range(30)]
    assert (await world.sync()).contacts.unchanged == 30
    created: list[Any] = [name for report in reports for name in report.attributes.created]
    assert sorted(created) == ["chartmogul_mrr", "chartmogul_status"]


async def test_contacts_are_written_while_further_ones_are_still_being_read(world: World) -> None:
    world.pairs(400)
    await world.sync(intercom={"readPlan": "Scan"})
    paths = [request.path for request in world.requests.select(api="intercom")]
    last_page = max(place for place, path in enumerate(paths) if path == "/contacts")
    first_write = next(place for place, path in enumerate(paths) if path.startswith("/contacts/"))
    assert first_write < last_page
    assert len({path for path in paths if path.startswith("/contacts/")}) == 400


async def test_a_check_writes_nothing_and_counts_nothing(world: World) -> None:
    world.pairs(1)
    report = await world.check()
    assert report.outcome is Outcome.SUCCEEDED
    assert report.workspace is not None
    assert report.customers.total == report.contacts.matched == 0
    assert (report.requests.chartmogul, report.requests.intercom) == (1, 2)
    assert {exchange.method for exchange in world.requests} == {"GET"}


async def test_a_check_names_refused_attributes_and_passes_while_one_is_left(world: World) -> None:
    world.account.attributes.create({"name": "chartmogul_mrr", "model": "contact", "data_type": "string"})
    report = await world.check()
    assert report.exit_code == 0
    assert [each.attribute for each in report.attributes.refused] == ["chartmogul_mrr"]
    report = await world.check(fields=[{"source": "MRR"}])
    assert (report.reason, report.exit_code) == (RunReason.ATTRIBUTES_NOT_USABLE, 4)


async def test_a_check_passes_while_one_attribute_to_match_by_is_left(world: World) -> None:
    fields = ["external_id", "nowhere"]
    report = await world.check(matching={"chartmogulField": "ExternalID", "intercomFields": fields})
    assert report.exit_code == 0
    assert [(each.attribute, each.reason) for each in report.attributes.refused] == [("nowhere", "NotFound")]


async def test_a_check_fails_when_nothing_can_be_matched_by(world: World) -> None:
    report = await world.check(matching={"chartmogulField": "ExternalID", "intercomFields": ["nowhere"]})
    assert (report.reason, report.exit_code) == (RunReason.ATTRIBUTES_NOT_USABLE, 4)

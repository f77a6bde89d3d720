"""`unmatchedContacts: Clear`: values of contacts that no customer matches are cleared, last and with care."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.models import Contact
from mogulsync.resource.reasons import Outcome, RecordReason, RunReason, WarningReason
from mogulsync.sandbox import Delay, Respond, Rewrite, SandboxContact
from mogulsync.sync.fields import Field
from mogulsync.sync.matching import CustomerOutcome
from mogulsync.sync.observing import value_changes
from mogulsync.sync.planning import Planned
from mogulsync.transport.settings import IntercomLimits
from tests.support.sandbox_world import WRITES, World

CLEAR: dict[str, Any] = {"unmatchedContacts": "Clear"}


async def settled(world: World, count: int) -> list[SandboxContact]:
    """Sync so many pairs, so that attributes are there and all contacts are up to date."""
    contacts = world.pairs(count)
    await world.sync()
    world.requests.clear()
    return contacts


def stale(world: World, email: str | None = "gone@example.com", **values: Any) -> SandboxContact:
    """Add a contact that holds values of a customer who is gone."""
    held = {"chartmogul_mrr": 5, "chartmogul_status": "Active", **values}
    return world.account.add_contact(email=email, custom_attributes=held)


async def test_values_of_contacts_without_a_customer_are_cleared_once(world: World) -> None:
    await settled(world, 3)
    contacts = [stale(world), stale(world, None, newsletter=True)]
    first = await world.sync(**CLEAR)
    assert (first.outcome, first.contacts.cleared, first.contacts.unchanged) == (Outcome.SUCCEEDED, 2, 3)
    assert first.fields == {}
    assert first.contacts.matched == 3
    for contact in contacts:
        values = world.stored(contact)
        assert not values["chartmogul_mrr"]
        assert not values["chartmogul_status"]
    assert world.stored(contacts[1])["newsletter"] is True
    world.requests.clear()
    second = await world.sync(**CLEAR)
    assert (second.contacts.cleared, world.writes()) == (0, 0)


async def test_nothing_is_cleared_where_the_customers_are_read_by_half(world: World) -> None:
    await settled(world, 3)

    def halve(page: Any) -> Any:
        return {**page, "entries": page["entries"][:2], "has_more": "true", "cursor": {"next": "abc"}}

    world.faults.inject(Rewrite(halve), path="/customers")
    report = await world.sync(**CLEAR)
    assert (report.outcome, report.reason) == (Outcome.FAILED, RunReason.CHARTMOGUL_UNAVAILABLE)
    assert world.writes() == 0


async def test_a_contact_that_holds_nothing_is_not_written(world: World) -> None:
    await settled(world, 3)
    world.account.add_contact(email="empty@example.com")
    stale(world, chartmogul_mrr=None, chartmogul_status="")
    report = await world.sync(**CLEAR)
    assert (report.contacts.cleared, world.writes()) == (0, 0)


async def test_only_what_is_held_is_cleared_whatever_empty_values_says(world: World) -> None:
    await settled(world, 1)
    stale(world, chartmogul_status=None)
    report = await world.sync(emptyValues="Keep", **CLEAR)
    assert report.contacts.cleared == 1
    assert [each.written for each in world.requests.select(method="PUT")] == [("custom_attributes.chartmogul_mrr",)]


async def test_by_default_strangers_are_left_alone(world: World) -> None:
    await settled(world, 3)
    contact = stale(world)
    report = await world.sync()
    assert report.contacts.cleared == 0
    assert world.stored(contact)["chartmogul_mrr"] == 5


async def test_clears_come_last(world: World) -> None:
    contacts = await settled(world, 160)
    stranger = stale(world)
    for uuid in world.uuids():
        world.account.change_customer(uuid, {"mrr": 1})
    report = await world.sync(**CLEAR)
    assert (report.contacts.updated, report.contacts.cleared) == (160, 1)
    written = [each.path for each in world.requests.select(api="intercom", method="PUT")]
    assert written[-1] == f"/contacts/{stranger.id}"
    assert len(written) == len(contacts) + 1


@pytest.mark.parametrize("dry_run", [True, False])
async def test_more_clears_than_matches_are_a_warning_and_none_is_made(world: World, *, dry_run: bool) -> None:
    await settled(world, 2)
    contacts = [stale(world) for _ in range(3)]
    report = await world.sync(dry_run=dry_run, **CLEAR)
    assert (report.outcome, report.contacts.cleared) == (Outcome.SUCCEEDED, 0)
    assert [(each.reason, each.count) for each in report.warnings] == [(WarningReason.CLEARS_MANY, 3)]
    assert world.stored(contacts[0])["chartmogul_mrr"] == 5


async def test_without_any_key_none_is_cleared_and_the_warning_says_how_many(world: World) -> None:
    await settled(world, 2)
    for uuid in world.uuids():
        world.account.change_customer(uuid, {"email": None})
    report = await world.sync(**CLEAR)
    assert (report.contacts.matched, report.contacts.cleared) == (0, 0)
    assert [(each.reason, each.count) for each in report.warnings] == [(WarningReason.CLEARS_MANY, 2)]


async def test_none_is_cleared_where_a_customer_could_not_be_read(world: World) -> None:
    await settled(world, 3)
    contact = stale(world)

    def take_uuid(body: Any) -> Any:
        body["entries"][0]["uuid"] = None
        return body

    world.faults.inject(Rewrite(take_uuid), path="/customers")
    report = await world.sync(**CLEAR)
    assert (report.outcome, report.contacts.cleared) == (Outcome.SUCCEEDED, 0)
    assert [(each.reason, each.count) for each in report.warnings] == [(WarningReason.UNREADABLE, 1)]
    assert world.stored(contact)["chartmogul_mrr"] == 5


@pytest.mark.parametrize(
    ("matching", "key", "value"),
    [
        ("Email", "email", ["person0@example.com"]),
        ("Email", "email", {"address": "person0@example.com"}),
        ("Email", "email", True),
        ("ExternalID", "external_id", ["id_0"]),
        ("ExternalID", "external_ids", "id_0"),
        ("ExternalID", "external_ids", [{"id": "id_0"}]),
    ],
)
async def test_none_is_cleared_where_a_customer_has_a_key_of_another_type(
    world: World, matching: str, key: str, value: Any
) -> None:
    for number in range(3):
        email, external_id = f"person{number}@example.com", f"id_{number}"
        world.account.add_customer(
            {"email": email, "external_id": external_id, "external_ids": [external_id], "mrr": 1000}
        )
        world.account.add_contact(email=email, external_id=external_id)
    by = {"chartmogulField": matching} | ({"intercomFields": ["external_id"]} if matching == "ExternalID" else {})
    await world.sync(matching=by)
    held = world.every_contact()

    def spoil(body: Any) -> Any:
        if matching == "ExternalID":
            body["entries"][0] |= {"external_id": None, "external_ids": None}
        body["entries"][0][key] = value
        return body

    world.faults.inject(Rewrite(spoil), path="/customers")
    report = await world.sync(matching=by, **CLEAR)
    assert (report.outcome, report.customers.unmatchable) == (Outcome.SUCCEEDED, 1)
    assert [(each.reason, each.count) for each in report.warnings] == [(WarningReason.UNREADABLE, 1)]
    assert (report.contacts.cleared, world.every_contact()) == (0, held)


@pytest.mark.parametrize(("percent", "trips"), [(49, True), (50, False)])
async def test_a_clear_is_a_change_for_the_guard(world: World, percent: int, *, trips: bool) -> None:
    await settled(world, 4)
    contacts = [stale(world), stale(world)]
    report = await world.sync(maxChangedPercent=percent, **CLEAR)
    assert (report.reason == RunReason.GUARD_TRIPPED) is trips
    assert report.contacts.cleared == (0 if trips else 2)
    assert bool(world.stored(contacts[0])["chartmogul_mrr"]) is trips
    dry = await world.sync(maxChangedPercent=percent, dry_run=True, **CLEAR)
    assert (dry.reason == RunReason.GUARD_TRIPPED) is trips
    assert dry.contacts.cleared == (2 if trips else 0)


async def test_with_no_match_any_clear_trips_the_guard(world: World) -> None:
    await settled(world, 1)
    world.account.delete_customer(world.uuids()[0])
    report = await world.sync(maxChangedPercent=99, **CLEAR)
    assert (report.outcome, report.reason) == (Outcome.FAILED, RunReason.GUARD_TRIPPED)
    assert world.writes() == 0


async def test_a_dry_run_counts_what_would_be_cleared(world: World) -> None:
    await settled(world, 3)
    stale(world)
    report = await world.sync(dry_run=True, **CLEAR)
    assert (report.contacts.cleared, world.writes()) == (1, 0)
    assert "would be cleared" in report.message


async def test_contacts_of_customers_of_other_data_sources_are_not_cleared(world: World) -> None:
    await settled(world, 3)
    world.account.add_customer(
        {"email": "other@example.com", "data_source_uuid": "ds_other", "data_source_uuids": ["ds_other"]}
    )
    others = stale(world, "Other@Example.com")
    strangers = stale(world)
    source = next(customer["data_source_uuid"] for _, customer in world.account.customers())
    report = await world.sync(chartmogul={"dataSources": [source]}, **CLEAR)
    assert (report.customers.total, report.contacts.cleared) == (3, 1)
    assert world.stored(others)["chartmogul_mrr"] == 5
    assert not world.stored(strangers)["chartmogul_mrr"]


async def test_contacts_of_skipped_customers_are_not_cleared(world: World) -> None:
    contacts = await settled(world, 3)
    world.account.add_contact(email="person0@example.com")
    report = await world.sync(matching={"ambiguous": "Skip"}, **CLEAR)
    assert (report.customers.ambiguous, report.contacts.cleared) == (1, 0)
    assert world.stored(contacts[0])["chartmogul_mrr"] == 10


@pytest.mark.parametrize("read_plan", ["Auto", "Scan"])
async def test_all_contacts_are_listed(world: World, read_plan: str) -> None:
    await settled(world, 3)
    for number in range(500):
        world.account.add_contact(email=f"other{number}@example.com")
    stale(world)
    report = await world.sync(intercom={"readPlan": read_plan}, **CLEAR)
    assert report.contacts.cleared == 1
    assert world.requests.count(path="/contacts/search") == 0


@pytest.mark.parametrize("first", ["gone@example.com", "person0@example.com"])
async def test_a_contact_whose_email_changes_while_contacts_are_read_is_not_cleared(world: World, first: str) -> None:
    contact = (await settled(world, 160))[0]
    other = "gone@example.com" if first == "person0@example.com" else "person0@example.com"

    def both(body: Any) -> Any:
        seen = [each for each in body["data"] if each["id"] == contact.id]
        body["data"] = [{**each, "email": email} for each in seen for email in (first, other)] + body["data"]
        return body

    world.faults.inject(Rewrite(both), method="GET", path="/contacts", times=1)
    report = await world.sync(**CLEAR)
    assert (report.contacts.cleared, report.contacts.matched) == (0, 160)
    assert world.stored(contact)["chartmogul_mrr"] == 10


async def test_a_clear_that_fails_makes_the_run_partial_and_is_in_no_other_count(world: World) -> None:
    await settled(world, 4)
    contacts = [stale(world), stale(world), stale(world)]
    world.faults.inject(Respond(400), method="PUT", path=f"/contacts/{contacts[0].id}")
    world.faults.inject(Respond(404), method="PUT", path=f"/contacts/{contacts[1].id}")
    report = await world.sync(**CLEAR)
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert (report.contacts.cleared, report.contacts.failed, report.contacts.vanished) == (1, 0, 0)
    assert [(each.reason, each.count) for each in report.errors] == [(RecordReason.CLEAR_FAILED, 1)]
    example = report.errors[0].example
    assert example is not None
    assert example.contact == contacts[0].id


async def test_values_that_a_clear_leaves_behind_make_it_failed(world: World) -> None:
    await settled(world, 3)
    contact = stale(world)

    def keep(body: Any) -> Any:
        body["custom_attributes"]["chartmogul_mrr"] = 5
        return body

    world.faults.inject(Rewrite(keep), method="PUT", path=f"/contacts/{contact.id}")
    report = await world.sync(**CLEAR)
    assert [(each.reason, each.count) for each in report.errors] == [(RecordReason.CLEAR_FAILED, 1)]
    assert report.fields == {}


async def test_a_refused_attribute_is_not_cleared(world: World) -> None:
    await settled(world, 3)
    contact = stale(world)
    world.account.attributes.archive("chartmogul_mrr")
    report = await world.sync(**CLEAR)
    assert report.contacts.cleared == 1
    assert world.stored(contact)["chartmogul_mrr"] == 5
    assert not world.stored(contact)["chartmogul_status"]


async def test_clears_not_reached_are_counted_nowhere_and_left_to_the_next_run(world: World) -> None:
    count = IntercomLimits().connections_max + 40  # not all can be under way at once
    await settled(world, count)
    contacts = [stale(world) for _ in range(count)]
    world.faults.inject(Delay(0.3), method="PUT", path=WRITES)
    stop = asyncio.Event()

    async def stop_early() -> None:
        while world.writes() < 1:  # noqa: ASYNC110 - the sandbox has no event to wait for
            await asyncio.sleep(0.005)
        stop.set()

    report, _ = await asyncio.gather(world.sync(stop=stop, **CLEAR), stop_early())
    assert report.reason == RunReason.INTERRUPTED
    assert 0 < report.contacts.cleared < count
    assert (report.contacts.failed, report.errors) == (0, [])
    world.faults.clear()
    after = await world.sync(**CLEAR)
    assert after.contacts.cleared == count - report.contacts.cleared
    assert not any(world.stored(contact)["chartmogul_mrr"] for contact in contacts)


class Recorder:
    """Keeps what a run gives its observer."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.matches: list[tuple[str, Any, Any]] = []
        self.clears: list[tuple[str | None, Any]] = []
        self.customers: list[tuple[str | None, CustomerOutcome]] = []

    def on_fields(self, fields: Sequence[Field]) -> None:
        self.fields = fields
        self.names = [field.attribute for field in fields]

    def on_match(self, planned: Planned) -> None:
        [(now, then)] = value_changes(planned, self.fields[:1])
        self.matches.append((str(planned.match.contact.email), now, then))

    def on_clear(self, contact: Contact, fields: Sequence[Field]) -> None:
        self.clears.append((contact.email, [contact.attributes[field.attribute] for field in fields]))

    def on_customer(self, customer: Customer, outcome: CustomerOutcome) -> None:
        self.customers.append((customer.email, outcome))


async def test_an_observer_gets_every_pair_every_other_customer_and_every_clear(world: World) -> None:
    await settled(world, 2)
    stale(world)
    world.account.add_customer({"email": "nobody@example.com"})
    world.account.add_customer({"email": "person1@example.com", "status": "Cancelled"})
    world.account.add_customer({"email": None})
    world.account.change_customer(world.uuids()[0], {"mrr": 100})
    recorder = Recorder()
    report = await world.sync(dry_run=True, observer=recorder, **CLEAR)
    assert (report.contacts.updated, report.contacts.unchanged, report.contacts.cleared) == (1, 1, 1)
    assert recorder.names == ["chartmogul_mrr", "chartmogul_status"]
    assert sorted(recorder.matches) == [("person0@example.com", 10, 1), ("person1@example.com", 10.01, 10.01)]
    assert recorder.clears == [("gone@example.com", [5, "Active"])]
    assert recorder.customers == [
        ("nobody@example.com", "unmatched"),
        ("person1@example.com", "conflicts"),
        (None, "unmatchable"),
    ]

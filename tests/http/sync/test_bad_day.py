"""Whole syncs over HTTP when something goes wrong: each fault ends under its own reason."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mogulsync.resource.reasons import AttributeReason, Outcome, RecordReason, RunReason, WarningReason
from mogulsync.resource.report import Report
from mogulsync.resource.sources import Source
from mogulsync.sandbox import Drop, Respond, Rewrite, Truncate
from mogulsync.sandbox.faults import Effect
from tests.support.sandbox_world import START, WRITES, World

ATTEMPTS = 6


def errors(report: Report) -> dict[str, int]:
    return {error.reason: error.count for error in report.errors}


def list_of_options(world: World, name: str) -> Callable[[Any], Any]:
    """Return a change of an answer that makes the attribute a list of options, so that other values are refused."""

    def change(body: Any) -> Any:
        attribute = world.account.attributes.custom(name)
        assert attribute is not None
        assert attribute.id is not None
        world.account.attributes.change(attribute.id, {"options": [{"value": "one"}, {"value": "two"}]})
        return body

    return change


@pytest.mark.parametrize(
    "effect", [Respond(500), Respond(200, body="<html>maintenance</html>"), Drop(after_handling=True), Truncate(10)]
)
@pytest.mark.parametrize(
    ("api", "method", "path"),
    [
        ("chartmogul", "GET", "/customers"),
        ("intercom", "POST", "/data_attributes"),
        ("intercom", "GET", "/contacts"),
        ("intercom", "PUT", WRITES),
    ],
)
async def test_a_fault_that_passes_is_survived(world: World, effect: Effect, api: Any, method: str, path: str) -> None:
    contacts = world.pairs(2)
    world.faults.inject(effect, api=api, method=method, path=path, times=2)
    report = await world.sync()
    assert report.outcome is Outcome.SUCCEEDED
    assert report.requests.retried == 2
    assert [world.stored(contact)["chartmogul_mrr"] for contact in contacts] == [10, 10.01]


async def test_throttling_is_counted_and_survived(world: World) -> None:
    world.pairs(1)
    world.faults.inject(Respond(429), path="/contacts", times=1)
    report = await world.sync()
    assert report.outcome is Outcome.SUCCEEDED
    assert (report.requests.throttled, report.requests.retried) == (1, 1)


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        (Respond(503), RecordReason.UNAVAILABLE),
        (Drop(), RecordReason.UNAVAILABLE),
        (Respond(200, body="<html></html>"), RecordReason.UNAVAILABLE),
        (Respond(400), RecordReason.REJECTED),
        (Respond(422), RecordReason.REJECTED),
    ],
)
async def test_a_contact_that_cannot_be_written_fails_alone(world: World, effect: Effect, reason: RecordReason) -> None:
    contacts = world.pairs(3)
    world.faults.inject(effect, method="PUT", path=f"/contacts/{contacts[1].id}")
    report = await world.sync()
    assert (report.outcome, report.reason) == (Outcome.PARTIALLY_SUCCEEDED, RunReason.PARTIALLY_SUCCEEDED)
    assert (report.contacts.updated, report.contacts.failed) == (2, 1)
    assert errors(report) == {reason: 1}
    example = report.errors[0].example
    assert example is not None
    assert example.contact == contacts[1].id
    assert world.stored(contacts[1]) == {}


async def test_a_value_that_intercom_drops_without_a_word_is_not_counted_as_stored(world: World) -> None:
    contacts = world.pairs(2)
    await world.sync(fields=[{"source": "CustomerStatus"}, {"source": "MRR"}], dry_run=False)

    def drop_arr(body: Any) -> Any:
        body["custom_attributes"].pop("chartmogul_arr", None)
        return body

    world.faults.inject(Rewrite(drop_arr), method="PUT", path=f"/contacts/{contacts[0].id}")
    for _, customer in list(world.account.customers()):
        world.account.change_customer(customer["uuid"], {"status": "Cancelled", "arr": 700})
    report = await world.sync(fields=[{"source": "CustomerStatus"}, {"source": "ARR"}])
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert (report.contacts.updated, report.contacts.failed) == (1, 1)
    assert errors(report) == {RecordReason.NOT_STORED: 1}
    assert report.fields == {Source.ARR: 1, Source.CUSTOMER_STATUS: 2}


async def test_an_attribute_archived_in_mid_run_shows_as_not_stored_and_then_as_archived(world: World) -> None:
    world.pairs(3)
    await world.sync()
    for number, (_, customer) in enumerate(list(world.account.customers())):
        world.account.change_customer(customer["uuid"], {"mrr": 5000 + number})

    def archive(body: Any) -> Any:
        world.account.attributes.archive("chartmogul_mrr")
        return body

    world.faults.inject(Rewrite(archive), method="GET", path="/contacts")
    report = await world.sync()
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert errors(report) == {RecordReason.NOT_STORED: 3}
    report = await world.sync()
    assert [(each.attribute, each.reason) for each in report.attributes.refused] == [
        ("chartmogul_mrr", AttributeReason.ARCHIVED)
    ]
    assert report.contacts.failed == 0


async def test_contacts_deleted_or_merged_in_mid_run_have_vanished(world: World) -> None:
    contacts = world.pairs(4)

    def remove(body: Any) -> Any:
        world.account.delete_contact(contacts[0].id)
        world.account.merge_contact(contacts[1].id, into=contacts[2].id)
        return body

    world.faults.inject(Rewrite(remove), method="GET", path="/contacts", times=1)
    report = await world.sync()
    assert report.outcome is Outcome.SUCCEEDED
    assert (report.contacts.updated, report.contacts.vanished, report.contacts.failed) == (2, 2, 0)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("api", "path"),
    [
        ("intercom", "/me"),
        ("intercom", "/data_attributes"),
        ("intercom", "/contacts"),
        ("chartmogul", "/customers"),
        ("chartmogul", "/customers/[^/]+/subscriptions"),
    ],
)
async def test_refused_credentials_end_the_run_for_good(world: World, api: Any, path: str, status: int) -> None:
    world.pairs(2)
    world.faults.inject(Respond(status), api=api, path=path)
    report = await world.sync(fields=[{"source": "Plan"}, {"source": "MRR"}])
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, RunReason.CREDENTIALS_REJECTED, 4)
    assert f"status {status}" in report.message
    assert report.requests.retried == 0


async def test_an_account_of_chartmogul_that_ended_is_refused_credentials_with_a_fix_of_its_own(world: World) -> None:
    world.faults.inject(Respond(402), api="chartmogul")
    report = await world.sync()
    assert report.reason == RunReason.CREDENTIALS_REJECTED
    assert "renew the subscription of the ChartMogul account" in report.message
    assert "API key" not in report.message
    assert report.message.count("402") == 1


async def test_a_token_revoked_in_mid_run_stops_it_and_leaves_the_rest_failed(world: World) -> None:
    world.pairs(300)
    world.faults.inject(Respond(401), method="PUT", skip=10)
    report = await world.sync()
    assert (report.outcome, report.reason) == (Outcome.FAILED, RunReason.CREDENTIALS_REJECTED)
    assert report.contacts.updated == 10
    assert errors(report) == {RunReason.CREDENTIALS_REJECTED: report.contacts.matched - 10}
    assert world.writes() < 300


@pytest.mark.parametrize(
    ("api", "path", "reason"),
    [
        ("intercom", "/me", RunReason.INTERCOM_UNAVAILABLE),
        ("intercom", "/data_attributes", RunReason.INTERCOM_UNAVAILABLE),
        ("intercom", "/contacts", RunReason.INTERCOM_UNAVAILABLE),
        ("chartmogul", "/customers", RunReason.CHARTMOGUL_UNAVAILABLE),
        ("chartmogul", "/invoices", RunReason.CHARTMOGUL_UNAVAILABLE),
        ("chartmogul", "/plans", RunReason.CHARTMOGUL_UNAVAILABLE),
        ("chartmogul", "/customers/[^/]+/subscriptions", RunReason.CHARTMOGUL_UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("effect", [Respond(503), Drop()])
async def test_reading_that_cannot_go_on_ends_the_run(
    world: World, api: Any, path: str, reason: RunReason, effect: Effect
) -> None:
    world.pairs(2)
    world.faults.inject(effect, api=api, path=path)
    report = await world.sync(fields=[{"source": "NetPayments"}, {"source": "PlanExternalID"}])
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, reason, 5)


async def test_no_write_that_is_answered_is_an_outage(world: World) -> None:
    world.pairs(3)
    world.faults.inject(Respond(500), method="PUT")
    report = await world.sync()
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, RunReason.INTERCOM_UNAVAILABLE, 5)
    assert report.contacts.failed == 3


async def test_fifty_outages_of_writes_in_a_row_end_the_run(world: World) -> None:
    world.pairs(300)
    world.faults.inject(Respond(500), method="PUT", skip=5)
    report = await world.sync()
    assert (report.outcome, report.reason) == (Outcome.FAILED, RunReason.INTERCOM_UNAVAILABLE)
    assert report.contacts.matched >= 60
    assert errors(report)[RecordReason.UNAVAILABLE] >= 50
    assert errors(report)[RunReason.INTERCOM_UNAVAILABLE] > 0


async def test_one_contact_that_intercom_always_refuses_among_those_that_need_nothing_is_no_outage(
    world: World,
) -> None:
    contacts = world.pairs(50)
    await world.sync()
    uuid = next(customer["uuid"] for _, customer in world.account.customers())
    world.account.change_customer(uuid, {"mrr": 1})
    world.faults.inject(Respond(400), method="PUT", path=f"/contacts/{contacts[0].id}")
    report = await world.sync()
    assert (report.outcome, report.exit_code) == (Outcome.PARTIALLY_SUCCEEDED, 3)
    assert errors(report) == {RecordReason.REJECTED: 1}


@pytest.mark.parametrize(
    ("status", "sources"), [(422, ("MRR", "CustomerStatus")), (422, ("MRR",)), (409, ("MRR", "CustomerStatus"))]
)
async def test_good_contacts_are_written_however_many_refused_ones_come_before_them(
    world: World, status: int, sources: tuple[str, ...]
) -> None:
    contacts = world.pairs(140)
    refused = "|".join(contact.id for contact in contacts[:60])
    world.faults.inject(Respond(status), method="PUT", path=f"/contacts/({refused})")
    report = await world.sync(fields=[{"source": source} for source in sources])
    assert (report.outcome, report.exit_code) == (Outcome.PARTIALLY_SUCCEEDED, 3)
    assert (report.contacts.updated, report.contacts.failed) == (80, 60)
    assert errors(report) == {RecordReason.REJECTED: 60}


async def test_a_run_whose_every_write_is_refused_is_partial(world: World) -> None:
    world.pairs(60)
    world.faults.inject(Respond(400), method="PUT")
    report = await world.sync()
    assert (report.outcome, report.exit_code) == (Outcome.PARTIALLY_SUCCEEDED, 3)
    assert errors(report) == {RecordReason.REJECTED: 60}


async def test_what_intercom_does_take_of_a_refused_write_is_stored(world: World) -> None:
    contact = world.pairs(1)[0]
    fields = [{"source": "LastUpdated"}, {"source": "MRR"}, {"source": "CustomerStatus"}]
    await world.sync(fields=fields)
    uuid = next(customer["uuid"] for _, customer in world.account.customers())
    world.account.change_customer(uuid, {"mrr": 7, "status": "Past Due"})
    world.faults.inject(Rewrite(list_of_options(world, "chartmogul_status")), method="GET", path="/contacts")
    later = START + timedelta(days=1)
    report = await world.sync(fields=fields, start=later)
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert errors(report) == {RecordReason.REJECTED: 1}
    assert report.fields == {Source.MRR: 1, Source.LAST_UPDATED: 1}
    assert world.stored(contact) == {
        "chartmogul_mrr": 0.07,
        "chartmogul_status": "Active",
        "chartmogul_last_updated": int(later.timestamp()),
    }
    written = [exchange.written for exchange in world.requests.select(api="intercom", method="PUT")]
    assert written[-1] == ("custom_attributes.chartmogul_last_updated",)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 422, 451])
async def test_the_other_values_are_sent_however_one_of_them_is_refused(world: World, status: int) -> None:
    contact = world.pairs(1)[0]
    fields = [{"source": "MRR"}, {"source": "CustomerStatus"}, {"source": "ARR"}]
    await world.sync(fields=fields)
    world.account.change_customer(world.uuids()[0], {"mrr": 7, "status": "Past Due", "arr": 84})
    world.faults.inject(Respond(422), method="PUT", path=WRITES, times=1)
    world.faults.inject(Respond(status), method="PUT", path=WRITES, skip=1, times=1)
    report = await world.sync(fields=fields)
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert errors(report) == {RecordReason.REJECTED: 1}
    assert report.fields == {Source.CUSTOMER_STATUS: 1, Source.ARR: 1}
    stored = world.stored(contact)
    assert (stored["chartmogul_status"], stored["chartmogul_arr"]) == ("Past Due", 0.84)


async def test_a_contact_that_goes_while_its_values_are_sent_one_by_one_has_vanished(world: World) -> None:
    world.pairs(1)
    await world.sync()
    world.account.change_customer(world.uuids()[0], {"mrr": 7, "status": "Past Due"})
    world.faults.inject(Respond(422), method="PUT", path=WRITES, times=1)
    world.faults.inject(Respond(404), method="PUT", path=WRITES)
    report = await world.sync()
    assert (report.outcome, report.contacts.vanished, report.contacts.failed) == (Outcome.SUCCEEDED, 1, 0)


async def test_last_updated_alone_is_not_written_where_every_other_value_is_refused(world: World) -> None:
    contact = world.pairs(1)[0]
    fields = [{"source": "LastUpdated"}, {"source": "MRR"}, {"source": "CustomerStatus"}]
    await world.sync(fields=fields)
    before = world.stored(contact)
    world.account.change_customer(world.uuids()[0], {"mrr": 7, "status": "Past Due"})
    world.faults.inject(Respond(400), method="PUT", times=3)
    report = await world.sync(fields=fields, start=START + timedelta(days=1))
    assert errors(report) == {RecordReason.REJECTED: 1}
    assert report.fields == {}
    assert world.stored(contact) == before


async def test_a_customer_whose_subscriptions_cannot_be_read_fails_alone(world: World) -> None:
    contacts = world.pairs(3)
    uuids = [customer["uuid"] for _, customer in world.account.customers()]
    world.faults.inject(Respond(500), path=f"/customers/{uuids[0]}/subscriptions")
    report = await world.sync(fields=[{"source": "Plan"}, {"source": "MRR"}])
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert errors(report) == {RecordReason.UNAVAILABLE: 1}
    assert world.stored(contacts[0]) == {}
    assert world.stored(contacts[1]) == {"chartmogul_mrr": 10.01}


async def test_an_invoice_whose_amounts_are_too_large_to_add_up_costs_no_other_customer_its_sum(world: World) -> None:
    contacts = world.pairs(2)
    payment = {"type": "payment", "result": "successful", "amount_in_cents": None}

    def invoices(body: Any) -> Any:
        lines = ([{"amount_in_cents": 1e308}] * 2, [{"amount_in_cents": 1200}])
        body["invoices"] = [
            {"uuid": f"inv_{uuid}", "customer_uuid": uuid, "line_items": items, "transactions": [payment]}
            for uuid, items in zip(world.uuids(), lines, strict=True)
        ]
        return body

    world.faults.inject(Rewrite(invoices), path="/invoices")
    report = await world.sync(fields=[{"source": "NetPayments"}, {"source": "MRR"}])
    assert report.outcome is Outcome.SUCCEEDED
    assert [world.stored(contact) for contact in contacts] == [
        {"chartmogul_mrr": 10},
        {"chartmogul_mrr": 10.01, "chartmogul_net_payments": 12},
    ]


async def test_a_customer_deleted_in_mid_run_keeps_its_plan(world: World) -> None:
    contact = world.pairs(1)[0]
    uuid = next(customer["uuid"] for _, customer in world.account.customers())
    subscription = {"id": 1, "plan": "Pro", "status": "active", "billing-cycle": "month", "billing-cycle-count": 1}
    world.account.set_subscriptions(uuid, [subscription])
    fields = [{"source": "Plan"}, {"source": "MRR"}]
    await world.sync(fields=fields)
    assert world.stored(contact)["chartmogul_plan"] == "Pro"
    world.faults.inject(Respond(404), path=f"/customers/{uuid}/subscriptions")
    world.account.change_customer(uuid, {"mrr": 1})
    report = await world.sync(fields=fields)
    assert report.outcome is Outcome.SUCCEEDED
    assert world.stored(contact) == {"chartmogul_plan": "Pro", "chartmogul_mrr": 0.01}


@pytest.mark.parametrize(
    "spoilt",
    [
        None,
        {"status": "active", "plan": {"name": "Gold"}},
        {"status": 1, "plan": "Gold"},
        {"status": "active", "plan": "Gold", "billing-cycle": {}},
    ],
)
@pytest.mark.parametrize("status", ["Active", "Lead"])
async def test_a_customer_with_a_subscription_that_cannot_be_read_keeps_its_plan(
    world: World, status: str, spoilt: dict[str, Any] | None
) -> None:
    contacts = world.pairs(2)
    uuid = world.uuids()[0]
    subscription = {"plan": "Gold", "status": "active", "billing-cycle": "month", "billing-cycle-count": 1}
    world.account.set_subscriptions(uuid, [{"uuid": "sub_1", **subscription}])
    fields = [{"source": "Plan"}, {"source": "BillingCycle"}, {"source": "MRR"}]
    await world.sync(fields=fields)
    world.account.change_customer(uuid, {"mrr": 1, "status": status})
    change = Rewrite(lambda body: {**body, "entries": [spoilt]})
    world.faults.inject(change, path=f"/customers/{uuid}/subscriptions")
    report = await world.sync(fields=fields)
    assert report.outcome is Outcome.SUCCEEDED
    assert [(warning.reason, warning.count) for warning in report.warnings] == [(WarningReason.UNREADABLE, 1)]
    assert world.stored(contacts[0]) == {
        "chartmogul_plan": "Gold",
        "chartmogul_billing_cycle": "month",
        "chartmogul_mrr": 0.01,
    }


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("You already have 'chartmogul_mrr' in your company data.", AttributeReason.NAME_TAKEN),
        ("You have reached the limit of custom attributes.", AttributeReason.LIMIT_REACHED),
        ("Your name for this attribute must only contain alphanumeric characters", AttributeReason.CANNOT_CREATE),
    ],
)
@pytest.mark.parametrize("max_changed_percent", [100, 99])
async def test_an_attribute_that_cannot_be_created_drops_one_field(
    world: World, message: str, reason: AttributeReason, max_changed_percent: int
) -> None:
    contacts = world.pairs(2)
    world.account.add_customer({"email": "same@example.com"})
    same = world.account.add_contact(email="same@example.com")
    body = {"type": "error.list", "request_id": "r", "errors": [{"code": "parameter_invalid", "message": message}]}
    await world.sync(fields=[{"source": "CustomerStatus"}])
    world.account.change_customer(next(c["uuid"] for _, c in world.account.customers()), {"status": "Cancelled"})
    world.faults.inject(Respond(400, body=body), method="POST", path="/data_attributes")
    fields = [{"source": "MRR"}, {"source": "CustomerStatus"}]
    uuids = [c["uuid"] for _, c in world.account.customers()]
    world.account.change_customer(uuids[-1], {"mrr": None})
    report = await world.sync(fields=fields, maxChangedPercent=max_changed_percent)
    assert report.reason == RunReason.PARTIALLY_SUCCEEDED
    assert [(each.attribute, each.reason) for each in report.attributes.refused] == [("chartmogul_mrr", reason)]
    assert (report.contacts.updated, report.contacts.unchanged) == (1, 2)
    assert world.stored(contacts[0]) == {"chartmogul_status": "Cancelled"}
    assert world.stored(same) == {"chartmogul_status": "Active"}


async def test_an_attribute_that_another_run_created_meanwhile_is_no_failure(world: World) -> None:
    world.pairs(1)

    def create_too(body: Any) -> Any:
        for name, data_type in (("chartmogul_mrr", "float"), ("chartmogul_status", "string")):
            world.account.attributes.create({"name": name, "model": "contact", "data_type": data_type})
        return body

    world.faults.inject(Rewrite(create_too), method="GET", path="/data_attributes", times=1)
    report = await world.sync()
    assert report.outcome is Outcome.SUCCEEDED
    assert report.attributes.created == []
    assert report.contacts.updated == 1


async def test_attributes_that_cannot_be_created_because_of_an_outage_are_worth_a_retry(world: World) -> None:
    world.pairs(1)
    world.faults.inject(Respond(503), method="POST", path="/data_attributes")
    report = await world.sync()
    assert (report.reason, report.exit_code) == (RunReason.INTERCOM_UNAVAILABLE, 5)


@pytest.mark.parametrize("read_plan", ["Auto", "Search"])
async def test_where_intercom_refuses_to_search_all_contacts_are_listed(world: World, read_plan: str) -> None:
    world.pairs(3)
    for number in range(500):
        world.account.add_contact(email=f"other{number}@example.com")
    world.faults.inject(Respond(400), path="/contacts/search")
    report = await world.sync(intercom={"readPlan": read_plan})
    assert report.outcome is Outcome.SUCCEEDED
    assert report.contacts.updated == 3


async def test_contacts_known_by_then_count_as_failed_when_reading_breaks_off(world: World) -> None:
    world.pairs(160)
    world.faults.inject(Respond(503), path="/contacts", skip=1)
    report = await world.sync(maxChangedPercent=99)
    assert (report.outcome, report.reason) == (Outcome.FAILED, RunReason.INTERCOM_UNAVAILABLE)
    assert report.contacts.matched == report.contacts.failed == 150
    assert errors(report) == {RunReason.INTERCOM_UNAVAILABLE: 150}


@pytest.mark.parametrize(
    ("faults", "reason", "exit_code"),
    [
        ({"/me": 401}, RunReason.CREDENTIALS_REJECTED, 4),
        ({"/ping": 401}, RunReason.CREDENTIALS_REJECTED, 4),
        ({"/ping": 403, "/me": 503}, RunReason.CREDENTIALS_REJECTED, 4),
        ({"/ping": 503}, RunReason.CHARTMOGUL_UNAVAILABLE, 5),
        ({"/data_attributes": 500}, RunReason.INTERCOM_UNAVAILABLE, 5),
    ],
)
async def test_a_check_ends_for_the_reason_that_matters_most(
    world: World, faults: dict[str, int], reason: RunReason, exit_code: int
) -> None:
    for path, status in faults.items():
        world.faults.inject(Respond(status), path=path)
    report = await world.check()
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, reason, exit_code)

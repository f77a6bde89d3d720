"""What a run meets and goes on by is a warning with a count."""

from typing import Any

from mogulsync.resource.reasons import Outcome, WarningReason
from mogulsync.resource.report import Report
from mogulsync.sandbox import Rewrite
from tests.support.sandbox_world import World


def warnings(report: Report) -> dict[WarningReason, int]:
    return {warning.reason: warning.count for warning in report.warnings}


async def test_records_without_an_id_are_left_out_and_counted(world: World) -> None:
    world.pairs(3)

    def take_an_id(root: str, name: str) -> Rewrite:
        def change(body: Any) -> Any:
            body[root][0][name] = None
            return body

        return Rewrite(change)

    world.faults.inject(take_an_id("entries", "uuid"), path="/customers")
    world.faults.inject(take_an_id("data", "id"), method="GET", path="/contacts")
    report = await world.sync()
    assert report.outcome is Outcome.SUCCEEDED
    assert warnings(report) == {WarningReason.UNREADABLE: 2}


async def test_data_sources_that_no_customer_has_are_counted(world: World) -> None:
    world.pairs(2)
    source = next(customer["data_source_uuid"] for _, customer in world.account.customers())
    report = await world.sync(chartmogul={"dataSources": [source, "ds_gone", "ds_misspelt"]})
    assert (report.outcome, report.contacts.updated) == (Outcome.SUCCEEDED, 2)
    assert warnings(report) == {WarningReason.UNKNOWN_DATA_SOURCE: 2}


async def test_contacts_that_the_pages_of_a_search_lack_are_counted(world: World) -> None:
    world.pairs(3)

    def lose(body: Any) -> Any:
        body["data"].pop()
        return body

    world.faults.inject(Rewrite(lose), path="/contacts/search", times=1)
    report = await world.sync(intercom={"readPlan": "Search"})
    assert (report.outcome, report.contacts.updated) == (Outcome.SUCCEEDED, 2)
    assert warnings(report) == {WarningReason.INCOMPLETE_SEARCH: 1}


async def test_mixed_currencies_are_counted_of_matched_customers_only(world: World) -> None:
    world.pairs(1)
    world.account.add_customer({"email": "nobody@example.com"})
    paid = {"type": "payment", "result": "successful", "amount_in_cents": 500, "disabled": False}
    for number, uuid in enumerate(world.uuids()):
        world.account.change_customer(uuid, {"currency": "USD"})
        invoice = {"uuid": f"inv_{number}", "customer_uuid": uuid, "currency": "EUR", "transactions": [paid]}
        world.account.set_invoices(uuid, [{**invoice, "line_items": []}])
    report = await world.sync(fields=[{"source": "NetPayments"}])
    assert warnings(report) == {WarningReason.MIXED_CURRENCIES: 1}
    converted = await world.sync(fields=[{"source": "NetPayments"}], chartmogul={"exchangeRates": {"EUR": "1.1"}})
    assert warnings(converted) == {}
    assert converted.contacts.updated == 1


async def test_custom_attributes_of_another_type_are_counted_by_matched_customer(world: World) -> None:
    contacts = world.pairs(2)
    world.account.add_customer({"email": "nobody@example.com"})
    for uuid in world.uuids():
        world.account.change_customer(uuid, {"attributes": {"custom": {"score": "high", "seats": "many"}, "tags": []}})
    world.account.change_customer(world.uuids()[0], {"attributes": {"custom": {"score": {"value": 7}}}})
    fields = [
        {"source": "CustomAttribute", "key": name, "type": "integer", "attribute": name} for name in ("score", "seats")
    ]
    report = await world.sync(fields=fields)
    assert report.outcome is Outcome.SUCCEEDED
    assert warnings(report) == {WarningReason.CUSTOM_ATTRIBUTE_TYPE: 1}
    assert world.stored(contacts[0]) == {"score": 7}


async def test_text_in_a_number_s_attribute_matches_whatever_keys_other_customers_have(world: World) -> None:
    world.account.add_customer({"external_id": "0042", "external_ids": ["0042"]})
    contact = world.account.add_contact()
    world.account.set_attributes(contact.id, {"account_number": "0042"})
    matching = {"chartmogulField": "ExternalID", "intercomFields": ["account_number"]}
    assert (await world.sync(matching=matching, intercom={"readPlan": "Scan"})).contacts.updated == 1
    assert (await world.sync(matching=matching)).contacts.unchanged == 1


async def test_dates_that_intercom_gives_back_as_text_are_equal(world: World) -> None:
    contact = world.pairs(1)[0]
    world.account.change_customer(world.uuids()[0], {"customer-since": "2023-11-14T22:13:20Z"})

    def as_text(body: Any) -> Any:
        for each in body.get("data", [body]):
            if each["custom_attributes"].get("chartmogul_subscriber_since"):
                each["custom_attributes"]["chartmogul_subscriber_since"] = "2023-11-14T22:13:20Z"
        return body

    world.faults.inject(Rewrite(as_text), path="/contacts.*")
    fields = [{"source": "SubscriberSince"}]
    assert (await world.sync(fields=fields)).contacts.updated == 1
    assert world.stored(contact) == {"chartmogul_subscriber_since": 1_700_000_000}
    assert (await world.sync(fields=fields)).contacts.unchanged == 1

"""An attribute that this run made may be unknown to Intercom's writes and lists for a moment."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from mogulsync.resource.reasons import AttributeReason, Outcome
from mogulsync.sandbox import Drop, Respond, Rewrite
from tests.support.sandbox_world import START, WRITES, World


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_write_that_holds_a_fresh_attribute_is_retried(world: World, status: int) -> None:
    contacts = world.pairs(3)
    world.faults.inject(Respond(status), method="PUT", path=WRITES, times=5)
    report = await world.sync()
    assert (report.outcome, report.contacts.updated) == (Outcome.SUCCEEDED, 3)
    assert report.requests.retried == 5
    assert all(world.stored(contact) for contact in contacts)


@pytest.mark.parametrize(("status", "counted"), [(400, "failed"), (404, "vanished"), (422, "failed")])
async def test_a_refusal_that_stays_counts_as_one_in_the_end(world: World, status: int, counted: str) -> None:
    contacts = world.pairs(2)
    world.faults.inject(Respond(status), method="PUT", path=f"/contacts/{contacts[0].id}")
    report = await world.sync(fields=[{"source": "MRR"}])
    assert (getattr(report.contacts, counted), report.contacts.updated) == (1, 1)


async def test_a_contact_has_not_vanished_where_only_a_fresh_attribute_stays_unknown(world: World) -> None:
    contact = world.pairs(1)[0]
    await world.sync(fields=[{"source": "MRR"}])
    world.account.change_customer(world.uuids()[0], {"mrr": 7})

    def has_status(body: Any) -> bool:
        return "chartmogul_status" in body["custom_attributes"]

    world.faults.inject(Respond(404), method="PUT", path=WRITES, body=has_status)
    report = await world.sync()
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert (report.contacts.failed, report.contacts.vanished) == (1, 0)
    assert world.stored(contact) == {"chartmogul_mrr": 0.07}


@pytest.mark.parametrize("status", [404, 410])
async def test_a_contact_that_is_gone_has_vanished_whatever_is_fresh(world: World, status: int) -> None:
    contacts = world.pairs(2)
    world.faults.inject(Respond(status), method="PUT", path=f"/contacts/{contacts[0].id}")
    report = await world.sync()
    assert (report.outcome, report.contacts.vanished, report.contacts.updated) == (Outcome.SUCCEEDED, 1, 1)


async def test_a_refusal_is_taken_at_its_word_once_the_attributes_are_known(world: World) -> None:
    world.pairs(1)
    await world.sync(dry_run=True)
    world.account.attributes.create({"name": "chartmogul_mrr", "model": "contact", "data_type": "float"})
    world.faults.inject(Respond(400), method="PUT", path=WRITES)
    report = await world.sync(fields=[{"source": "MRR"}])
    assert (report.contacts.failed, report.requests.retried) == (1, 0)


async def test_after_a_minute_an_attribute_is_not_fresh_any_more(world: World) -> None:
    world.pairs(1)
    moments = iter([START, START])

    def now() -> datetime:
        return next(moments, START + timedelta(seconds=60))

    world.faults.inject(Respond(400), method="PUT", path=WRITES)
    report = await world.sync(fields=[{"source": "MRR"}], now=now)
    assert (report.contacts.failed, report.requests.retried) == (1, 0)


def without(name: str) -> Rewrite:
    """Return the effect that a list of attributes lacks this one."""

    def change(body: Any) -> Any:
        body["data"] = [each for each in body["data"] if each["name"] != name]
        return body

    return Rewrite(change)


async def test_a_list_that_lacks_it_after_an_answer_got_lost_is_asked_for_again(world: World) -> None:
    world.pairs(1)
    world.faults.inject(Drop(after_handling=True), method="POST", path="/data_attributes", times=1)
    world.faults.inject(without("chartmogul_mrr"), method="GET", path="/data_attributes", times=4)
    report = await world.sync()
    assert (report.outcome, report.contacts.updated) == (Outcome.SUCCEEDED, 1)
    assert report.attributes.refused == []


async def test_a_list_that_lacks_it_after_no_attempt_was_answered_is_asked_for_again(world: World) -> None:
    world.pairs(1)
    world.faults.inject(Drop(after_handling=True), method="POST", path="/data_attributes", times=1)
    world.faults.inject(Drop(), method="POST", path="/data_attributes", skip=1, times=5)
    world.faults.inject(without("chartmogul_mrr"), method="GET", path="/data_attributes", times=2)
    report = await world.sync()
    assert (report.outcome, report.contacts.updated) == (Outcome.SUCCEEDED, 1)
    assert report.attributes.refused == []


@pytest.mark.parametrize(
    ("status", "message"), [(422, "Name has already been taken"), (409, "Duplicate attribute"), (409, "")]
)
async def test_a_list_that_lacks_it_after_a_second_attempt_was_refused_is_asked_for_again(
    world: World, status: int, message: str
) -> None:
    world.pairs(1)
    body = {"type": "error.list", "errors": [{"code": "parameter_invalid", "message": message}]}
    world.faults.inject(Drop(after_handling=True), method="POST", path="/data_attributes", times=1)
    world.faults.inject(Respond(status, body=body), method="POST", path="/data_attributes", skip=1, times=1)
    world.faults.inject(without("chartmogul_mrr"), method="GET", path="/data_attributes", times=2)
    report = await world.sync()
    assert (report.outcome, report.contacts.updated) == (Outcome.SUCCEEDED, 1)
    assert report.attributes.refused == []


async def test_a_name_that_stays_missing_is_taken(world: World) -> None:
    world.pairs(1)
    world.account.attributes.create({"name": "chartmogul_mrr", "model": "contact", "data_type": "float"})
    world.faults.inject(without("chartmogul_mrr"), method="GET", path="/data_attributes")
    report = await world.sync()
    assert [(each.attribute, each.reason) for each in report.attributes.refused] == [
        ("chartmogul_mrr", AttributeReason.NAME_TAKEN)
    ]


async def test_a_name_that_other_data_have_is_not_waited_for(world: World) -> None:
    world.pairs(1)
    world.account.attributes.create({"name": "chartmogul_mrr", "model": "company", "data_type": "float"})
    report = await world.sync()
    assert [each.reason for each in report.attributes.refused] == [AttributeReason.NAME_TAKEN]
    assert report.requests.retried == 0

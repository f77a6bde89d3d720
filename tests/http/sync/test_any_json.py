"""Whole syncs of records that hold any JSON anywhere: other records are synced, and no run fails by its own fault."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mogulsync.resource.reasons import RecordReason, RunReason
from mogulsync.resource.sources import Source
from mogulsync.sandbox import Rewrite
from tests.support import sandbox_world
from tests.support.any_json import json_texts, paths, with_text

FIELDS = [
    *({"source": source} for source in Source if source is not Source.CUSTOM_ATTRIBUTE),
    {"source": "CustomAttribute", "key": "score", "type": "float", "attribute": "own_score"},
    {"source": "CustomAttribute", "key": "since", "type": "date", "attribute": "own_since"},
]
LISTS = {
    "customers": ("entries", "/customers"),
    "invoices": ("invoices", "/invoices"),
    "plans": ("plans", "/plans"),
    "subscriptions": ("entries", "/customers/[^/]+/subscriptions"),
    "contacts": ("data", "/contacts"),
}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    where=st.sampled_from(sorted(LISTS)),
    place=st.integers(0, 10_000),
    text=json_texts,
    clear=st.sampled_from(["Keep", "Clear"]),
)
def test_an_odd_value_in_a_record_keeps_no_other_record_from_being_synced(
    where: str, place: int, text: str, clear: str
) -> None:
    root, path = LISTS[where]

    def spoil(body: Any) -> Any:
        if not body[root]:
            return body
        found = list(paths(body[root][0]))
        return with_text(body, (root, 0, *found[place % len(found)]), text)

    async def story() -> None:
        async with sandbox_world.world() as world:
            contacts = world.pairs(3)
            for uuid in world.uuids():
                change = {"attributes": {"tags": ["a"], "custom": {"score": 1, "since": "2020-01-01"}}}
                world.account.change_customer(uuid, change)
            world.faults.inject(Rewrite(spoil), method="GET", path=path)
            report = await world.sync(fields=FIELDS, unmatchedContacts=clear)
            assert report.reason != RunReason.INTERNAL_ERROR
            assert len(report.to_json()) <= 4096
            json.loads(report.to_json())
            if where in {"customers", "contacts"}:
                assert [world.stored(contact)["chartmogul_mrr"] for contact in contacts[1:]] == [10.01, 10.02]

    asyncio.run(story())


@given(st.sampled_from(["/me", "/data_attributes", "/plans", "/invoices", r"/customers.*", "/contacts.*"]), json_texts)
@settings(max_examples=40)
def test_no_json_instead_of_an_answer_is_a_fault_of_the_program(path: str, text: str) -> None:
    async def story() -> None:
        async with sandbox_world.world() as world:
            world.pairs(2)
            world.faults.inject(Rewrite(lambda _: text), path=path)
            report = await world.sync(fields=FIELDS)
            assert report.reason != RunReason.INTERNAL_ERROR

    asyncio.run(story())


@given(json_texts, st.data())
@settings(max_examples=30)
def test_any_json_in_the_answer_to_a_write_fails_that_contact_at_most(text: str, data: st.DataObject) -> None:
    async def story() -> None:
        async with sandbox_world.world() as world:
            contacts = world.pairs(3)

            def change(answer: Any) -> str:
                return with_text(answer, data.draw(st.sampled_from(list(paths(answer)))), text)

            world.faults.inject(Rewrite(change), method="PUT", path=f"/contacts/{contacts[1].id}")
            report = await world.sync(fields=FIELDS)
            assert report.reason != RunReason.INTERNAL_ERROR
            assert report.contacts.failed <= 1
            assert report.contacts.updated >= 2

    asyncio.run(story())


@pytest.mark.parametrize(
    ("method", "path", "place"),
    [
        ("GET", "/contacts", ("data", 0, "email")),
        ("GET", "/contacts", ("data", 0, "custom_attributes", "chartmogul_status")),
        ("PUT", "/contacts/.*", ("custom_attributes", "chartmogul_status")),
    ],
)
def test_a_character_reference_of_more_digits_than_python_reads_is_just_a_text(
    method: str, path: str, place: tuple[str | int, ...]
) -> None:
    odd = json.dumps("&#" + 5_000 * "1" + ";")
    spoil: Callable[[Any], str] = lambda body: with_text(body, place, odd)  # noqa: E731

    async def story() -> None:
        async with sandbox_world.world() as world:
            contacts = world.pairs(3)
            world.faults.inject(Rewrite(spoil), method=method, path=path)
            report = await world.sync()
            assert report.reason != RunReason.INTERNAL_ERROR
            assert [world.stored(contact)["chartmogul_mrr"] for contact in contacts[1:]] == [10.01, 10.02]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "place", "field"),
    [("/contacts", ("data", 0, "id"), "MRR"), ("/customers", ("entries", 0, "uuid"), "PlanExternalID")],
)
def test_an_id_that_no_url_can_hold_fails_that_record_only(path: str, place: tuple[str | int, ...], field: str) -> None:
    odd = json.dumps(70_000 * "x")

    def spoil(body: Any) -> str:
        return with_text(body, place, odd)

    async def story() -> None:
        async with sandbox_world.world() as world:
            contacts = world.pairs(3)
            world.faults.inject(Rewrite(spoil), method="GET", path=path)
            report = await world.sync(fields=[{"source": "CustomerStatus"}, {"source": field}])
            assert report.reason == RunReason.PARTIALLY_SUCCEEDED
            assert len(report.to_json()) <= 4096
            assert [(error.reason, error.count) for error in report.errors] == [(RecordReason.REJECTED, 1)]
            assert report.contacts.failed == 1
            assert sum("chartmogul_status" in world.stored(contact) for contact in contacts) == 2

    asyncio.run(story())


@pytest.mark.parametrize(("path", "place"), [("/contacts", ("pages", "next")), ("/customers", ("cursor",))])
def test_a_cursor_that_no_url_can_hold_ends_the_run_as_an_outage(path: str, place: tuple[str | int, ...]) -> None:
    cursor = 70_000 * "x"
    odd = json.dumps({"page": 2, "starting_after": cursor} if path == "/contacts" else cursor)

    def spoil(body: Any) -> str:
        return with_text({**body, "has_more": True}, place, odd)

    async def story() -> None:
        async with sandbox_world.world() as world:
            world.pairs(3)
            world.faults.inject(Rewrite(spoil), method="GET", path=path)
            report = await world.sync()
            assert report.reason in {RunReason.INTERCOM_UNAVAILABLE, RunReason.CHARTMOGUL_UNAVAILABLE}
            assert cursor[:100] not in report.to_json()

    asyncio.run(story())

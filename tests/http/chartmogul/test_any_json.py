"""ChartMogul's answers with any JSON anywhere in them, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.chartmogul.models import Detail, SelectedDetails
from mogulsync.transport.errors import UnavailableError
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats
from tests.support.any_json import json_texts, paths, with_text
from tests.support.raw_http import raw_server, reply

EVERYTHING = SelectedDetails(frozenset(Detail), ("tier",))
ONCE = RequestSettings(attempts=1)
_CUSTOMER = {
    "external_ids": ["a"],
    "data_source_uuids": ["ds"],
    "email": "a@example.com",
    "status": "Active",
    "customer-since": "2015-06-09T13:16:00-04:00",
    "mrr": 3000,
    "currency": "USD",
    "address": {"country": "DE"},
    "lead_created_at": None,
    "attributes": {"tags": ["vip"], "custom": {"tier": {"value": 3}}},
}
_SUBSCRIPTION = {"plan": "Gold", "status": "active", "billing-cycle": "month", "billing-cycle-count": 1}
_INVOICE = {
    "customer_uuid": "c",
    "currency": "USD",
    "line_items": [{"amount_in_cents": 1}],
    "transactions": [{"type": "payment", "result": "successful", "amount_in_cents": None}],
}
_PLAN = {"name": "Gold", "interval_count": 1, "interval_unit": "month", "external_id": "g", "data_source_uuid": "ds"}

Read = Callable[[ChartMogulClient], Awaitable[list[str | None]]]


async def _all(pages: AsyncIterator[list[Any]], name: str) -> list[str | None]:
    return [getattr(each, name) async for page in pages for each in page]


async def _subscriptions(client: ChartMogulClient) -> list[str | None]:
    return [each.plan for each in await client.subscriptions("c") or ()]


LISTS: dict[str, tuple[str, dict[str, Any], str, Read]] = {
    "customers": ("entries", _CUSTOMER, "uuid", lambda client: _all(client.customers(selected=EVERYTHING), "uuid")),
    "subscriptions": ("entries", _SUBSCRIPTION, "plan", _subscriptions),
    "invoices": ("invoices", _INVOICE, "customer_uuid", lambda client: _all(client.invoices(), "customer_uuid")),
    "plans": ("plans", _PLAN, "uuid", lambda client: _all(client.plans(), "uuid")),
}


def _answer(what: str) -> dict[str, Any]:
    root, entry, name, _ = LISTS[what]
    entries = [{**entry, "uuid": f"u{number}", name: f"id{number}", "note": "x"} for number in range(3)]
    return {root: entries, "cursor": None, "has_more": False, "note": "x"}


def _read(what: str, body: str) -> list[str | None]:
    async def read() -> list[str | None]:
        async with (
            raw_server([reply(text=body)]) as server,
            ChartMogulClient(url=server.url, api_key="k", stats=RequestStats(), settings=ONCE) as client,
        ):
            return await LISTS[what][3](client)

    return asyncio.run(read())


@given(st.sampled_from(list(LISTS)), json_texts, st.data())
@settings(max_examples=150)
def test_any_json_in_one_record_keeps_no_other_from_being_read(what: str, text: str, data: st.DataObject) -> None:
    root = LISTS[what][0]
    answer = _answer(what)
    path = data.draw(st.sampled_from([(root, 1), *((root, 1, *path) for path in paths(answer[root][1]))]))
    read = _read(what, with_text(answer, path, text))
    if what != "subscriptions" or read:  # those of one customer are read all or not at all
        assert (read[0], read[-1]) == ("id0", "id2")


@given(st.sampled_from(list(LISTS)), json_texts, st.data())
@settings(max_examples=80)
def test_any_json_around_the_records_is_read_or_malformed(what: str, text: str, data: st.DataObject) -> None:
    answer = _answer(what)
    path = data.draw(st.sampled_from([(key,) for key in answer]))
    try:
        read = _read(what, with_text(answer, path, text))
    except UnavailableError:
        assert path != ("note",)
    else:
        assert path == (LISTS[what][0],) or read == ["id0", "id1", "id2"]


@given(json_texts)
@settings(max_examples=30)
def test_any_json_instead_of_a_list_is_malformed_or_has_no_records(text: str) -> None:
    try:
        assert not [uuid for uuid in _read("customers", text) if uuid is not None]
    except UnavailableError as error:
        assert error.status == 200  # noqa: PT017 - either end is right

"""Intercom's answers with any JSON anywhere in them, over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mogulsync.intercom.client import IntercomClient
from mogulsync.transport.errors import UnavailableError
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats
from tests.support.any_json import json_texts, paths, with_text
from tests.support.raw_http import raw_server, reply

ONCE = RequestSettings(attempts=1)
KEEP = frozenset({"plan", "mrr"})


def _contact(number: int) -> dict[str, Any]:
    return {
        "id": f"id{number}",
        "email": "a@example.com",
        "external_id": "7",
        "note": "x",
        "custom_attributes": {"plan": "Gold", "mrr": 3.5, "other": [1]},
    }


def _attribute(number: int) -> dict[str, Any]:
    return {"name": f"id{number}", "data_type": "string", "custom": True, "archived": False, "options": []}


CONTACTS: dict[str, Any] = {
    "data": [_contact(number) for number in range(3)],
    "total_count": 3,
    "pages": {"type": "pages", "page": 1, "next": None},
    "note": "x",
}
ATTRIBUTES: dict[str, Any] = {"data": [_attribute(number) for number in range(3)], "note": "x"}

Read = Callable[[IntercomClient], Awaitable[list[str]]]


async def _scan(client: IntercomClient) -> list[str]:
    return [contact.id async for page in client.scan(keep=KEEP) for contact in page.contacts]


async def _search(client: IntercomClient) -> list[str]:
    pages = client.search(field="email", keys=["a@example.com"], keep=KEEP)
    return [contact.id async for page in pages for contact in page.contacts]


async def _attributes(client: IntercomClient) -> list[str]:
    return [attribute.name for attribute in await client.attributes()]


LISTS: dict[str, tuple[dict[str, Any], Read]] = {
    "scan": (CONTACTS, _scan),
    "search": (CONTACTS, _search),
    "attributes": (ATTRIBUTES, _attributes),
}


def _connected(body: str, read: Callable[[IntercomClient], Awaitable[Any]]) -> Any:
    async def ask() -> Any:
        async with (
            raw_server([reply(text=body)]) as server,
            IntercomClient(
                url=server.url, token="t", rate_limit_percent=80, stats=RequestStats(), settings=ONCE
            ) as client,
        ):
            return await read(client)

    return asyncio.run(ask())


@given(st.sampled_from(list(LISTS)), json_texts, st.data())
@settings(max_examples=120)
def test_any_json_in_one_record_keeps_no_other_from_being_read(what: str, text: str, data: st.DataObject) -> None:
    answer, read = LISTS[what]
    path = data.draw(st.sampled_from([("data", 1), *(("data", 1, *path) for path in paths(answer["data"][1]))]))
    found = _connected(with_text(answer, path, text), read)
    assert (found[0], found[-1]) == ("id0", "id2")


@given(st.sampled_from(list(LISTS)), json_texts, st.data())
@settings(max_examples=80)
def test_any_json_around_the_records_is_read_or_malformed(what: str, text: str, data: st.DataObject) -> None:
    answer, read = LISTS[what]
    path = data.draw(st.sampled_from([path for path in paths(answer) if path[0] != "data" or len(path) == 1]))
    try:
        found = _connected(with_text(answer, path, text), read)
    except UnavailableError:
        assert path[0] in {"data", "pages"}
    else:
        assert path == ("data",) or found == ["id0", "id1", "id2"]


@given(json_texts, st.data())
@settings(max_examples=60)
def test_any_json_in_a_written_contact_is_read_or_malformed(text: str, data: st.DataObject) -> None:
    answer = _contact(1)
    path = data.draw(st.sampled_from(list(paths(answer))))
    try:
        contact = _connected(with_text(answer, path, text), lambda client: client.update("id1", {"mrr": 1}, keep=KEEP))
    except UnavailableError:
        assert path == ("id",)
    else:
        assert path == ("id",) or contact.id == "id1"
        assert set(contact.attributes) <= KEEP


@given(json_texts)
@settings(max_examples=40)
def test_any_json_instead_of_the_workspace_is_read_or_malformed(text: str) -> None:
    try:
        _connected(f'{{"app": {text}}}', lambda client: client.me())
        _connected(f'{{"app": {{"name": {text}, "region": {text}}}}}', lambda client: client.me())
        _connected(text, lambda client: client.me())
    except UnavailableError as error:
        assert error.status == 200  # noqa: PT017 - either end is right

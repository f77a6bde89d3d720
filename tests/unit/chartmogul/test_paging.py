from typing import Any

import pytest

from mogulsync.chartmogul.paging import Page, PageReader, Recent
from mogulsync.transport.client import Body, MalformedError


def read(data: Any) -> Page:
    return PageReader("entries", "subscriptions").read(Body(data, None))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"entries": [{"uuid": "a"}], "cursor": "c", "has_more": True}, Page([{"uuid": "a"}], "c")),
        ({"entries": [{"uuid": "a"}], "cursor": "c", "has_more": False}, Page([{"uuid": "a"}], None)),
        ({"entries": [{"uuid": "a"}], "cursor": "c"}, Page([{"uuid": "a"}], "c")),
        ({"entries": [], "cursor": "c"}, Page([], None)),
        ({"entries": [], "cursor": "c", "has_more": True}, Page([], "c")),
        ({"entries": []}, Page([], None)),
        ({"subscriptions": [{}]}, Page([{}], None)),
        ({"entries": [None, 3]}, Page([{}, {}], None)),
    ],
)
def test_a_page_has_entries_and_may_have_a_next_one(data: Any, expected: Page) -> None:
    assert read(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"entries": None},
        {"entries": {}},
        {"entries": [], "has_more": True},
        {"entries": [], "has_more": True, "cursor": 7},
    ],
)
def test_what_is_no_page_is_malformed(data: Any) -> None:
    with pytest.raises(MalformedError):
        read(data)


def test_a_cursor_that_leads_back_is_malformed() -> None:
    reader = PageReader("entries")
    for cursor in "ab":
        reader.read(Body({"entries": [], "cursor": cursor, "has_more": True}, None))
    with pytest.raises(MalformedError, match="leads back"):
        reader.read(Body({"entries": [], "cursor": "a", "has_more": True}, None))


def test_records_of_neighbouring_pages_come_once() -> None:
    recent = Recent(pages=2)
    assert recent.new([{"uuid": "a"}, {"uuid": "a"}, {"uuid": "b"}, {}]) == [{"uuid": "a"}, {"uuid": "b"}, {}]
    assert recent.new([{"uuid": "b"}, {"uuid": "c"}, {}]) == [{"uuid": "c"}, {}]
    assert recent.new([]) == []
    assert recent.new([{"uuid": "b"}]) == [{"uuid": "b"}], "two pages later it is forgotten"

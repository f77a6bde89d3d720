from typing import Any

import pytest

from mogulsync.chartmogul.paging import DuplicateFilter, EntryPage, EntryPageReader
from mogulsync.transport.client import JsonResponse, MalformedResponseError


def read(data: Any) -> EntryPage:
    return EntryPageReader("entries", "subscriptions").read(JsonResponse(data, None))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"entries": [{"uuid": "a"}], "cursor": "c", "has_more": True}, EntryPage([{"uuid": "a"}], "c")),
        ({"entries": [{"uuid": "a"}], "cursor": "c", "has_more": False}, EntryPage([{"uuid": "a"}], None)),
        ({"entries": [{"uuid": "a"}], "cursor": "c"}, EntryPage([{"uuid": "a"}], "c")),
        ({"entries": [], "cursor": "c"}, EntryPage([], None)),
        ({"entries": [], "cursor": "c", "has_more": True}, EntryPage([], "c")),
        ({"entries": []}, EntryPage([], None)),
        ({"entries": [{"uuid": "a"}], "current_page": 1, "total_pages": 1}, EntryPage([{"uuid": "a"}], None)),
        (
            {"entries": [{"uuid": "a"}], "current_page": 2, "total_pages": 2, "has_more": False},
            EntryPage([{"uuid": "a"}], None),
        ),
        ({"entries": [], "current_page": 1, "total_pages": 0}, EntryPage([], None)),
        (
            {"entries": [{"uuid": "a"}], "current_page": 1, "total_pages": 3, "cursor": "c"},
            EntryPage([{"uuid": "a"}], "c"),
        ),
        ({"entries": [{"uuid": "a"}], "cursor": 7, "has_more": True}, EntryPage([{"uuid": "a"}], "7")),
        ({"entries": [{"uuid": "a"}], "cursor": {}, "has_more": False}, EntryPage([{"uuid": "a"}], None)),
        ({"entries": [{"uuid": "a"}], "cursor": "c", "has_more": "False"}, EntryPage([{"uuid": "a"}], None)),
        ({"entries": [{"uuid": "a"}], "has_more": "false"}, EntryPage([{"uuid": "a"}], None)),
        ({"entries": [{"uuid": "a"}], "has_more": 0}, EntryPage([{"uuid": "a"}], None)),
        ({"entries": [{"uuid": "a"}], "cursor": "", "has_more": None}, EntryPage([{"uuid": "a"}], None)),
        ({"entries": [], "cursor": "c", "has_more": "true"}, EntryPage([], "c")),
        (
            {"entries": [{"uuid": "a"}], "current_page": 2, "total_pages": 2, "cursor": ["c"]},
            EntryPage([{"uuid": "a"}], None),
        ),
        ({"subscriptions": [{}]}, EntryPage([{}], None)),
        ({"entries": [None, 3]}, EntryPage([{}, {}], None)),
    ],
)
def test_a_page_has_entries_and_may_have_a_next_one(data: Any, expected: EntryPage) -> None:
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
        {"entries": [], "has_more": True, "cursor": {}},
        {"entries": [{"uuid": "a"}], "has_more": "true"},
        {"entries": [{"uuid": "a"}], "has_more": 1},
        {"entries": [{"uuid": "a"}], "has_more": 1, "cursor": {"next": "c"}},
        {"entries": [{"uuid": "a"}], "has_more": "perhaps"},
        {"entries": [{"uuid": "a"}], "has_more": [], "cursor": None},
        {"entries": [{"uuid": "a"}], "has_more": None, "cursor": ["c"]},
        {"entries": [{"uuid": "a"}], "cursor": True},
        {"entries": [{"uuid": "a"}], "current_page": 1, "total_pages": 2},
        {"entries": [{"uuid": "a"}], "current_page": 1, "total_pages": 2, "has_more": False},
        {"entries": [{"uuid": "a"}], "current_page": "1", "total_pages": "2", "cursor": None},
        {"entries": [{"uuid": "a"}], "total_pages": 2},
        {"entries": [{"uuid": "a"}], "current_page": 1},
    ],
)
def test_what_is_no_page_is_malformed(data: Any) -> None:
    with pytest.raises(MalformedResponseError):
        read(data)


def test_a_cursor_that_leads_back_is_malformed() -> None:
    reader = EntryPageReader("entries")
    for cursor in "ab":
        reader.read(JsonResponse({"entries": [], "cursor": cursor, "has_more": True}, None))
    with pytest.raises(MalformedResponseError, match="leads back"):
        reader.read(JsonResponse({"entries": [], "cursor": "a", "has_more": True}, None))


def test_a_list_goes_on_after_some_pages_that_bring_nothing_new() -> None:
    reader = EntryPageReader("entries")
    for number in range(60):
        uuid = f"u{number // 10}"
        answer = JsonResponse({"entries": [{"uuid": uuid}], "cursor": f"c{number}", "has_more": True}, None)
        assert reader.read(answer).cursor == f"c{number}"


def test_records_of_neighbouring_pages_come_once() -> None:
    recent = DuplicateFilter(pages=2)
    assert recent.new([{"uuid": "a"}, {"uuid": "a"}, {"uuid": "b"}, {}]) == [{"uuid": "a"}, {"uuid": "b"}, {}]
    assert recent.new([{"uuid": "b"}, {"uuid": "c"}, {}]) == [{"uuid": "c"}, {}]
    assert recent.new([]) == []
    assert recent.new([{"uuid": "b"}]) == [{"uuid": "b"}], "two pages later it is forgotten"

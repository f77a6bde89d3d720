from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.intercom import parsing
from mogulsync.intercom.models import Contact, DataAttribute, Workspace
from mogulsync.transport.client import MalformedResponseError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_the_workspace_is_the_token_s_app() -> None:
    me = {"type": "admin", "app": {"id_code": "abc", "name": "Example", "region": "EU"}}
    assert parsing.workspace(me) == Workspace("abc", "Example", "EU")


@pytest.mark.parametrize("data", [{}, {"app": None}, {"type": "admin"}])
def test_a_workspace_that_is_not_told_is_unknown(data: Any) -> None:
    assert parsing.workspace(data) == Workspace(None, None, None)


@pytest.mark.parametrize("data", [[], None, "ok", 1])
def test_what_is_no_object_is_neither_workspace_nor_attribute(data: Any) -> None:
    with pytest.raises(MalformedResponseError):
        parsing.workspace(data)
    with pytest.raises(MalformedResponseError):
        parsing.created(data)


def test_attributes_hold_what_decides_whether_they_can_be_used() -> None:
    data = {
        "data": [
            {"name": "email", "data_type": "string", "model": "contact", "custom": False, "api_writable": True},
            {
                "name": "tier",
                "data_type": "string",
                "model": "contact",
                "custom": True,
                "archived": True,
                "api_writable": False,
                "options": ["a", "b"],
            },
            {"data_type": "string"},
            None,
        ]
    }
    assert parsing.attributes(data) == [
        DataAttribute("email", "string", False, False, True, False, "contact"),
        DataAttribute("tier", "string", True, True, False, True, "contact"),
    ]


def test_a_contact_keeps_the_attributes_asked_for_as_they_are() -> None:
    data = {
        "id": "c1",
        "email": " Ada@Example.com ",
        "external_id": "42",
        "custom_attributes": {"plan": None, "number": 42, "share": 42.0, "flag": False, "other": "x"},
    }
    keep = frozenset({"plan", "number", "share", "flag", "missing"})
    contact = parsing.contact(data, keep)
    assert contact == Contact("c1", " Ada@Example.com ", "42", {"number": 42, "share": 42.0, "flag": False})
    assert contact is not None
    assert isinstance(contact.attributes["share"], float)


@pytest.mark.parametrize(
    "data",
    [{"id": "c"}, {"id": "c", "email": None, "external_id": None}, {"id": "c", "email": "", "custom_attributes": []}],
)
def test_what_a_contact_does_not_have_is_none(data: Any) -> None:
    assert parsing.contact(data, frozenset({"a"})) == Contact("c", None, None, {})


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": ""}, {"id": True}, None, [], "c"])
def test_a_contact_without_an_id_is_none(data: Any) -> None:
    assert parsing.contact(data, frozenset()) is None


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ({"pages": {"next": {"page": 2, "starting_after": "abc"}}}, "abc"),
        ({"pages": {"next": None}}, None),
        ({"pages": {}}, None),
        ({"pages": None}, None),
        ({}, None),
    ],
)
def test_the_next_page_is_named_by_its_cursor(pages: dict[str, Any], expected: str | None) -> None:
    assert parsing.next_cursor(pages) == expected


@pytest.mark.parametrize("following", [{}, {"starting_after": ""}, {"starting_after": 5}, "https://elsewhere", [1]])
def test_a_next_page_without_a_cursor_is_malformed_or_none(following: Any) -> None:
    if not following:
        assert parsing.next_cursor({"pages": {"next": following}}) is None
        return
    with pytest.raises(MalformedResponseError):
        parsing.next_cursor({"pages": {"next": following}})


@pytest.mark.parametrize(
    ("total", "expected"),
    [(5, 5), (0, 0), (-1, None), (True, None), ("5", 5), ("many", None), (2**63, None), (None, None), (1.5, None)],
)
def test_a_total_is_a_whole_number_or_unknown(total: Any, expected: int | None) -> None:
    assert parsing.total_count({"total_count": total}) == expected


@given(st.dictionaries(st.sampled_from(["app", "pages", "total_count", "id", "email"]), JSON), JSON, JSON)
def test_no_odd_value_breaks_a_reader(data: dict[str, Any], one: Any, other: Any) -> None:
    parsing.workspace(data)
    parsing.total_count(data)
    parsing.page_number(data)
    parsing.total_pages(data)
    assert parsing.contact({"custom_attributes": one, **data, "id": "c"}, frozenset({"a"})) is not None
    assert len(parsing.listed({"data": [one, other]})) == 2
    parsing.attributes({"data": [one, {"name": "x", "data_type": one, "options": other, "model": other}]})

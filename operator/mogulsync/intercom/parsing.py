"""Parses Intercom's JSON into the models (its OpenAPI description 2.16: app, data_attribute, contact)."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from pydantic_core import SchemaValidator, core_schema

from mogulsync.intercom.models import Contact, DataAttribute, Workspace
from mogulsync.transport.client import MalformedResponseError
from mogulsync.transport.json_values import text, whole


def _some_of(fields: Mapping[str, core_schema.CoreSchema]) -> core_schema.TypedDictSchema:
    """Return the schema of an object of which only these fields are read, where it has them."""
    return core_schema.typed_dict_schema(
        {name: core_schema.typed_dict_field(value, required=False) for name, value in fields.items()},
        extra_behavior="ignore",
    )


_TOO_MANY: Final = 2**63
"""From here on a count makes no sense."""
_ANYTHING: Final = core_schema.any_schema()
_CONTACT: Final = _some_of(dict.fromkeys(("id", "email", "external_id", "custom_attributes"), _ANYTHING))
CONTACT: Final = SchemaValidator(_CONTACT)
"""What is read of a contact: about a tenth of what Intercom sends."""
CONTACTS: Final = SchemaValidator(
    _some_of({"data": core_schema.list_schema(_CONTACT), "pages": _ANYTHING, "total_count": _ANYTHING})
)
"""What is read of a page of contacts."""


def workspace(data: Any) -> Workspace:
    """Read the answer of `/me`.

    Raises:
        MalformedError: It is no object.
    """
    if not isinstance(data, dict):
        raise MalformedResponseError("it is not an object")
    app = data.get("app")
    if not isinstance(app, dict):
        # A token without an admin has no app in its answer; that it was answered says it works.
        app = {}
    return Workspace(id=text(app.get("id_code")), name=text(app.get("name")), region=text(app.get("region")))


def attributes(data: Any) -> list[DataAttribute]:
    """Read the answer of `/data_attributes`."""
    return [_attribute(entry) for entry in listed(data) if isinstance(entry.get("name"), str)]


def created(data: Any) -> None:
    """Read the answer to an attribute's creation, which is the attribute.

    Raises:
        MalformedError: It is something else.
    """
    if not isinstance(data, dict):
        raise MalformedResponseError("it is not an attribute")


def _attribute(entry: dict[str, Any]) -> DataAttribute:
    return DataAttribute(
        name=entry["name"],
        data_type=text(entry.get("data_type")) or "",
        custom=entry.get("custom") is True,
        archived=entry.get("archived") is True,
        api_writable=entry.get("api_writable") is not False,
        has_options=bool(entry.get("options")),
        model=text(entry.get("model")) or "contact",
    )


def contact(data: Any, keep: AbstractSet[str], *, request_id: str | None = None) -> Contact | None:
    """Read a contact; None when it has no id.

    Args:
        data: The JSON value.
        keep: The custom attributes to keep.
        request_id: Intercom's id of the request that it answers.
    """
    if not isinstance(data, dict):
        return None
    contact_id = text(data.get("id"))
    if contact_id is None:
        return None
    found = data.get("custom_attributes")
    values = found if isinstance(found, dict) else {}
    return Contact(
        id=contact_id,
        email=text(data.get("email")),
        external_id=text(data.get("external_id")),
        attributes={name: value for name in keep if (value := values.get(name)) is not None},
        request_id=request_id,
    )


def contact_id(entry: Mapping[str, Any]) -> str | None:
    """Return the id of an entry of a list; None when it has none, so that `contact` cannot read it."""
    return text(entry.get("id"))


def listed(data: Any) -> list[dict[str, Any]]:
    """Return the entries of a list; what is no object among them is an empty one.

    Raises:
        MalformedError: It is no list.
    """
    entries = data.get("data") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise MalformedResponseError("it is not a list")
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def total_count(data: dict[str, Any]) -> int | None:
    """Return how many entries the whole list has, where the page says so."""
    return _count(data.get("total_count"))


def page_number(data: dict[str, Any]) -> int | None:
    """Return the number of the page, counted from 1, where it says so."""
    pages = data.get("pages")
    return _count(pages.get("page")) if isinstance(pages, dict) else None


def total_pages(data: dict[str, Any]) -> int | None:
    """Return how many pages the whole list has, where the page says so."""
    pages = data.get("pages")
    return _count(pages.get("total_pages")) if isinstance(pages, dict) else None


def _count(value: Any) -> int | None:
    """Return a count, also one written as text."""
    count = whole(value)
    return count if count is not None and 0 <= count < _TOO_MANY else None


def next_cursor(data: dict[str, Any]) -> str | None:
    """Return the cursor of the next page, None on the last.

    Raises:
        MalformedError: There is a next page but no cursor to it.
    """
    pages = data.get("pages")
    following = pages.get("next") if isinstance(pages, dict) else None
    if not following:
        return None
    cursor = following.get("starting_after") if isinstance(following, dict) else None
    if not isinstance(cursor, str) or not cursor:
        raise MalformedResponseError("it has a next page but no cursor")
    return cursor

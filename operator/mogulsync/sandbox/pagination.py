"""Cursors, page numbers and page sizes, as both APIs use them."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

LARGEST: Final = 2**53
"""The largest page number, and the largest index in a cursor: times a page's size it still fits 64 bits."""


def cursor(*place: Any) -> str:
    """Return an opaque text for a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def place(text: str, length: int) -> list[Any] | None:
    """Return the place that a cursor was made of, or None where it is no cursor of this length."""
    try:
        found = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and len(found) == length else None


def index_place(text: str, length: int) -> list[int] | None:
    """Return the place that a cursor of indexes was made of, or None where it is no such cursor."""
    found = place(text, length)
    if found is None or not all(isinstance(each, int) and 0 <= each <= LARGEST for each in found):
        return None
    return found


def page_size(values: Mapping[str, Any], *, default: int, most: int) -> int | None:
    """Return the asked-for `per_page`, or None where it is no number from 1 to `most`."""
    size = whole_number(values.get("per_page"), default)
    return size if size is not None and 1 <= size <= most else None


def page_number(values: Mapping[str, Any], *, default: int) -> int | None:
    """Return the asked-for `page`, `default` where none is, or None where it is no number from 1 to `LARGEST`."""
    if values.get("page") in (None, ""):
        return default
    number = whole_number(values["page"], default)
    return number if number is not None and 1 <= number <= LARGEST else None


def whole_number(value: Any, default: int) -> int | None:
    """Return a number of a query or body, `default` where it is missing or empty, None where it is no whole number."""
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None

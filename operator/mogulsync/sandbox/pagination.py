"""Cursors and page sizes."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any


def cursor(*place: Any) -> str:
    """Return an opaque text for a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def place(text: str, length: int) -> list[Any] | None:
    """Return the place that a cursor stands for, or None where it is no cursor of this length."""
    try:
        found = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (binascii.Error, ValueError):
        return None
    return found if isinstance(found, list) and len(found) == length else None


def page_size(values: Mapping[str, Any], *, default: int, most: int) -> int | None:
    """Return the wanted `per_page`, or None where it is none or more than `most`."""
    try:
        size = int(values.get("per_page") or default)
    except (TypeError, ValueError):
        return None
    return size if 1 <= size <= most else None

"""Reads JSON values whose type an API does not keep to: text, numbers and times, None for anything else."""

import math
from datetime import UTC, datetime
from typing import Any, Final

_LARGEST_ID: Final = 10**30
"""From here on a number is no id."""
_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, the last that dates have."""
_FIRST_SECOND: Final = -62_135_596_800
"""The beginning of the year 1."""


def text(value: Any) -> str | None:
    """Return text as it is, a number as its digits (42.0 as "42"); None for empty text and anything else."""
    if type(value) is str:
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST_ID:
        return None
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def trimmed(value: Any) -> str | None:
    """Return `text` without white space around it; None for blank text and anything else."""
    read = text(value)
    return (read.strip() or None) if read is not None else None


def number(value: Any) -> float | None:
    """Return a finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def unix_seconds(value: Any) -> int | None:
    """Return a time of the years 1 to 9999, rounded down to the second; None for anything else.

    It is read from ISO 8601 text (UTC where it names no zone) or from unix seconds, also written as text.
    """
    seconds = number(value)
    if seconds is None:
        if not isinstance(value, str):
            return None
        try:
            read = datetime.fromisoformat(value.strip())
            seconds = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    return math.floor(seconds) if _FIRST_SECOND <= seconds <= _LAST_SECOND else None


def whole(value: Any) -> int | None:
    """Return a number that has no decimal part; None for anything else."""
    read = number(value)
    return int(read) if read is not None and read.is_integer() else None


def text_forms(value: str) -> tuple[str, ...]:
    """Return the texts that a text of an API may stand for: itself and, where that differs, unescaped once from HTML.

    Intercom's list and search answers have been recorded with names such as `Phone &amp; SMS`. A text that cannot be
    unescaped stands for itself only.
    """
    if "&" not in value:
        return (value,)
    import html  # noqa: PLC0415 - few texts need it

    try:
        unescaped = html.unescape(value)
    except ValueError:
        # Python reads no number of more than 4,300 digits, such as a character reference may have.
        return (value,)
    return (value,) if unescaped == value else (value, unescaped)

"""Custom attributes of ChartMogul: values of a user's own making, read as the type that a field gives them."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from mogulsync.chartmogul.models import CustomValue
from mogulsync.resource.sources import DataType

_INTEGER_LIMIT: Final = 2**63
"""From here on a number is no integer that Intercom stores."""


def custom_value(value: CustomValue, data_type: DataType) -> str | int | float | bool | None:
    """Return the value where it is of the type, else None; booleans are neither numbers nor text."""
    return _READERS[data_type](value)


def is_mistyped(value: CustomValue, data_type: DataType) -> bool:
    """Return whether there is a value and it is not of the type."""
    return value is not None and custom_value(value, data_type) is None


def iso_seconds(value: object) -> int | None:
    """Return ISO 8601 text as unix seconds, UTC where it names no zone; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return math.floor((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _string(value: CustomValue) -> str | None:
    return value if isinstance(value, str) else None


def _float(value: CustomValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        read = float(value)
    except OverflowError:
        return None
    return read if math.isfinite(read) else None


def _integer(value: CustomValue) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < _INTEGER_LIMIT else None


def _boolean(value: CustomValue) -> bool | None:
    return value if isinstance(value, bool) else None


_READERS: Final[dict[DataType, Callable[[CustomValue], str | int | float | bool | None]]] = {
    "string": _string,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "date": iso_seconds,
}

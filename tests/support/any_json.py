"""Any JSON at all, as text, and where in an answer it may be."""

import json
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import strategies as st

_MARK: Final = "put it here"

ODD_TEXTS: Final = (
    '"\\ud83d"',
    '"half \\uDE00\\ud83d of a pair"',
    '"\\u0000"',
    "1" + 5_000 * "0",
    "-" + 5_000 * "9" + ".5",
    "1e999",
    "-0.0",
    "1" + 100 * "0",
    500 * "[" + 500 * "]",
    3_000 * '{"a":' + "1" + 3_000 * "}",
    "null",
    "true",
    "{}",
    "[]",
    '""',
    '"' + 10_000 * "x" + '"',
    '"&#' + 5_000 * "1" + ';"',
    '{"value": {"value": [null]}}',
)
"""What parsers stumble over."""

_VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

json_texts: st.SearchStrategy[str] = st.sampled_from(ODD_TEXTS) | _VALUES.map(json.dumps)


def paths(value: Any, *, below: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value within a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*below, key)
        yield from paths(inner, below=(*below, key))


def with_text(value: Any, path: tuple[str | int, ...], text: str) -> str:
    """Return the value as JSON text, with another text in the place that the path leads to."""
    changed = json.loads(json.dumps(value))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = _MARK
    return json.dumps(changed).replace(json.dumps(_MARK), text)

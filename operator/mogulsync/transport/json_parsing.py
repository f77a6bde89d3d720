"""Parses any JSON: also what the fast parser refuses, half a surrogate pair, endless numbers and endless depth."""

import contextlib
import re
from typing import Any, Final

from pydantic_core import SchemaValidator, ValidationError, from_json

_DEEPEST: Final = 100
"""Arrays and objects within each other that are read; what is deeper becomes null. The fast parser takes 200."""
_LONGEST_NUMBER: Final = 400
"""Characters of a number that are read as they are; a longer one is read as a float."""

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{\]}]|[-0-9][-+.0-9eE]*', re.DOTALL)
"""Strings, brackets and numbers; all between them is copied.

A string that is not closed is the rest of the text: were it none, each escaped quote in it would be tried as the
beginning of another, to the end, which takes minutes for a long answer that was cut short.
"""
_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
"""Whole surrogate pairs, halves (the group), and all other escapes, so that `\\\\ud83d` is not taken for one."""


def parse_json(content: bytes, shape: SchemaValidator | None = None) -> Any:
    """Return the JSON value, or the parts of it that the shape has.

    Half a surrogate pair becomes U+FFFD, as do bytes that are not UTF-8.

    Args:
        content: The JSON text.
        shape: Reads some parts and skips the rest, which is faster. A value of another shape is returned whole.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return _parse(content, shape)
    except ValueError:
        text = _with_whole_escapes(content.decode("utf-8-sig", errors="replace"))
    try:
        return _parse(text, shape)
    except ValueError:
        return _parse(_within_limits(text), shape)


def _parse(text: bytes | str, shape: SchemaValidator | None) -> Any:
    if shape is not None:
        with contextlib.suppress(ValidationError):
            return shape.validate_json(text)
    return from_json(text)


def _with_whole_escapes(text: str) -> str:
    return _ESCAPE.sub(lambda escape: "\\ufffd" if escape[1] else escape[0], text)


def _within_limits(text: str) -> str:
    """Return a JSON text without values that are too deep and numbers that are too long."""
    kept: list[str] = []
    copied, depth = 0, 0
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        what = text[start]
        if depth <= _DEEPEST:
            kept.append(text[copied:start])
            kept.append("null" if depth == _DEEPEST and what in "[{" else _number_within_limits(token[0]))
        depth += (what in "[{") - (what in "]}")
        copied = end
    kept.append(text[copied:])
    return "".join(kept)


def _number_within_limits(token: str) -> str:
    """Return a number, when the token is one, with as many digits as a float has; infinity is written `1e999`."""
    if len(token) <= _LONGEST_NUMBER or token[0] == '"':
        return token
    try:
        return repr(float(token)).replace("inf", "1e999")
    except ValueError:
        return token

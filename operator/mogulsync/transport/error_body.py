"""Error bodies: the answers to requests that an API refused."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from mogulsync.transport.headers import safe_token
from mogulsync.transport.json_parsing import parse_json

_MESSAGES: Final = ("errors", "message", "error", "detail")
"""Keys of what an API says, or of values that hold it."""
_DEEPEST: Final = 6
"""Arrays and objects within each other in which messages are looked for."""
_MOST: Final = 20
"""Messages of a body that are read."""
_LONGEST: Final = 1_000
"""Characters of a message that are read."""


class ErrorBody(NamedTuple):
    """Code, request id and message of an error body."""

    code: str | None
    """The API's error code, such as `parameter_invalid`; None when it gave none."""
    request_id: str | None
    message: str
    """The API's own words, empty when there are none. They may quote what was sent."""


def read_error_body(content: bytes) -> ErrorBody:
    """Read an error body of either API; what has another shape is left out.

    Intercom: `{"type": "error.list", "request_id": …, "errors": [{"code": …, "message": …}]}` (its OpenAPI
    description, schema `error`). ChartMogul documents no shape: `{"error": …}`, `{"code": …, "message": …}`
    and `{"errors": {…}}` have been recorded. Wherever a message is expected there may be a list of them, an object
    that holds one, or an object of fields: `{"errors": {"email": ["is invalid"]}}`.
    """
    try:
        body = parse_json(content)
    except ValueError:
        return ErrorBody(None, None, "")
    if not isinstance(body, dict):
        return ErrorBody(None, None, "")
    codes = [safe_token(entry.get("code")) for entry in _entries(body)]
    return ErrorBody(
        next((code for code in codes if code), None),
        safe_token(body.get("request_id")),
        "; ".join(text[:_LONGEST] for text in islice(_texts(body, _DEEPEST), _MOST)),
    )


def _entries(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects of a body that may hold a code, the more telling first."""
    errors = body.get("errors")
    listed = errors if isinstance(errors, list) else [errors]
    return [entry for entry in (*listed, body.get("error"), body) if isinstance(entry, dict)]


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Yield the messages in a value that is so many levels deep at most.

    An object with neither a message nor a code tells what is wrong with each field, by its name.
    """
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, list):
        for each in value:
            yield from _texts(each, depth - 1)
    elif depth and isinstance(value, dict):
        held = [key for key in _MESSAGES if key in value]
        for key in held:
            yield from _texts(value[key], depth - 1)
        if not held and "code" not in value and depth < _DEEPEST:
            for field, problems in value.items():
                yield from (f"{field} {text}" for text in _texts(problems, depth - 1))

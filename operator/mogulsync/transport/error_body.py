"""Error bodies: the answers to requests that an API refused."""

from typing import Any, NamedTuple

from mogulsync.transport.headers import safe_token
from mogulsync.transport.json_parsing import parse_json


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
    and `{"errors": {…}}` have been recorded.
    """
    try:
        body = parse_json(content)
    except ValueError:
        return ErrorBody(None, None, "")
    if not isinstance(body, dict):
        return ErrorBody(None, None, "")
    entries = _entries(body)
    codes = [safe_token(entry.get("code")) for entry in entries]
    messages = [text for entry in entries for key in ("message", "error") if isinstance(text := entry.get(key), str)]
    return ErrorBody(
        next((code for code in codes if code), None),
        safe_token(body.get("request_id")),
        "; ".join(messages),
    )


def _entries(body: dict[str, Any]) -> list[dict[str, Any]]:
    errors = body.get("errors")
    listed = errors if isinstance(errors, list) else [errors]
    return [entry for entry in (*listed, body) if isinstance(entry, dict)]

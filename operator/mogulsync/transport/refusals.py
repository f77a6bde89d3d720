"""Reading what an API says about a request that it did not fulfil."""

from typing import Any, NamedTuple

from pydantic_core import from_json

from mogulsync.transport.headers import safe_token


class Refusal(NamedTuple):
    """The API's own words; `detail` may quote what was sent."""

    code: str | None
    request_id: str | None
    detail: str


def read_refusal(content: bytes) -> Refusal:
    """Read an error body of either API; whatever cannot be understood is left out.

    Intercom: `{"type": "error.list", "request_id": …, "errors": [{"code": …, "message": …}]}` (its OpenAPI
    description, schema `error`). ChartMogul documents no shape: `{"error": …}`, `{"code": …, "message": …}`
    and `{"errors": {…}}` are met.
    """
    try:
        body = from_json(content)
    except ValueError:
        return Refusal(None, None, "")
    if not isinstance(body, dict):
        return Refusal(None, None, "")
    entries = _entries(body)
    codes = [safe_token(entry.get("code")) for entry in entries]
    messages = [text for entry in entries for key in ("message", "error") if isinstance(text := entry.get(key), str)]
    return Refusal(
        next((code for code in codes if code), None),
        safe_token(body.get("request_id")),
        "; ".join(messages),
    )


def _entries(body: dict[str, Any]) -> list[dict[str, Any]]:
    errors = body.get("errors")
    listed = errors if isinstance(errors, list) else [errors]
    return [entry for entry in (*listed, body) if isinstance(entry, dict)]

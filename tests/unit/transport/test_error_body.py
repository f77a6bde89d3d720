import json
from typing import Any

import pytest

from mogulsync.transport.error_body import ErrorBody, read_error_body

INTERCOM = {
    "type": "error.list",
    "request_id": "req-1",
    "errors": [{"code": "parameter_invalid", "message": "Not a number"}, {"code": "second", "message": "Nor a date"}],
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (INTERCOM, ErrorBody("parameter_invalid", "req-1", "Not a number; Nor a date")),
        ({"error": "Customer not found"}, ErrorBody(None, None, "Customer not found")),
        ({"code": 401, "message": "No valid API key"}, ErrorBody("401", None, "No valid API key")),
        ({"errors": {"code": "nested", "message": "So"}}, ErrorBody("nested", None, "So")),
        ({"errors": [None, "text", {}]}, ErrorBody(None, None, "")),
        ({"errors": [{"code": "it is ada@example.com"}]}, ErrorBody(None, None, "")),
        ([], ErrorBody(None, None, "")),
        ("text", ErrorBody(None, None, "")),
        (None, ErrorBody(None, None, "")),
    ],
)
def test_what_can_be_understood_is_taken(body: Any, expected: ErrorBody) -> None:
    assert read_error_body(json.dumps(body).encode()) == expected


@pytest.mark.parametrize("content", [b"", b"<html>", b"{", b"\xff\xfe"])
def test_what_is_no_json_says_nothing(content: bytes) -> None:
    assert read_error_body(content) == ErrorBody(None, None, "")

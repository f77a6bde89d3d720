import json
from typing import Any

import pytest

from mogulsync.transport.error_body import ErrorBody, read_error_body
from mogulsync.transport.error_detail import error_detail

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
        ({"errors": [None, "text", {}]}, ErrorBody(None, None, "text")),
        ({"errors": {"email": ["is invalid", "is taken"]}}, ErrorBody(None, None, "email is invalid; email is taken")),
        ({"errors": {"email": "is invalid"}}, ErrorBody(None, None, "email is invalid")),
        ({"errors": ["Custom attribute is invalid"]}, ErrorBody(None, None, "Custom attribute is invalid")),
        ({"error": {"code": "bad", "message": "is invalid"}}, ErrorBody("bad", None, "is invalid")),
        (
            {"errors": {"custom_attributes": {"mrr": ["is invalid"]}}},
            ErrorBody(None, None, "custom_attributes mrr is invalid"),
        ),
        ({"message": ["is invalid"]}, ErrorBody(None, None, "is invalid")),
        ({"detail": "is invalid"}, ErrorBody(None, None, "is invalid")),
        ({"errors": [{"code": "x", "message": {"detail": "y"}}]}, ErrorBody("x", None, "y")),
        ({"errors": [{"code": "x", "field": "email"}]}, ErrorBody("x", None, "")),
        ({"customer": {"email": "ada@example.com"}}, ErrorBody(None, None, "")),
        ({"errors": [[[[[[["too deep"]]]]]]]}, ErrorBody(None, None, "")),
        ({"errors": 30 * ["is invalid"]}, ErrorBody(None, None, "; ".join(20 * ["is invalid"]))),
        ({"message": 5_000 * "x"}, ErrorBody(None, None, 1_000 * "x")),
        ({"errors": [{"code": "it is ada@example.com"}]}, ErrorBody(None, None, "")),
        ([], ErrorBody(None, None, "")),
        ("text", ErrorBody(None, None, "")),
        (None, ErrorBody(None, None, "")),
    ],
)
def test_what_can_be_understood_is_taken(body: Any, expected: ErrorBody) -> None:
    assert read_error_body(json.dumps(body).encode()) == expected


def test_of_any_shape_only_known_words_are_shown() -> None:
    body = {"errors": {"ada@example.com": ["'Ada' is invalid"], "custom_attributes": {"mrr": ["12 is invalid"]}}}
    code, _, message = read_error_body(json.dumps(body).encode())
    assert error_detail(code, message) == "… is invalid; … is invalid"


@pytest.mark.parametrize("content", [b"", b"<html>", b"{", b"\xff\xfe"])
def test_what_is_no_json_says_nothing(content: bytes) -> None:
    assert read_error_body(content) == ErrorBody(None, None, "")

import json
from typing import Any

import pytest

from mogulsync.transport.refusals import Refusal, read_refusal

INTERCOM = {
    "type": "error.list",
    "request_id": "req-1",
    "errors": [{"code": "parameter_invalid", "message": "Not a number"}, {"code": "second", "message": "Nor a date"}],
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (INTERCOM, Refusal("parameter_invalid", "req-1", "Not a number; Nor a date")),
        ({"error": "Customer not found"}, Refusal(None, None, "Customer not found")),
        ({"code": 401, "message": "No valid API key"}, Refusal("401", None, "No valid API key")),
        ({"errors": {"code": "nested", "message": "So"}}, Refusal("nested", None, "So")),
        ({"errors": [None, "text", {}]}, Refusal(None, None, "")),
        ({"errors": [{"code": "it is ada@example.com"}]}, Refusal(None, None, "")),
        ([], Refusal(None, None, "")),
        ("text", Refusal(None, None, "")),
        (None, Refusal(None, None, "")),
    ],
)
def test_what_can_be_understood_is_taken(body: Any, expected: Refusal) -> None:
    assert read_refusal(json.dumps(body).encode()) == expected


@pytest.mark.parametrize("content", [b"", b"<html>", b"{", b"\xff\xfe"])
def test_what_is_no_json_says_nothing(content: bytes) -> None:
    assert read_refusal(content) == Refusal(None, None, "")

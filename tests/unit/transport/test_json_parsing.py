import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from pydantic_core import SchemaValidator, core_schema

from mogulsync.transport.json_parsing import parse_json
from tests.support.any_json import json_texts

GOOD = SchemaValidator(
    core_schema.typed_dict_schema(
        {"good": core_schema.typed_dict_field(core_schema.any_schema(), required=False)}, extra_behavior="ignore"
    )
)


@given(json_texts)
def test_any_json_is_parsed_and_spoils_nothing_beside_it(text: str) -> None:
    content = f'{{"odd": {text}, "good": [1, "a", {{"b": null}}]}}'.encode()
    parsed = parse_json(content)
    assert parsed["good"] == [1, "a", {"b": None}]
    json.dumps(parsed["odd"]).encode()
    assert parse_json(content, GOOD) == {"good": [1, "a", {"b": None}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"\ud83d"', "\ufffd"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (r'"\uDE00\ud83d"', "\ufffd\ufffd"),
        (r'"\\ud83d"', r"\ud83d"),
        (r'["\\\ud83d", "\ud83d"]', ["\\\ufffd", "\ufffd"]),
        ("1" + 5_000 * "0", math.inf),
        ("-" + 5_000 * "9", -math.inf),
        ("0." + 5_000 * "0" + "1", 0.0),
        ('{"a": ' + 5_000 * "9" + ', "9": "' + 5_000 * "9" + '"}', {"a": math.inf, "9": 5_000 * "9"}),
        (5_000 * "[" + 5_000 * "]" + "\n", ...),
    ],
)
def test_what_the_fast_parser_refuses_is_parsed(text: str, expected: Any) -> None:
    parsed = parse_json(text.encode())
    assert expected is ... or parsed == expected


@pytest.mark.parametrize("content", [b'"\xed\xa0\xbd"', b'"\xff"'])
def test_bytes_that_are_not_utf8_are_replaced(content: bytes) -> None:
    assert set(parse_json(content)) == {"\ufffd"}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"<html>", b"[1,]", rb'"\ud8"', b"nul", b"]", 3_000 * b"[", 3_000 * b"-", 500 * b"1-", b"NotANumber"],
)
def test_what_is_not_json_is_not_parsed(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(content)


@pytest.mark.parametrize("end", [b"", b"\\"])
def test_the_time_to_refuse_what_was_cut_short_grows_with_its_length(end: bytes) -> None:
    def seconds(quotes: int) -> float:
        content = b'{"data":[{"id":"1","note":"' + rb"\"" * quotes + end
        began = time.process_time()
        with pytest.raises(ValueError, match=r"."):
            parse_json(content)
        return time.process_time() - began

    # Eight times the length takes eight times as long; it took 64 times as long.
    assert min(seconds(16_000) for _ in range(3)) < 25 * min(seconds(2_000) for _ in range(3))

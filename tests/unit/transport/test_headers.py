import math

import pytest

from mogulsync.transport.headers import http_date, retry_after, safe_token, server_time

TEN = "Tue, 24 Nov 2026 10:00:00 GMT"
TEN_UNIX = 1795514400.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 12 "}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "later"}, None),
        ({"retry-after": "9999999999"}, 9_999_999_999.0),
        ({"retry-after": "9" * 400}, math.inf),
        ({"retry-after": "9" * 5_000 + ".5"}, math.inf),
        ({"retry-after": "Tue, 24 Nov 2026 10:00:30 GMT", "date": TEN}, 30.0),
        ({"retry-after": "Tue, 24 Nov 2026 10:00:30 GMT"}, 20.0),
        ({"retry-after": "Tue, 24 Nov 2026 09:00:00 GMT", "date": TEN}, 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_server_s_clock(
    headers: dict[str, str], expected: float | None
) -> None:
    assert retry_after(headers, wall_time=TEN_UNIX + 10) == expected


def test_a_date_that_nothing_can_be_compared_with_says_nothing() -> None:
    assert retry_after({"retry-after": TEN}, wall_time=math.nan) is None


def test_the_server_s_clock_is_its_date_header() -> None:
    assert server_time({"date": TEN}) == TEN_UNIX
    assert server_time({}) is None
    assert http_date("no date") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("parameter_invalid", "parameter_invalid"),
        (401, "401"),
        ("b3c6a1d2-77f0-4a3e-9d1e-0123456789ab", "b3c6a1d2-77f0-4a3e-9d1e-0123456789ab"),
        ("ada@example.com", None),
        ("No such customer", None),
        ("x" * 200, None),
        (True, None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_only_codes_and_ids_may_be_shown(value: object, expected: str | None) -> None:
    assert safe_token(value) == expected

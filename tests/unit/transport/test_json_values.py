from typing import Any

import pytest

from mogulsync.transport.json_values import number, text, text_forms, trimmed, unix_seconds, whole


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0.0),
        (1999, 1999.0),
        (-50.5, -50.5),
        ("1200", 1200.0),
        (" 12.5 ", 12.5),
        ("", None),
        ("n/a", None),
        (None, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        ("inf", None),
        (10**400, None),
        ([1], None),
    ],
)
def test_a_number_is_finite_or_none(value: Any, expected: float | None) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2015-06-09T13:16:00-04:00", 1433870160),
        ("2015-06-09T17:16:00Z", 1433870160),
        ("2015-06-09T17:16:00.900Z", 1433870160),
        ("2015-06-09T17:16:00", 1433870160),
        ("2015-06-09", 1433808000),
        (1433870160, 1433870160),
        ("1433870160", 1433870160),
        (1433870160.7, 1433870160),
        ("", None),
        ("yesterday", None),
        (None, None),
        (False, None),
        ("2015-13-45", None),
        (10**30, None),
        (1e308, None),
        (-(10**18), None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59Z", 253402300799),
    ],
)
def test_times_are_unix_seconds_of_the_years_1_to_9999(value: Any, expected: int | None) -> None:
    assert unix_seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" a ", " a "),
        ("", None),
        (42, "42"),
        (42.0, "42"),
        (1.5, "1.5"),
        (10**29, str(10**29)),
        (10**30, None),
        (10**4200, None),
        (float("inf"), None),
        (float("nan"), None),
        (True, None),
        (None, None),
        ([], None),
        ({}, None),
    ],
)
def test_text_is_text_or_a_number_s_digits(value: Any, expected: str | None) -> None:
    assert text(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(" a ", "a"), ("  ", None), (42.0, "42"), ([], None)])
def test_trimmed_text_is_never_blank(value: Any, expected: str | None) -> None:
    assert trimmed(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(3, 3), ("3", 3), (3.0, 3), (3.5, None), (None, None), (True, None)])
def test_a_whole_number_has_no_decimal_part(value: Any, expected: int | None) -> None:
    assert whole(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ada", ("Ada",)),
        ("O&#39;Brien", ("O&#39;Brien", "O'Brien")),
        ("Phone &amp; SMS", ("Phone &amp; SMS", "Phone & SMS")),
        ("&amp;amp;", ("&amp;amp;", "&amp;")),
        ("R&D", ("R&D",)),
        ("&lt;&gt;&quot;", ("&lt;&gt;&quot;", '<>"')),
        ("&#" + "1" * 5_000 + ";", ("&#" + "1" * 5_000 + ";",)),
        ("&amp; &#" + "1" * 5_000, ("&amp; &#" + "1" * 5_000,)),
    ],
)
def test_a_text_stands_for_itself_and_for_its_form_unescaped_once(value: str, expected: tuple[str, ...]) -> None:
    assert text_forms(value) == expected

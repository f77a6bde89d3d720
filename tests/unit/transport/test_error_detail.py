import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.transport.error_detail import OMISSION, error_detail


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("not_found", "Custom attribute 'plan_x' does not exist", "not_found: Custom attribute … does not exist"),
        ("parameter_invalid", "'ada@example.com' is not a valid value.", "parameter_invalid: … is not a valid value."),
        ("parameter_invalid", "", "parameter_invalid"),
        (None, "Customer not found", "Customer not found"),
        (None, "Ada Lovelace (born 1815) was not found", "… was not found"),
        ("conflict", "A contact already exists with id=64f0", "conflict: A contact already exists with …"),
        ("x", "Ada Lovelace", "x: …"),
        ("x", "Value:  not of type Numeric, String or Boolean", "x: Value: not of type Numeric, String or Boolean"),
        ("x", 'no "limit", really; (limit)', "x: no limit, … limit"),
        (None, "", None),
        (None, " ", None),
    ],
)  # fmt: skip
def test_a_detail_has_the_code_and_the_known_words(code: str | None, message: str, expected: str | None) -> None:
    assert error_detail(code, message) == expected


def test_a_detail_is_short() -> None:
    assert len(error_detail("code", "value " * 1000) or "") <= 200


@given(st.text(max_size=300))
def test_a_detail_holds_nothing_of_a_message_that_is_not_a_word(message: str) -> None:
    detail = error_detail(None, message) or ""
    for word in detail.split():
        assert word == OMISSION or word.strip(".,;:!?…").replace("'", "").isascii()
        assert "@" not in word
        assert not any(character.isdigit() for character in word)

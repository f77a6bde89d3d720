from typing import Any

import pytest

from mogulsync.sandbox import pagination


@pytest.mark.parametrize("place", [[0], [3, 1], ["ä", 2, None], [1.5, "x"]])
def test_a_cursor_leads_back_to_its_place(place: list[Any]) -> None:
    assert pagination.place(pagination.cursor(*place), len(place)) == place


@pytest.mark.parametrize("text", ["", "broken", "WzFd", "W10=", "bnVsbA==", "ü", "eyJhIjoxfQ=="])
def test_what_is_no_cursor_of_that_length_leads_nowhere(text: str) -> None:
    assert pagination.place(text, 2) is None


@pytest.mark.parametrize("place", [["a", 1], [-1, 0], [1.0, 2], [None, 1]])
def test_a_place_of_indexes_holds_nothing_else(place: list[Any]) -> None:
    assert pagination.index_place(pagination.cursor(*place), 2) is None


@pytest.mark.parametrize(
    ("per_page", "size"),
    [
        (None, 50),
        ("", 50),
        ("1", 1),
        (150, 150),
        ("150", 150),
        (151, None),
        (0, None),
        ("0", None),
        (-1, None),
        ("many", None),
        (True, None),
        ([], None),
    ],
)
def test_a_page_size_is_a_whole_number_within_bounds(per_page: Any, size: int | None) -> None:
    assert pagination.page_size({"per_page": per_page}, default=50, most=150) == size

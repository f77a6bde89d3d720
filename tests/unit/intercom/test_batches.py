from hypothesis import given
from hypothesis import strategies as st

from mogulsync.intercom.batches import BatchSize


@given(st.integers(1, 80))
def test_it_comes_near_the_size_that_is_taken_and_rarely_asks_for_more(most: int) -> None:
    batches, refusals = BatchSize(), 0
    for _ in range(500):
        if batches.size > most:
            refusals += 1
            batches.refused(batches.size)
        else:
            batches.taken(batches.size)
    assert batches.size == min(most, 50)
    assert refusals <= 8


def test_it_starts_with_fifty_and_halves() -> None:
    batches = BatchSize()
    assert batches.size == 50
    batches.refused(50)
    assert batches.size == 25
    batches.refused(25)
    assert batches.size == 12


def test_it_grows_after_ten_full_searches_but_not_to_a_size_that_was_refused() -> None:
    batches = BatchSize()
    batches.refused(50)
    for _ in range(9):
        batches.taken(25)
    assert batches.size == 25
    batches.taken(25)
    assert batches.size == 31
    for _ in range(200):
        batches.taken(batches.size)
    assert batches.size == 49


def test_a_search_for_few_keys_says_nothing_about_many() -> None:
    batches = BatchSize()
    batches.refused(50)
    for _ in range(100):
        batches.taken(3)
    assert batches.size == 25

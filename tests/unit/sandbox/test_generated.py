import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.sandbox.generated import GeneratedRecords, random_bits


def records(count: int = 5) -> GeneratedRecords[str]:
    return GeneratedRecords(count, lambda index: f"generated {index}")


def test_a_record_is_generated_on_access_until_it_is_changed() -> None:
    kept = records()
    kept.put(1, "changed")
    assert [kept.get(index) for index in range(-1, 7)] == [
        None, "generated 0", "changed", "generated 2", "generated 3", "generated 4", None, None,
    ]  # fmt: skip


def test_added_records_follow_the_generated_ones() -> None:
    kept = records(2)
    assert kept.add("added") == 2
    assert list(kept.scan(1)) == [(1, "generated 1"), (2, "added")]
    assert (len(kept), kept.end) == (3, 3)


def test_a_removed_record_leaves_its_index_empty() -> None:
    kept = records(3)
    kept.put(1, "changed")
    kept.remove(1)
    kept.remove(9)
    assert [index for index, _ in kept.scan()] == [0, 2]
    assert len(kept) == 2
    assert list(kept.stored()) == []


@given(st.integers(0, 30), st.sets(st.integers(0, 29)))
def test_a_position_leads_to_the_record_that_a_scan_finds_there(count: int, removed: set[int]) -> None:
    kept = records(count)
    for index in removed:
        kept.remove(index)
    assert [kept.index_at(position) for position in range(len(kept))] == [index for index, _ in kept.scan()]
    assert kept.index_at(len(kept)) >= count


def test_the_same_arguments_give_the_same_bits_in_any_order() -> None:
    forwards = [random_bits(1, index, 7) for index in range(1000)]
    backwards = [random_bits(1, index, 7) for index in reversed(range(1000))]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == 1000
    assert all(0 <= bits < 1 << 64 for bits in forwards)


@pytest.mark.parametrize("other", [(2, 5, 7), (1, 6, 7), (1, 5, 8)])
def test_other_arguments_give_other_bits(other: tuple[int, int, int]) -> None:
    assert random_bits(*other) != random_bits(1, 5, 7)

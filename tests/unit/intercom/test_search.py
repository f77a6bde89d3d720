import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.intercom.search import SearchBatchSize, merge


class Streams:
    """Streams of numbers that count how many of them are open."""

    def __init__(self, *lengths: int) -> None:
        self.left = deque(lengths)
        self.open = 0
        self.most_open = 0

    def following(self) -> AsyncGenerator[int] | None:
        return self._stream(self.left.popleft()) if self.left else None

    async def _stream(self, length: int) -> AsyncGenerator[int]:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            for number in range(length):
                await asyncio.sleep(0)
                yield number
        finally:
            self.open -= 1


async def read(following: Callable[[], AsyncGenerator[int] | None], max_open: int = 3) -> list[int]:
    return [number async for number in merge(following, max_open=lambda: max_open)]


@pytest.mark.parametrize(("max_open", "most_open"), [(1, 1), (2, 2), (9, 3)])
async def test_everything_is_read_and_no_more_streams_are_open_than_may_be(max_open: int, most_open: int) -> None:
    streams = Streams(5, 0, 2, 3)
    assert sorted(await read(streams.following, max_open)) == sorted([*range(5), *range(2), *range(3)])
    assert (streams.open, streams.most_open) == (0, most_open)


async def test_one_stream_at_a_time_keeps_the_order() -> None:
    assert await read(Streams(3, 2).following, 1) == [0, 1, 2, 0, 1]


async def test_what_came_at_once_is_read_in_the_order_it_was_asked_for() -> None:
    async def one(number: int) -> AsyncGenerator[int]:
        yield number

    streams = deque(one(number) for number in range(40))
    assert await read(lambda: streams.popleft() if streams else None, max_open=20) == list(range(40))


async def test_how_many_may_be_open_can_change_while_reading() -> None:
    streams, seen = Streams(*[2] * 10), list[int]()
    async for number in merge(streams.following, max_open=lambda: 1 if len(seen) < 4 else 5):
        if len(seen) == 3:
            assert streams.most_open == 1
        seen.append(number)
    assert (len(seen), streams.most_open) == (20, 5)


async def test_what_an_ended_stream_left_behind_is_read_too() -> None:
    streams = Streams(1)

    async def leaves_more() -> AsyncGenerator[int]:
        for number in (7, 8):
            yield number
        streams.left.append(2)

    first = [leaves_more()]
    assert await read(lambda: first.pop() if first else streams.following()) == [7, 0, 8, 0, 1]


async def test_an_error_closes_the_other_streams() -> None:
    streams = Streams(1000, 1000)

    async def fails() -> AsyncGenerator[int]:
        await asyncio.sleep(0)
        yield 1
        raise LookupError

    first = [fails()]
    with pytest.raises(LookupError):
        await read(lambda: first.pop() if first else streams.following())
    assert (streams.open, streams.most_open) == (0, 2)


async def test_a_reader_that_stops_closes_all_streams() -> None:
    streams = Streams(1000, 1000)
    merging = merge(streams.following, max_open=lambda: 5)
    await anext(merging)
    assert streams.open == 2
    await merging.aclose()
    assert streams.open == 0


@given(st.integers(1, 80))
def test_it_comes_near_the_size_that_is_taken_and_rarely_asks_for_more(most: int) -> None:
    batches, refusals = SearchBatchSize(), 0
    for _ in range(500):
        if batches.size > most:
            refusals += 1
            batches.refused(batches.size)
        else:
            batches.taken(batches.size)
    assert batches.size == min(most, 50)
    assert refusals <= 8


def test_it_starts_with_fifty_and_halves() -> None:
    batches = SearchBatchSize()
    assert batches.size == 50
    batches.refused(50)
    assert batches.size == 25
    batches.refused(25)
    assert batches.size == 12


def test_it_grows_after_ten_full_searches_but_not_to_a_size_that_was_refused() -> None:
    batches = SearchBatchSize()
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
    batches = SearchBatchSize()
    batches.refused(50)
    for _ in range(100):
        batches.taken(3)
    assert batches.size == 25

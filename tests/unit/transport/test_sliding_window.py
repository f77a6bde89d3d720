import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.transport.sliding_window import SlidingWindow

TRIPS = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), min_size=1, max_size=60)


def seen_by_the_server(
    window: SlidingWindow, trips: list[tuple[float, float]], seen: Callable[[float, float], float]
) -> list[float]:
    """Send as fast as the window allows; return when the server saw each request."""
    now = 0.0
    arrivals: list[float] = []
    under_way: list[tuple[float, float]] = []
    for took, share in trips:
        while (delay := window.delay(now)) > 0:
            answer = min(under_way, key=lambda trip: trip[1], default=None)
            if answer is not None and answer[1] <= now + delay:
                now = max(now, answer[1])
                window.answered(*answer)
                under_way.remove(answer)
            else:
                now += delay
        window.sent()
        under_way.append((now, now + took))
        arrivals.append(now + seen(took, share))
    return sorted(arrivals)


@given(st.integers(1, 8), TRIPS)
def test_no_stretch_of_time_sees_more_than_the_limit_wherever_requests_are_on_their_way(
    limit: int, trips: list[tuple[float, float]]
) -> None:
    window = SlidingWindow(limit=limit, seconds=10.0)
    arrivals = seen_by_the_server(window, trips, lambda took, share: took * share)
    for first, beyond in zip(arrivals, arrivals[limit:], strict=False):
        assert beyond - first >= 10.0 - 1e-9


@given(st.integers(1, 8), TRIPS)
def test_a_bound_on_travel_holds_for_requests_that_arrive_within_it(
    limit: int, trips: list[tuple[float, float]]
) -> None:
    window = SlidingWindow(limit=limit, seconds=1.0, travel=0.1)
    arrivals = seen_by_the_server(window, trips, lambda took, share: min(took, 0.1) * share)
    for first, beyond in zip(arrivals, arrivals[limit:], strict=False):
        assert beyond - first >= 1.0 - 1e-9


def test_without_a_limit_nobody_waits() -> None:
    window = SlidingWindow(limit=None, seconds=1.0)
    for _ in range(1000):
        assert window.delay(0.0) == 0
        window.sent()


def test_a_limit_that_shrinks_waits_for_all_places_that_are_too_many() -> None:
    window = SlidingWindow(limit=3, seconds=10.0)
    for moment in (0.0, 1.0, 2.0):
        window.sent()
        window.answered(moment, moment)
    window.limit = 1
    assert window.delay(2.0) == pytest.approx(10.0)
    window.sent()
    assert window.delay(2.0) == math.inf

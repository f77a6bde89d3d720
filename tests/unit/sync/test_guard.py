import pytest

from mogulsync.sync import guard


@pytest.mark.parametrize(
    ("changed", "matched", "percent", "trips"),
    [
        (0, 0, 1, False),
        (0, 100, 1, False),
        (1, 100, 1, False),
        (2, 100, 1, True),
        (50, 100, 50, False),
        (51, 100, 50, True),
        (1, 3, 33, True),
        (1, 3, 34, False),
        (100, 100, 99, True),
        (100, 100, 100, False),
    ],
)
def test_trips_above_the_share_only(changed: int, matched: int, percent: int, *, trips: bool) -> None:
    assert guard.trips(changed=changed, matched=matched, max_changed_percent=percent) is trips


@pytest.mark.parametrize(("percent", "can"), [(100, False), (99, True), (1, True)])
def test_the_whole_can_never_be_too_much(percent: int, *, can: bool) -> None:
    assert guard.can_trip(percent) is can


def test_the_refusal_says_what_would_have_been_done() -> None:
    message = guard.refusal(changed=30, matched=40, max_changed_percent=50)
    assert "30 of 40" in message
    assert "50 %" in message
    assert "spec.maxChangedPercent" in message

import pytest

from mogulsync.resource.reasons import RunReason
from mogulsync.sync.failures import RunError
from mogulsync.sync.guard import Guard


@pytest.mark.parametrize(
    ("changed", "matched", "percent", "trips"),
    [
        (0, 0, 1, False),
        (1, 0, 99, True),
        (0, 100, 1, False),
        (1, 100, 1, False),
        (2, 100, 1, True),
        (50, 100, 50, False),
        (51, 100, 50, True),
        (1, 3, 33, True),
        (1, 3, 34, False),
        (100, 100, 99, True),
        (100, 100, 100, False),
        (101, 100, 100, False),
    ],
)
def test_trips_above_the_share_only(changed: int, matched: int, percent: int, *, trips: bool) -> None:
    guard = Guard(percent)
    if not trips:
        guard.check(changed=changed, matched=matched)
        return
    assert guard.can_trip
    with pytest.raises(RunError) as caught:
        guard.check(changed=changed, matched=matched)
    assert caught.value.reason == RunReason.GUARD_TRIPPED


@pytest.mark.parametrize(("percent", "can"), [(100, False), (99, True), (1, True)])
def test_at_the_whole_the_guard_is_off(percent: int, *, can: bool) -> None:
    assert Guard(percent).can_trip is can


def test_the_message_says_what_would_have_been_done_and_how_to_allow_it() -> None:
    with pytest.raises(RunError) as caught:
        Guard(50).check(changed=30, matched=40)
    assert "30 contacts, 40 are matched" in caught.value.message
    assert "50 %" in caught.value.message
    assert "spec.maxChangedPercent" in caught.value.message

"""What a destination's status says of its due times."""

import pytest

from tests.support.fake_world import FakeWorld


async def test_a_schedule_that_is_never_due_is_invalid_and_says_the_fix() -> None:
    world = FakeWorld(schedule="0 9 30 2 *")
    await world.reconcile()
    assert world.condition("Ready") == ("False", "InvalidSchedule")
    assert world.condition("Stalled") == ("True", "InvalidSchedule")
    assert 'spec.schedule: "0 9 30 2 *" is due at no time' in world.message("Ready")
    assert "suspend" in world.message("Ready")
    assert "nextSyncTime" not in world.status
    world.edit(schedule="0 9 28 2 *")
    await world.reconcile()
    assert world.condition("Stalled") != ("True", "InvalidSchedule")
    assert world.status["nextSyncTime"] == "2027-02-28T08:00:00Z"


async def test_a_suspended_destination_may_have_a_schedule_that_is_never_due() -> None:
    world = FakeWorld(schedule="0 9 30 2 *", suspend=True)
    await world.make_ready()
    assert world.condition("Ready") == ("True", "Suspended")


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        ("* * */2 * 4", "UTC", "2026-11-25T00:00:00Z"),
        ("0 9 1,,2 * *", "UTC", "2026-12-01T09:00:00Z"),
        ("0 9 * * 1", "America/Santiago", "2026-11-30T12:00:00Z"),
    ],
)
async def test_the_next_time_is_the_cronjob_controllers(schedule: str, zone: str, expected: str) -> None:
    world = FakeWorld(schedule=schedule, timeZone=zone)
    world.now = world.now.replace(hour=23, minute=59)
    await world.reconcile()
    assert world.status["nextSyncTime"] == expected

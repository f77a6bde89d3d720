"""A due time without a run that succeeds is missed after its grace."""

from datetime import UTC, datetime, timedelta

import pytest

from mogulsync.controller.schedule import missed, schedule
from mogulsync.kube.cron import CronSchedule

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAILY = CronSchedule("0 9 * * *", "UTC")
NINE = at("2026-11-24 09:00")
LONG_AGO = at("2026-11-01 00:00")


def judged(
    due: CronSchedule, *, since: datetime, now: datetime, succeeded_start: datetime | None
) -> tuple[datetime | None, datetime]:
    following = due.after(now)
    assert following is not None
    return missed(due, since=since, now=now, following=following, succeeded_start=succeeded_start)


@pytest.mark.parametrize(
    ("now", "since", "success", "overdue", "again"),
    [
        (NINE + timedelta(minutes=59), LONG_AGO, None, False, NINE + HOUR),
        (NINE + HOUR, LONG_AGO, None, False, NINE + HOUR),
        (NINE + HOUR + timedelta(seconds=1), LONG_AGO, None, True, NINE + 24 * HOUR),
        (NINE + 5 * HOUR, LONG_AGO, NINE, False, NINE + 24 * HOUR),
        (NINE + 5 * HOUR, LONG_AGO, NINE - timedelta(seconds=1), True, NINE + 24 * HOUR),
        (NINE + 5 * HOUR, NINE, None, False, NINE + 24 * HOUR),
        (NINE + 5 * HOUR, NINE + HOUR, None, False, NINE + 24 * HOUR),
        (NINE + 5 * HOUR, NINE - timedelta(seconds=1), None, True, NINE + 24 * HOUR),
    ],
)
def test_a_due_time_is_missed_after_an_hour_without_success(
    now: datetime, since: datetime, success: datetime | None, again: datetime, *, overdue: bool
) -> None:
    late, judge_again = judged(DAILY, since=since, now=now, succeeded_start=success)
    assert (late is not None, judge_again) == (overdue, again)


def test_the_grace_of_a_frequent_schedule_is_half_its_interval() -> None:
    every_ten = CronSchedule("*/10 * * * *", "UTC")
    at_five = NINE + timedelta(minutes=5)
    assert judged(every_ten, since=LONG_AGO, now=at_five, succeeded_start=None) == (None, at_five)
    late, _ = judged(every_ten, since=LONG_AGO, now=at_five + timedelta(seconds=1), succeeded_start=None)
    assert late == NINE


def test_what_cannot_be_understood_is_no_schedule() -> None:
    assert schedule("0 9 * *", "CET") is None
    assert schedule("0 9 * * *", "CET") is not None

"""Due times are those of Kubernetes' CronJob controller."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.kube.cron import CronSchedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CHANGEOVERS = [
    # Central Europe: 02:00 becomes 03:00 on 2026-03-29, 03:00 becomes 02:00 on 2026-10-25.
    ("0 9 * * *", "CET", "2026-03-28 12:00", ["03-29 07:00", "03-30 07:00"]),
    ("0 9 * * *", "CET", "2026-10-24 12:00", ["10-25 08:00", "10-26 08:00"]),
    ("30 2 * * *", "CET", "2026-03-28 12:00", ["03-30 00:30", "03-31 00:30"]),
    ("30 2 * * *", "CET", "2026-10-24 12:00", ["10-25 00:30", "10-25 01:30", "10-26 01:30"]),
    ("0 3 * * *", "Europe/Berlin", "2026-03-28 12:00", ["03-29 01:00", "03-30 01:00"]),
    ("0,30 1-3 * * *", "Europe/Berlin", "2026-03-28 23:59", ["03-29 00:00", "03-29 00:30", "03-29 01:00"]),
    # New York: 02:00 becomes 03:00 on 2026-03-08, 02:00 becomes 01:00 on 2026-11-01.
    ("30 2 * * *", "America/New_York", "2026-03-07 12:00", ["03-09 06:30"]),
    ("30 1 * * *", "America/New_York", "2026-10-31 12:00", ["11-01 05:30", "11-01 06:30", "11-02 06:30"]),
    # Lord Howe Island moves by half an hour: 02:00 becomes 02:30 on 2026-10-04, 02:00 becomes 01:30 on 2026-04-05.
    ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 00:00", ["10-04 15:15"]),
    ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 00:00", ["04-04 14:45", "04-04 15:15", "04-05 15:15"]),
    # Troll moves by two hours: 03:00 becomes 01:00 on 2026-10-25, so 01:30 and 02:30 come twice, in turns.
    (
        "30 1,2 * * *",
        "Antarctica/Troll",
        "2026-10-24 12:00",
        ["10-24 23:30", "10-25 00:30", "10-25 01:30", "10-25 02:30"],
    ),
    # Santiago has no midnight on 2026-09-06.
    ("0 0 * * *", "America/Santiago", "2026-09-05 12:00", ["09-07 03:00"]),
    ("0 9 * * 1", "America/Santiago", "2026-08-31 14:00", ["09-07 12:00"]),
    # No summer time.
    ("0 9 * * *", "Etc/GMT-1", "2026-03-28 12:00", ["03-29 08:00", "03-30 08:00"]),
    ("0 9 * * *", "Asia/Kolkata", "2026-03-28 12:00", ["03-29 03:30"]),
]
"""Schedule, zone, a time, and the due times that follow it, all in UTC."""


@pytest.mark.parametrize(("expression", "zone", "start", "expected"), CHANGEOVERS)
def test_a_skipped_hour_is_not_due_and_a_repeated_one_twice(
    expression: str, zone: str, start: str, expected: list[str]
) -> None:
    due = CronSchedule(expression, zone)
    moment, found = at(start), []
    for _ in expected:
        following = due.after(moment)
        assert following is not None
        assert due.before(following, since=moment) == following
        assert due.before(following - timedelta(seconds=1), since=moment) is None
        moment = following
        found.append(moment.strftime("%m-%d %H:%M"))
    assert found == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 13 * 5", ["11-27", "12-04", "12-11", "12-13", "12-18"]),  # either day
        ("0 0 13 * *", ["12-13"]),
        ("0 0 * * 5", ["11-27", "12-04"]),
        ("0 0 */1 * 5", ["11-27", "12-04"]),  # both: a step of 1 leaves nothing out
        ("0 0 */2 * 5", ["11-25", "11-27", "11-29", "12-01"]),  # either: a step above 1 is no star
        ("0 0 1-7 * */2", ["11-26", "11-28", "11-29", "12-01", "12-02"]),  # either; Sunday is 0
        ("0 0 1,*/15 * 2", ["12-01", "12-08", "12-15", "12-16"]),  # either
        ("0 0 1,* * 2", ["12-01", "12-08"]),  # both: an item of the list is a star
        ("0 0 31 * *", ["12-31"]),
        ("0 0 * dec sun", ["12-06", "12-13"]),
        ("0 0 1 JAN *", ["01-01"]),
    ],
)
def test_day_of_month_and_day_of_week_join_as_in_robfig_cron(expression: str, expected: list[str]) -> None:
    due, moment, found = CronSchedule(expression, "UTC"), at("2026-11-24 12:00"), []
    for _ in expected:
        moment = due.after(moment) or moment
        found.append(moment.strftime("%m-%d"))
    assert found == expected


@pytest.mark.parametrize(
    ("expression", "zone"),
    [("0 9 * *", "CET"), ("61 9 * * *", "CET"), ("0 9 * * *", "Mars/Olympus"), ("0 9 L * *", "CET"), ("", "CET")],
)
def test_what_cannot_be_understood_is_no_schedule(expression: str, zone: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        CronSchedule(expression, zone)


def test_a_day_that_never_comes_is_never_due() -> None:
    assert CronSchedule("0 0 30 2 *", "UTC").after(at("2026-11-24 12:00")) is None


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds it
    st.sampled_from(["CET", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "UTC"]),
    st.sampled_from(["0 9 * * *", "*/20 * * * *", "30 2 * * *", "0 0 * * 0", "15 1,13 1-7 * *"]),
)
def test_the_next_due_time_is_later_and_there_is_none_between(moment: datetime, zone: str, expression: str) -> None:
    due = CronSchedule(expression, zone)
    following = due.after(moment)
    assert following is not None
    assert following > moment
    assert due.before(following - timedelta(microseconds=1), since=moment) is None
    assert due.before(following, since=moment) == following

"""When runs are due, as the CronJob controller reckons it.

Kubernetes parses schedules with robfig/cron v3. A time is due at every minute whose wall clock in the
time zone matches: an hour that a change to summer time skips is not due that day, one that a change
back repeats is due twice. Day of month and day of week must both match when either begins with `*`,
otherwise one is enough (robfig/cron, spec.go, dayMatches).

Known difference: in zones east of Greenwich whose summer time begins at midnight, robfig/cron passes
over that day in schedules that name days (its day search steps past the missing midnight).
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

GRACE_MAX: Final = timedelta(hours=1)
"""Longest time that a run may be late before it is overdue."""

_HORIZON: Final = timedelta(days=5 * 366)
"""How far robfig/cron looks for a matching day."""
_FIELDS: Final = (range(60), range(24), range(1, 32), range(1, 13), range(7))
_CACHED_DAYS: Final = 8


class Schedule:
    """A cron expression in a time zone.

    Raises:
        ValueError: The expression or the zone cannot be understood.
    """

    def __init__(self, expression: str, time_zone: str) -> None:
        try:
            expanded, _ = croniter.expand(expression)
            self._zone = ZoneInfo(time_zone)
        except (CroniterError, ZoneInfoNotFoundError, OSError, ValueError) as error:
            raise ValueError(f"{expression!r} in {time_zone!r}: {error}") from error
        sets = [
            frozenset(every) if "*" in values else frozenset(int(value) for value in values)
            for values, every in zip(expanded, _FIELDS, strict=True)
        ]
        self._minutes, self._hours, self._days, self._months, self._weekdays = sets
        _, _, day, _, weekday = expression.split()
        self._both_days = any(part.startswith("*") for field in (day, weekday) for part in field.split(","))
        self._due_on = lru_cache(maxsize=_CACHED_DAYS)(self._compute_due_on)

    def after(self, moment: datetime) -> datetime | None:
        """Return the first due time later than `moment`, in UTC; None when there is none for years."""
        first = moment.astimezone(self._zone).date() - timedelta(days=1)
        for day in _days(first, timedelta(days=1)):
            times = self._due_on(day)
            if times and times[-1] > moment:
                return times[bisect_right(times, moment)]
        return None

    def before(self, moment: datetime, *, since: datetime) -> datetime | None:
        """Return the last due time later than `since` and not later than `moment`, in UTC."""
        last = moment.astimezone(self._zone).date() + timedelta(days=1)
        earliest = since.astimezone(self._zone).date() - timedelta(days=1)
        for day in _days(last, timedelta(days=-1)):
            if day < earliest:
                return None
            times = self._due_on(day)
            if times and times[0] <= moment:
                due = times[bisect_right(times, moment) - 1]
                return due if due > since else None
        return None

    def _compute_due_on(self, day: date) -> tuple[datetime, ...]:
        """Return the due times of a day of the zone's calendar, sorted."""
        if not self._matches(day):
            return ()
        clock = (time(hour, minute) for hour in self._hours for minute in self._minutes)
        return tuple(sorted({moment for at in clock for moment in self._instants(day, at)}))

    def _matches(self, day: date) -> bool:
        if day.month not in self._months:
            return False
        of_month, of_week = day.day in self._days, day.isoweekday() % 7 in self._weekdays
        return of_month and of_week if self._both_days else of_month or of_week

    def _instants(self, day: date, at: time) -> Iterator[datetime]:
        """Yield when the zone's clocks show this time: never, once or twice."""
        for fold in (0, 1):
            shown = datetime.combine(day, at, self._zone).replace(fold=fold)
            moment = shown.astimezone(UTC)
            if moment.astimezone(self._zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
                yield moment


@lru_cache(maxsize=512)
def schedule(expression: str, time_zone: str) -> Schedule | None:
    """Return the schedule; None when it cannot be understood."""
    try:
        return Schedule(expression, time_zone)
    except ValueError:
        return None


def missed(
    due: Schedule, *, since: datetime, now: datetime, succeeded_start: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Judge whether the last due time passed without success.

    Args:
        due: When runs are due.
        since: From when on due times count.
        now: The time of judgement.
        succeeded_start: When the last run that succeeded began.

    Returns:
        The due time that was missed, if one was; and when to judge again at the latest.
    """
    last = due.before(now, since=since)
    following = due.after(now)
    if last is None:
        return None, following
    if succeeded_start is not None and succeeded_start >= last:
        return None, following
    grace = min(GRACE_MAX, (following - last) / 2) if following else GRACE_MAX
    if now - last <= grace:
        return None, last + grace
    return last, following


def _days(first: date, step: timedelta) -> Iterator[date]:
    day = first
    while abs(day - first) <= _HORIZON:
        yield day
        day += step

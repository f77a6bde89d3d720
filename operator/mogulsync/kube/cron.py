"""When a cron expression is due in a time zone, as Kubernetes' CronJob controller computes it.

The controller uses robfig/cron v3, whose answers differ from what one would expect where clocks change, so its way of
searching is followed here and not only its rules (croniter 6, a library for it, differs in all of these):

- A list's empty items are passed over: `1,,2` is `1,2`. Sunday is 0; 7 is refused. `5/15` is `5-59/15`.
- Day of month and day of week must both match where either has an item that begins with `*` and has no step above
  1; otherwise one is enough. So `* * */2 * 4` is every second day of the month, and every Thursday.
- The search goes from the coarse field to the fine one, by steps of the wall clock for months and days and by
  elapsed time for hours and minutes, and looks at a coarse field again only when a finer one has passed its zero.
  Where the zero is missing, since a clock was put forward at midnight, that is not noticed.
- It ends five years on. An expression such as `0 9 30 2 *` is accepted and never due.

`tools/robfigcron` asks the library itself, and a test compares the two over generated expressions and zones.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_SEARCH_YEARS: Final = 5
_REMEMBERED: Final = 64
"""Answers that a schedule keeps, each for a second at which the search begins."""
_MONTHS: Final = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
_WEEKDAYS: Final = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_MINUTE: Final = 60
_HOUR: Final = 3600
_NOON: Final = 12
_DAY_HOURS: Final = 24
_LOOK_BACK: Final = tuple(timedelta(hours=8**power) for power in range(7))
"""How far back the last due time is looked for, at first and when there was none: an hour to 30 years."""


class _Field:
    """One of the five fields: the values at which it matches.

    Args:
        text: As in the expression.
        least: Its lowest value.
        most: Its highest value.
        names: Names that stand for values.

    Raises:
        ValueError: It is none.
    """

    def __init__(self, text: str, *, least: int, most: int, names: Mapping[str, int] | None = None) -> None:
        values: set[int] = set()
        self.is_star = False
        """Whether it has an item that begins with `*` and leaves nothing out."""
        for item in filter(None, text.split(",")):
            span, *steps = item.split("/")
            bounds = span.split("-")
            starred = bounds[0] == "*"
            if len(steps) > 1 or (len(bounds) > 2 and not starred):  # noqa: PLR2004 - from and to
                raise ValueError(f"{item} has too many parts")
            low = least if starred else _value(bounds[0], names)
            high = most if starred or (steps and len(bounds) == 1) else _value(bounds[-1], names)
            step = _value(steps[0]) if steps else 1
            if not (least <= low <= high <= most and step):
                raise ValueError(f"{item} is not within {least}-{most}, or backwards, or has a step of 0")
            values.update(range(low, high + 1, step))
            self.is_star = self.is_star or (starred and step == 1)
        self.values = sorted(values)
        self._members = frozenset(values)

    def __contains__(self, value: int) -> bool:
        return value in self._members

    def steps_from(self, value: int, *, end: int) -> int:
        """Return how many steps lead from `value` to the next at which the field matches, or to `end`."""
        place = bisect_left(self.values, value)
        return (self.values[place] if place < len(self.values) else end) - value


def _value(text: str, names: Mapping[str, int] | None = None) -> int:
    if names and text.lower() in names:
        return names[text.lower()]
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f'"{text}" is neither a number nor a name')
    return int(text)


class CronSchedule:
    """A cron expression of five fields in a time zone.

    Args:
        expression: Minute, hour, day of month, month and day of week.
        time_zone: An IANA name.

    Raises:
        ValueError: The expression or the zone is none.
    """

    def __init__(self, expression: str, time_zone: str) -> None:
        fields = expression.split()
        if len(fields) != 5:  # noqa: PLR2004 - the shape of a cron expression
            raise ValueError(f"{len(fields)} fields in place of five")
        minute, hour, day, month, weekday = fields
        self._minutes = _Field(minute, least=0, most=59)
        self._hours = _Field(hour, least=0, most=23)
        self._days = _Field(day, least=1, most=31)
        self._months = _Field(month, least=1, most=12, names=_MONTHS)
        self._weekdays = _Field(weekday, least=0, most=6, names=_WEEKDAYS)
        try:
            self._zone = ZoneInfo(time_zone)
        except (KeyError, OSError) as error:
            raise ValueError(f'"{time_zone}" is no time zone') from error
        self._first_from = lru_cache(maxsize=_REMEMBERED)(self._search_from)

    def after(self, moment: datetime) -> datetime | None:
        """Return the first due time later than `moment`, in UTC; None when there is none within five years.

        Many ask in the same second: at nine, and when the operator starts.
        """
        return self._first_from(math.floor(moment.timestamp()) + 1)

    def before(self, moment: datetime, *, since: datetime) -> datetime | None:
        """Return the last due time later than `since` and not later than `moment`, in UTC."""
        first = self.after(since)
        if first is None or first > moment:
            return None
        for back in _LOOK_BACK:
            begin = max(since, moment - back)
            last, following = None, self.after(begin)
            while following is not None and following <= moment:
                last, following = following, self.after(following)
            if last is not None or begin == since:
                return last
        return None

    def _search_from(self, unix: int) -> datetime | None:
        search = _Search(self._zone, unix)
        last_year = search.local.year + _SEARCH_YEARS
        while search.local.year <= last_year:
            if (
                self._find_month(search)
                and self._find_day(search)
                and self._find_hour(search)
                and self._find_minute(search)
                and search.is_whole_minute()
            ):
                return datetime.fromtimestamp(search.unix, UTC)
        return None

    def _find_month(self, search: "_Search") -> bool:
        """Go on to a month that matches; return False when a year ended on the way."""
        while search.local.month not in self._months:
            search.round_down(day=1, hour=0, minute=0)
            search.add_month()
            if search.local.month == 1:
                return False
        return True

    def _find_day(self, search: "_Search") -> bool:
        while not self._matches_day(search.local.date()):
            search.round_down(hour=0, minute=0)
            search.add_day()
            if search.local.day == 1:
                return False
        return True

    def _find_hour(self, search: "_Search") -> bool:
        while (hour := search.local.hour) not in self._hours:
            search.round_down(minute=0)
            search.add(self._hours.steps_from(hour, end=_DAY_HOURS), unit=_HOUR)
            if search.local.hour == 0:
                return False
        return True

    def _find_minute(self, search: "_Search") -> bool:
        while (minute := search.local.minute) not in self._minutes:
            search.round_down_to_minute()
            search.add(self._minutes.steps_from(minute, end=_MINUTE), unit=_MINUTE)
            if search.local.minute == 0:
                return False
        return True

    def _matches_day(self, day: date) -> bool:
        of_month, of_week = day.day in self._days, day.isoweekday() % 7 in self._weekdays
        if self._days.is_star or self._weekdays.is_star:
            return of_month and of_week
        return of_month or of_week


class _Search:
    """A moment that goes forward until all fields match, and what the zone's clock shows then.

    Args:
        zone: Whose clock counts.
        unix: Where it begins, in Unix time.
    """

    def __init__(self, zone: ZoneInfo, unix: int) -> None:
        self._zone = zone
        self._rounded = False
        """Whether the finer fields were set to their lowest once, which is done before the first step only."""
        self._go(unix)

    def round_down(self, **fields: int) -> None:
        """Set finer fields to these values, and the seconds to 0, unless that was done before."""
        if not self._rounded:
            self._rounded = True
            self._go(self._unix_of(self.local.replace(second=0, **fields)))  # type: ignore[arg-type] # day, hour, minute

    def round_down_to_minute(self) -> None:
        """Drop the seconds, unless finer fields were rounded down before."""
        if not self._rounded:
            self._rounded = True
            self._go(self.unix - self.unix % _MINUTE)

    def add_month(self) -> None:
        """Go on by a month of the wall clock; a day that the month does not have runs into the one after."""
        local = self.local
        first = local.replace(year=local.year + local.month // 12, month=local.month % 12 + 1, day=1)
        self._go(self._unix_of(first + timedelta(days=local.day - 1)))

    def add_day(self) -> None:
        """Go on by a day of the wall clock, to its midnight; where there is none, to the one before."""
        self._go(self._unix_of(self.local + timedelta(days=1)))
        hour = self.local.hour
        if hour:
            self._go(self.unix + _HOUR * (_DAY_HOURS - hour if hour > _NOON else -hour))

    def add(self, steps: int, *, unit: int) -> None:
        """Go on by so many times `unit` seconds; only by one where the clock changes on the way."""
        begin, shown = self.unix, self.local
        self._go(begin + steps * unit)
        if self.local - shown != timedelta(seconds=steps * unit):
            self._go(begin + unit)

    def is_whole_minute(self) -> bool:
        """Return whether no seconds are left; otherwise go on to the next whole minute."""
        seconds = self.local.second
        if seconds:
            self._rounded = True
            self._go(self.unix + _MINUTE - seconds)
        return not seconds

    def _go(self, unix: int) -> None:
        self.unix = unix
        self.local = self._local_of(unix)

    def _local_of(self, unix: int) -> datetime:
        return datetime.fromtimestamp(unix, self._zone).replace(tzinfo=None, fold=0)

    def _unix_of(self, shown: datetime) -> int:
        """Return when the clock shows this; where that is never or twice, what Go's time.Date returns.

        It takes the offset that holds at the time, taken as UTC, less the offset that holds then.
        """
        wall = int(shown.replace(tzinfo=UTC).timestamp())
        guess = wall - self._offset(wall)
        return wall - self._offset(guess)

    def _offset(self, unix: int) -> int:
        """Return the zone's offset from UTC at a moment, in seconds."""
        return int(self._local_of(unix).replace(tzinfo=UTC).timestamp()) - unix

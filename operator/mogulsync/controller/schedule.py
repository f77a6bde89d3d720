"""When a destination's runs are due, and whether one was missed."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from mogulsync.kube.cron import CronSchedule

GRACE_MAX: Final = timedelta(hours=1)
"""Longest time that a run may be late before it is overdue."""


@lru_cache(maxsize=512)
def schedule(expression: str, time_zone: str) -> CronSchedule | None:
    """Return the schedule; None when it cannot be understood."""
    try:
        return CronSchedule(expression, time_zone)
    except ValueError:
        return None


def missed(
    due: CronSchedule, *, since: datetime, now: datetime, succeeded_start: datetime | None
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

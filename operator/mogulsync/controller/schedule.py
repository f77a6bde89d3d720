"""When a destination's runs are due, and whether one was missed."""

from datetime import datetime
from functools import lru_cache

from mogulsync.controller.settings import RECONCILE
from mogulsync.kube.cron import CronSchedule


@lru_cache(maxsize=512)
def schedule(expression: str, time_zone: str) -> CronSchedule | None:
    """Return the schedule; None when it cannot be understood."""
    try:
        return CronSchedule(expression, time_zone)
    except ValueError:
        return None


def missed(
    due: CronSchedule,
    *,
    since: datetime,
    now: datetime,
    following: datetime,
    succeeded_start: datetime | None,
) -> tuple[datetime | None, datetime]:
    """Judge whether the last due time passed without success.

    Args:
        due: When runs are due.
        since: From when on due times count.
        now: The time of judgement.
        following: The first due time after it.
        succeeded_start: When the last run that succeeded began.

    Returns:
        The due time that was missed, if one was; and when to judge again at the latest.
    """
    last = due.before(now, since=since)
    if last is None:
        return None, following
    if succeeded_start is not None and succeeded_start >= last:
        return None, following
    grace = min(RECONCILE.overdue_grace, (following - last) / 2)
    if now - last <= grace:
        return None, last + grace
    return last, following

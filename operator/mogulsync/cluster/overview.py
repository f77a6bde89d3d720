"""A destination as `status` shows it: its runs, its next run in two zones, and what needs attention."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mogulsync.cluster.attention import Shortcoming, shortcomings
from mogulsync.kube.objects import Object
from mogulsync.resource.fixes import fix_for

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, kw_only=True)
class Overview:
    """One destination."""

    namespace: str
    name: str
    schedule: str
    time_zone: str
    suspended: bool
    next_run: datetime | None
    """None while suspended, or while it is not known."""
    needs: tuple[Shortcoming, ...]
    """What needs attention."""
    status: Object
    """As the API server stores it."""

    def condition(self, kind: str) -> Object:
        """Return one of the conditions; empty when it is absent."""
        return next((each for each in self.status.get("conditions") or () if each.get("type") == kind), {})

    @property
    def reference(self) -> str:
        """Name and namespace, as a command takes them: `production -n sales`."""
        return f"{self.name} -n {self.namespace}"

    @property
    def last(self) -> Object:
        """The last run's report; empty before the first."""
        last: Object = self.status.get("lastSync") or {}
        return last


def overview(destination: Object) -> Overview:
    """Return what there is to show of a destination."""
    spec, status, metadata = destination["spec"], destination.get("status") or {}, destination["metadata"]
    return Overview(
        namespace=metadata["namespace"],
        name=metadata["name"],
        schedule=spec.get("schedule") or "0 9 * * *",
        time_zone=spec.get("timeZone") or "CET",
        suspended=bool(spec.get("suspend")),
        next_run=_time(status.get("nextSyncTime")),
        needs=tuple(shortcomings(destination)),
        status=status,
    )


def ordered(destinations: Iterable[Object]) -> list[Overview]:
    """Return the overviews, those that need attention first, else by namespace and name."""
    return sorted(map(overview, destinations), key=lambda each: (not each.needs, each.namespace, each.name))


def in_zone(moment: datetime, zone: str, local: tzinfo | None) -> tuple[str, str]:
    """Return a time in a resource's zone and in the person's, to the minute, each with the zone's short name."""
    try:
        theirs = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        theirs = moment
    return _shown(theirs), _shown(moment.astimezone(local))


def _shown(moment: datetime) -> str:
    return f"{moment:%a %d %b %H:%M} {moment.tzname() or ''}".rstrip()


def span(length: timedelta) -> str:
    """Return a length of time as kubectl writes ages: 45s, 12m, 3h, 5d."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE}m"
    return f"{seconds // _HOUR}h" if seconds < 2 * _DAY else f"{seconds // _DAY}d"


def ago(text: Any, now: datetime) -> str:
    """Return how long ago a time of the status was; empty when it is none."""
    moment = _time(text)
    return f"{span(now - moment)} ago" if moment else ""


def took(report: Object) -> str:
    """Return how long a run took, by its report or its entry in the history; empty when they do not say."""
    start, completion = _time(report.get("startTime")), _time(report.get("completionTime"))
    return span(completion - start) if start and completion else ""


def until(moment: datetime, now: datetime) -> str:
    """Return how long there is until a time, or that it has passed."""
    return f"in {span(moment - now)}" if moment >= now else f"{span(now - moment)} ago"


def document(seen: Overview, local: tzinfo | None) -> Object:
    """Return the overview for programs.

    Args:
        seen: What to give.
        local: The person's zone; None: the system's.
    """
    times = in_zone(seen.next_run, seen.time_zone, local) if seen.next_run else None
    return {
        "namespace": seen.namespace,
        "name": seen.name,
        "needsAttention": bool(seen.needs),
        "attention": [
            {
                "condition": each.condition,
                "reason": each.reason,
                "message": each.message,
                "fix": fix_for(each.reason, name=seen.reference),
            }
            for each in seen.needs
        ],
        "schedule": seen.schedule,
        "timeZone": seen.time_zone,
        "suspended": seen.suspended,
        "nextRun": {"zone": times[0], "local": times[1]} if times else None,
        "status": seen.status,
    }


def _time(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None

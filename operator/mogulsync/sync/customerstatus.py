"""What ChartMogul's customer statuses mean to a sync.

ChartMogul words them with spaces (`Past Due`); its filters and webhooks use underscores and lower case, so both
are understood.
"""

from typing import Final

_RANKS: Final = {"active": 0, "past due": 1, "cancelled": 2}
_LOWEST_RANK: Final = 3
_WITHOUT_SUBSCRIPTION: Final = frozenset(
    {"cancelled", "new lead", "working lead", "qualified lead", "unqualified lead"}
)


def rank(status: str | None) -> int:
    """Return the place in the order that settles conflicts: Active first, leads and unknown ones last."""
    return _RANKS.get(_plain(status), _LOWEST_RANK)


def may_subscribe(status: str | None) -> bool:
    """Tell whether a customer of this status can have an active subscription; an unknown status may."""
    return _plain(status) not in _WITHOUT_SUBSCRIPTION


def _plain(status: str | None) -> str:
    return (status or "").strip().lower().replace("_", " ")

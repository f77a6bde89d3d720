"""How long a write waits that another has undone again and again: ever longer.

A person's change is put back at once. A second operator on the same namespaces puts its own back as fast, and
without a wait the two would write as often as the API server takes it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mogulsync.controller.settings import RECONCILE

CONTENDED_COUNT: Final = 3
"""Something that was put back so often within the window is worth an Event."""
_FREE_COUNT: Final = 2
"""So often something is put back at once."""


@dataclass(frozen=True, kw_only=True)
class Contention:
    """What the operator wrote last, and how often it has put the same back lately."""

    digest: str = ""
    put_back: tuple[datetime, ...] = ()

    def wait(self, digest: str, now: datetime) -> timedelta:
        """Return the time until this may be written; zero: now."""
        recent = self._recent(now) if digest == self.digest else ()
        if len(recent) < _FREE_COUNT:
            return timedelta()
        doublings = min(len(recent) - _FREE_COUNT, 20)
        delay = min(RECONCILE.contention_first_wait * (1 << doublings), RECONCILE.contention_longest_wait)
        return max(recent[-1] + delay - now, timedelta())

    def written(self, digest: str, now: datetime) -> "Contention":
        """Return what is to be remembered when this has been written."""
        if digest != self.digest:
            return Contention(digest=digest)
        return Contention(digest=digest, put_back=(*self._recent(now), now))

    def _recent(self, now: datetime) -> tuple[datetime, ...]:
        return tuple(time for time in self.put_back if time > now - RECONCILE.contention_window)

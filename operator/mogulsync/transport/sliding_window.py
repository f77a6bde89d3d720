"""A limit of requests in any stretch of time, kept without knowing the server's clock or windows."""

import math
from collections import deque


class SlidingWindow:
    """At most `limit` requests reach the server in any `seconds`, however long they travel.

    The server sees a request at some moment between its sending and its answer. So a request holds its
    place from its sending until `seconds` after its answer: whatever is sent after that is seen more than
    `seconds` later. That holds for fixed and for sliding windows, aligned or not, with no clock but ours.

    `travel` trades some of that certainty for speed: a request counts as seen at most `travel` seconds
    after it was sent, even when its answer takes longer.
    """

    def __init__(self, *, limit: int | None, seconds: float, travel: float = math.inf) -> None:
        self.limit = limit
        """None: no limit."""
        self.in_flight = 0
        self._seconds = seconds
        self._travel = travel
        self._held: deque[float] = deque()
        """When the places of answered requests are free again, oldest answer first."""

    def delay(self, now: float) -> float:
        """Return the seconds until a request may be sent: 0 at once, infinity after some answer only."""
        while self._held and self._held[0] <= now:
            self._held.popleft()
        if self.limit is None or self.in_flight + len(self._held) < self.limit:
            return 0.0
        if not self._held:
            return math.inf
        # A limit that has just shrunk leaves more places taken than there are.
        excess = self.in_flight + len(self._held) - self.limit
        return self._held[excess] - now if excess < len(self._held) else math.inf

    def sent(self) -> None:
        """Take a place."""
        self.in_flight += 1

    def answered(self, sent: float, now: float) -> None:
        """Note that a request sent at `sent` was answered, or given up, at `now`."""
        self.in_flight -= 1
        self._held.append(min(now, sent + self._travel) + self._seconds)

"""The retry policy: whether a failed attempt is followed by another, and after how long."""

import random
from typing import Final

from mogulsync.transport.errors import ApiError
from mogulsync.transport.settings import RequestSettings

_SERVICE_UNAVAILABLE: Final = 503


class RetryableError(Exception):
    """An attempt failed in a way that another one may not.

    Attributes:
        why: What happened; None when the status says it.
        status: HTTP status of the answer; None when there was none.
        code: The API's error code.
        request_id: The API's id of the request.
        retry_after: Seconds that the API asked to wait; None when it did not.
        throttled: Whether the request was refused for being one too many.
        refusal: What the request ends with when there is no other attempt; None for an outage.
    """

    def __init__(
        self,
        why: str | None = None,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        refusal: ApiError | None = None,
        throttled: bool = False,
    ) -> None:
        super().__init__(why or f"status {status}")
        self.why = why
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.refusal = refusal
        self.throttled = throttled


class RetryPolicy:
    """Counts the attempts at one request and the time they took.

    Attributes:
        attempts: Attempts that have failed so far; those that were throttled are not counted.
    """

    def __init__(self, settings: RequestSettings) -> None:
        self.attempts = 0
        self._settings = settings
        self._spent = 0.0
        self._throttled_since: float | None = None
        self._unavailable = 0

    def wait_after(self, failure: RetryableError, *, sent: float, now: float) -> float | None:
        """Count a failed attempt; return the seconds to wait before the next one, None when there is to be none.

        Being throttled is waiting: it uses up no attempt and no time, and the rate limiter says when to go on.

        Args:
            failure: How it failed.
            sent: When the request was sent, in seconds.
            now: The time.
        """
        if failure.throttled:
            since = self._throttled_since = sent if self._throttled_since is None else self._throttled_since
            if now - since > self._settings.throttled_timeout:
                return None
            if not self._is_an_outage(failure):
                return 0.0
        else:
            self._throttled_since, self._unavailable = None, 0
        self.attempts += 1
        wait = self._wait(failure)
        self._spent += now - sent + wait
        if self.attempts >= self._settings.attempts or self._spent > self._settings.total_timeout:
            return None
        return wait

    def _is_an_outage(self, failure: RetryableError) -> bool:
        """Return whether a refusal for being one too many came too often to be one."""
        if failure.status == _SERVICE_UNAVAILABLE:
            self._unavailable += 1
        return self._unavailable > self._settings.unavailable_max

    def _wait(self, failure: RetryableError) -> float:
        """Return what the API asked for, otherwise a doubling with jitter."""
        settings = self._settings
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards no secret
        if failure.retry_after:
            return min(failure.retry_after, settings.retry_after_max) + jitter * settings.backoff_first / 2
        return jitter * min(settings.backoff_max, settings.backoff_first * 2.0 ** (self.attempts - 1))

"""When a failed attempt is repeated: the waits, and the end of patience."""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import tenacity

from mogulsync.transport.settings import Settings

_T = TypeVar("_T")


class RetryableError(Exception):
    """An attempt that may succeed another time.

    Attributes:
        status: HTTP status of the answer; None when there was none.
        code: The API's error code.
        request_id: The API's id of the request.
        wait: Seconds that the API asked to wait; None when it did not.
        took: Seconds that the attempt took.
    """

    def __init__(
        self,
        why: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.wait = wait
        self.took = 0.0


async def persist(
    attempt: Callable[[], Awaitable[_T]],
    *,
    settings: Settings,
    sleep: Callable[[float], Awaitable[None]],
    before_retry: Callable[[RetryableError, int, float], None],
) -> _T:
    """Repeat `attempt` while it raises RetryableError and patience lasts; return its result.

    Args:
        attempt: Sends the request once.
        settings: The number of attempts, the waits and the time in all.
        sleep: Waits between attempts.
        before_retry: Told of a failure, the number of the attempt to come and the seconds before it.

    Raises:
        RetryableError: The last failure.
    """
    try:
        return await attempt()
    except RetryableError as error:
        first = [error]
    # Nearly every request succeeds at once, and tenacity's bookkeeping costs a tenth of a short request.

    async def replayed() -> _T:
        if first:
            raise first.pop()
        return await attempt()

    spent = 0.0

    def out_of_patience(state: tenacity.RetryCallState) -> bool:
        nonlocal spent
        spent += _failure(state).took
        return (
            state.attempt_number >= settings.attempts or spent + state.idle_for + state.upcoming_sleep > settings.total
        )

    def note(state: tenacity.RetryCallState) -> None:
        before_retry(_failure(state), state.attempt_number + 1, state.upcoming_sleep)

    retrying = tenacity.AsyncRetrying(
        sleep=sleep,
        stop=out_of_patience,
        wait=lambda state: pause(_failure(state), state.attempt_number, settings),
        retry=tenacity.retry_if_exception_type(RetryableError),
        before_sleep=note,
        reraise=True,
    )
    return await retrying(replayed)


def pause(failure: RetryableError, attempts: int, settings: Settings) -> float:
    """Return the seconds to wait after `attempts` failed: what the API asked for, otherwise a jittered doubling."""
    jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards no secret
    if failure.wait:
        return min(failure.wait, settings.retry_after_max) + jitter * settings.backoff_first / 2
    return jitter * min(settings.backoff_max, settings.backoff_first * 2.0 ** (attempts - 1))


def _failure(state: tenacity.RetryCallState) -> RetryableError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, RetryableError):
        raise TypeError("asked about an attempt that did not fail in a way to repeat")
    return error

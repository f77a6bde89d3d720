"""Failures: what ends a run or a check early, and how its report words it."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from mogulsync.resource.reasons import RecordReason, RunReason
from mogulsync.resource.report import RefusedAttribute
from mogulsync.sync.attributes import described
from mogulsync.sync.settings import CANCEL_SECONDS
from mogulsync.transport.errors import (
    ApiError,
    CredentialsRejectedError,
    SubscriptionEndedError,
    ThrottledError,
    UnavailableError,
)

_SECRETS: Final = {"ChartMogul": "the API key", "Intercom": "the access token"}

_log: Final = logging.getLogger(__name__)


class RunError(Exception):
    """The run ends here, for this reason.

    Attributes:
        reason: What the report, the conditions and the exit code follow.
        message: For a person, with the fix; holds no customer's data.
    """

    def __init__(self, reason: RunReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


async def run_until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> RunError | None:
    """Run the work to its end or until `stop` is set; return None when it was done, else what ended it early."""
    task = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_SECONDS)
        return RunError(RunReason.INTERRUPTED, "stopped before it was done; the next run does what is left")
    error = task.exception()
    return run_error_of(error) if error is not None else None


def failure_of(error: ApiError) -> RunError:
    """Return the end of a run that this error of an API stops."""
    if isinstance(error, SubscriptionEndedError):
        fix = f"renew the subscription of the {error.api} account; the Secret is fine"
        return RunError(RunReason.CREDENTIALS_REJECTED, f"{error}; {fix}")
    if isinstance(error, CredentialsRejectedError):
        fix = f"see that {_SECRETS[error.api]} in its Secret is valid and has the permissions it needs"
        return RunError(RunReason.CREDENTIALS_REJECTED, f"{error}; {fix}")
    if error.api == "ChartMogul":
        return RunError(RunReason.CHARTMOGUL_UNAVAILABLE, f"{error}; the next run tries again")
    return RunError(RunReason.INTERCOM_UNAVAILABLE, f"{error}; the next run tries again")


def no_attribute_usable(refused: Sequence[RefusedAttribute]) -> RunError:
    """Return the end of a run that has no attribute left to write."""
    return RunError(RunReason.ATTRIBUTES_NOT_USABLE, f"no selected attribute can be used: {described(refused)}")


def not_matchable(refused: Sequence[RefusedAttribute]) -> RunError:
    """Return the end of a run that lacks an attribute to match by."""
    return RunError(
        RunReason.ATTRIBUTES_NOT_USABLE,
        f"contacts cannot be matched by spec.matching.intercomFields: {described(refused)}",
    )


def record_reason(error: ApiError) -> RecordReason:
    """Return why a contact counts as failed that this error kept from being written."""
    if isinstance(error, ThrottledError):
        return RecordReason.THROTTLED
    return RecordReason.UNAVAILABLE if isinstance(error, UnavailableError) else RecordReason.REJECTED


def run_error_of(error: BaseException) -> RunError:
    """Return the end of a run that was stopped by this exception; one that was not foreseen is logged."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, RunError):
        return error
    if isinstance(error, ApiError):
        return failure_of(error)
    _log.error("unexpected error", exc_info=error)
    return RunError(
        RunReason.INTERNAL_ERROR, f"a fault of mogulsync itself ({type(error).__name__}); the log has the trace"
    )

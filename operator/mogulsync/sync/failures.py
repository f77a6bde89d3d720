"""What ends a run or a check early, and how its report words it."""

import logging
from typing import Final

from mogulsync.resource.reasons import RecordReason, RunReason
from mogulsync.transport.errors import (
    ApiError,
    CredentialsRejectedError,
    SubscriptionEndedError,
    ThrottledError,
    UnavailableError,
)

_log: Final = logging.getLogger(__name__)
_SECRETS: Final = {"ChartMogul": "the API key", "Intercom": "the access token"}


class RunError(Exception):
    """The run ends here, for this reason.

    Attributes:
        reason: What the report, the conditions and the exit code follow.
        message: For a person, with the mend; holds no customer's data.
    """

    def __init__(self, reason: RunReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def failure_of(error: ApiError) -> RunError:
    """Return how a run ends that this error of an API stops."""
    if isinstance(error, SubscriptionEndedError):
        fix = f"renew the subscription of the {error.api} account; the Secret is fine"
        return RunError(RunReason.CREDENTIALS_REJECTED, f"{error}; {fix}")
    if isinstance(error, CredentialsRejectedError):
        mend = f"see that {_SECRETS[error.api]} in its Secret is valid and has the permissions it needs"
        return RunError(RunReason.CREDENTIALS_REJECTED, f"{error}; {mend}")
    if error.api == "ChartMogul":
        return RunError(RunReason.CHARTMOGUL_UNAVAILABLE, f"{error}; the next run tries again")
    return RunError(RunReason.INTERCOM_UNAVAILABLE, f"{error}; the next run tries again")


def record_reason(error: ApiError) -> RecordReason:
    """Return why a contact counts as failed that this error kept from being written."""
    if isinstance(error, ThrottledError):
        return RecordReason.THROTTLED
    return RecordReason.UNAVAILABLE if isinstance(error, UnavailableError) else RecordReason.REJECTED


def run_error_of(error: BaseException) -> RunError:
    """Return how a run ends that was stopped by this, whatever it is; what was not foreseen is logged."""
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

"""What keeps the CronJob, or a Job, from being as it should be, and what the API server's errors mean for it."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from mogulsync.kube.client import StatusError
from mogulsync.resource.reasons import ConditionReason

_TIMING_FIELDS: Final = ("spec.schedule", "spec.timeZone")
_INVALID: Final = re.compile(r'(CronJob|Job)\.batch "[^"]*" is invalid: ')
"""How the API server begins what its own validation finds (apierrors.NewInvalid). What an admission webhook
denies begins with `admission webhook`, what an admission policy denies with the resource and `is forbidden`."""
_UNDECODABLE: Final = ("failed to convert new object", "failed to create typed patch object")
"""How it begins, with code 500, when what is applied does not fit the kind's types."""
_UNREADABLE: Final = re.compile(r"(CronJob|Job) in version .* cannot be handled as a (CronJob|Job): ")
"""How it begins, with code 400, when a field's value cannot be read (transformDecodeError in its handlers). Other 400
say nothing of the content, such as a proxy's."""
_DENIED: Final = re.compile(r"admission webhook .* denied the request|ValidatingAdmissionPolicy .* denied request")
_TRANSIENT: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Codes below 500 of requests that are tried again: a token may be due for renewal, the
namespace be new, another writer be at work."""


@dataclass(frozen=True, kw_only=True)
class Blocker:
    """Why the CronJob, or a Job, is not as it should be."""

    reason: str
    message: str
    stalled: bool = True
    """Whether a person must act."""


def is_invalid(error: StatusError) -> bool:
    """Return whether the API server itself finds the content invalid, whoever else might refuse it."""
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return error.message.startswith(_UNDECODABLE)
    if error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return _INVALID.match(error.message) is not None
    return error.status == HTTPStatus.BAD_REQUEST and _UNREADABLE.match(error.message) is not None


def is_denied(error: StatusError) -> bool:
    """Return whether an admission policy or webhook denied the request: either answers with any code it likes."""
    return _DENIED.search(error.message) is not None


def blocker_of(error: StatusError) -> Blocker:
    """Return what an error of the API server means for the destination.

    What is denied by permissions, a quota, an admission policy or a webhook is `Refused`, whatever the code.
    """
    if is_invalid(error):
        timing = any(name.startswith(_TIMING_FIELDS) for name in error.fields)
        reason = ConditionReason.INVALID_SCHEDULE if timing else ConditionReason.INVALID_JOB
        return Blocker(reason=reason, message=error.message)
    if is_transient(error):
        message = error.message if error.status else str(error)  # without an answer only we know what was asked
        return Blocker(reason=ConditionReason.REQUEST_FAILED, message=message, stalled=False)
    return Blocker(reason=ConditionReason.REFUSED, message=error.message)


def is_transient(error: StatusError) -> bool:
    """Return whether the same request may pass when it is sent again soon."""
    if is_invalid(error) or is_denied(error):
        return False
    return error.status in _TRANSIENT or not HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR

import logging

import pytest

from mogulsync.resource.reasons import RecordReason, RunReason
from mogulsync.sync.failures import RunError, record_reason, run_error_of
from mogulsync.transport.errors import (
    Api,
    ApiError,
    CredentialsRejectedError,
    GoneError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CredentialsRejectedError("Intercom", "me", status=401), RunReason.CREDENTIALS_REJECTED),
        (CredentialsRejectedError("ChartMogul", "list", status=402), RunReason.CREDENTIALS_REJECTED),
        (UnavailableError("ChartMogul", "list"), RunReason.CHARTMOGUL_UNAVAILABLE),
        (ThrottledError("Intercom", "list"), RunReason.INTERCOM_UNAVAILABLE),
        (GoneError("ChartMogul", "list", status=404), RunReason.CHARTMOGUL_UNAVAILABLE),
        (RejectedError("Intercom", "list", status=400), RunReason.INTERCOM_UNAVAILABLE),
        (RunError(RunReason.GUARD_TRIPPED, "too many"), RunReason.GUARD_TRIPPED),
        (ExceptionGroup("", [ExceptionGroup("", [UnavailableError("Intercom", "x")])]), RunReason.INTERCOM_UNAVAILABLE),
    ],
)
def test_every_error_ends_a_run_for_its_own_reason(error: Exception, reason: RunReason) -> None:
    assert run_error_of(error).reason is reason


@pytest.mark.parametrize("api", ["ChartMogul", "Intercom"])
def test_refused_credentials_are_told_with_the_apis_own_code_and_the_fix(api: Api) -> None:
    error = CredentialsRejectedError(api, "cannot list", status=401, code="unauthorized", request_id="req1")
    message = run_error_of(error).message
    assert message.startswith(f"{api}: cannot list (status 401, unauthorized, request req1)")
    assert "Secret" in message


def test_an_unforeseen_error_is_logged_but_its_text_goes_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        failure = run_error_of(KeyError("ann@example.com"))
    assert failure.reason == RunReason.INTERNAL_ERROR
    assert "ann@example.com" not in failure.message
    assert caplog.records[0].exc_info


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ThrottledError("Intercom", "x", status=429), RecordReason.THROTTLED),
        (UnavailableError("Intercom", "x", status=503), RecordReason.UNAVAILABLE),
        (RejectedError("Intercom", "x", status=400), RecordReason.REJECTED),
    ],
)
def test_every_error_fails_a_contact_for_its_own_reason(error: ApiError, reason: RecordReason) -> None:
    assert record_reason(error) is reason

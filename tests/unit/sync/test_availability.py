import pytest

from mogulsync.resource.reasons import RunReason
from mogulsync.sync.availability import LONGEST_STREAK, Availability
from mogulsync.sync.failures import RunError
from mogulsync.transport.errors import RejectedError, UnavailableError

DOWN = UnavailableError("Intercom", "cannot update", status=503)


def fail(availability: Availability, times: int) -> None:
    for _ in range(times):
        availability.failed(DOWN)


def test_fifty_failures_in_a_row_end_the_run() -> None:
    availability = Availability("Intercom")
    availability.succeeded()
    fail(availability, LONGEST_STREAK - 1)
    with pytest.raises(RunError) as caught:
        fail(availability, 1)
    assert caught.value.reason is RunReason.INTERCOM_UNAVAILABLE


@pytest.mark.parametrize("event", ["succeeded", "answered"])
def test_anything_else_in_between_breaks_the_row(event: str) -> None:
    availability = Availability("Intercom")
    fail(availability, LONGEST_STREAK - 1)
    getattr(availability, event)()
    fail(availability, LONGEST_STREAK - 1)


@pytest.mark.parametrize("error", [DOWN, RejectedError("Intercom", "cannot update", status=400)])
def test_no_success_at_all_and_a_failure_is_an_outage(error: UnavailableError | RejectedError) -> None:
    availability = Availability("Intercom")
    availability.answered()
    availability.failed(error)
    with pytest.raises(RunError) as caught:
        availability.conclude()
    assert caught.value.reason is RunReason.INTERCOM_UNAVAILABLE


def test_a_failure_among_successes_is_that_records_own() -> None:
    availability = Availability("ChartMogul")
    availability.succeeded()
    availability.failed(UnavailableError("ChartMogul", "cannot list subscriptions"))
    availability.conclude()


def test_nothing_to_do_is_no_outage() -> None:
    Availability("Intercom").conclude()

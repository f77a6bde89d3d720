import pytest

from mogulsync.resource.reasons import RunReason
from mogulsync.sync.circuit_breaker import CircuitBreaker
from mogulsync.sync.failures import RunError
from mogulsync.sync.settings import MAX_OUTAGES_IN_A_ROW
from mogulsync.transport.errors import ThrottledError, UnavailableError

DOWN = UnavailableError("Intercom", "cannot update", status=503)


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.record_outage(DOWN)


def test_fifty_outages_in_a_row_end_the_run() -> None:
    breaker = CircuitBreaker("Intercom")
    breaker.record_answer()
    fail(breaker, MAX_OUTAGES_IN_A_ROW - 1)
    with pytest.raises(RunError) as caught:
        fail(breaker, 1)
    assert caught.value.reason == RunReason.INTERCOM_UNAVAILABLE


def test_an_answer_in_between_breaks_the_row() -> None:
    breaker = CircuitBreaker("Intercom")
    fail(breaker, MAX_OUTAGES_IN_A_ROW - 1)
    breaker.record_answer()
    fail(breaker, MAX_OUTAGES_IN_A_ROW - 1)


@pytest.mark.parametrize("error", [DOWN, ThrottledError("Intercom", "cannot update", status=429)])
def test_no_answer_at_all_and_an_outage_end_the_run(error: UnavailableError) -> None:
    breaker = CircuitBreaker("Intercom")
    breaker.record_outage(error)
    with pytest.raises(RunError) as caught:
        breaker.conclude()
    assert caught.value.reason == RunReason.INTERCOM_UNAVAILABLE


def test_an_outage_among_answers_is_that_records_own() -> None:
    breaker = CircuitBreaker("ChartMogul")
    breaker.record_answer()
    breaker.record_outage(UnavailableError("ChartMogul", "cannot list subscriptions"))
    breaker.conclude()


def test_nothing_to_do_is_no_outage() -> None:
    CircuitBreaker("Intercom").conclude()

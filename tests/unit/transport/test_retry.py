import pytest

from mogulsync.transport.retry import RetryableError, RetryPolicy
from mogulsync.transport.settings import RequestSettings

OUTAGE = RetryableError("no answer")
THROTTLED = RetryableError(status=429, throttled=True)
CONNECTIONS = RetryableError(status=503, throttled=True)


def test_outages_use_up_the_attempts() -> None:
    policy = RetryPolicy(RequestSettings())
    waits = [policy.wait_after(OUTAGE, sent=0.0, now=1.0) for _ in range(6)]
    assert None not in waits[:5]
    assert waits[5] is None


def test_outages_use_up_the_time() -> None:
    policy = RetryPolicy(RequestSettings(total_timeout=100.0))
    assert policy.wait_after(OUTAGE, sent=0.0, now=30.0) is not None
    assert policy.wait_after(OUTAGE, sent=30.0, now=60.0) is not None
    assert policy.wait_after(OUTAGE, sent=60.0, now=99.0) is None


def test_being_throttled_uses_up_neither_attempts_nor_time() -> None:
    policy = RetryPolicy(RequestSettings())
    assert [policy.wait_after(THROTTLED, sent=now, now=now + 1.0) for now in range(1_000)] == [0.0] * 1_000
    assert policy.attempts == 0
    waits = [policy.wait_after(OUTAGE, sent=2_000.0, now=2_001.0) for _ in range(6)]
    assert waits.count(None) == 1


def test_half_an_hour_of_nothing_but_refusals_is_the_end() -> None:
    policy = RetryPolicy(RequestSettings())
    assert policy.wait_after(THROTTLED, sent=0.0, now=1.0) == 0.0
    assert policy.wait_after(THROTTLED, sent=1_700.0, now=1_799.0) == 0.0
    assert policy.wait_after(THROTTLED, sent=1_799.0, now=1_801.0) is None


def test_another_failure_between_begins_the_half_hour_anew() -> None:
    policy = RetryPolicy(RequestSettings())
    assert policy.wait_after(THROTTLED, sent=0.0, now=1.0) == 0.0
    assert policy.wait_after(OUTAGE, sent=1_500.0, now=1_501.0) is not None
    assert policy.wait_after(THROTTLED, sent=1_700.0, now=1_801.0) == 0.0


@pytest.mark.parametrize("most", [3, 40])
def test_503_without_end_is_an_outage_and_not_too_many_connections(most: int) -> None:
    policy = RetryPolicy(RequestSettings(unavailable_max=most))
    waits = [policy.wait_after(CONNECTIONS, sent=0.0, now=0.1) for _ in range(most)]
    assert waits == [0.0] * most
    counted = [policy.wait_after(CONNECTIONS, sent=0.0, now=0.1) for _ in range(6)]
    assert None not in counted[:5]
    assert counted[5] is None

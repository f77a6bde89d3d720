"""Failing requests of kopf's are reported once and then now and then."""

import logging

from mogulsync.kube.watch import RepeatedFailures


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("kopf._cogs.clients.watching", logging.ERROR, "api.py", 1, message, None, None)


def test_the_same_failure_is_reported_again_only_after_ten_minutes() -> None:
    now = 100.0
    quiet = RepeatedFailures(clock=lambda: now)
    request = "GET https://10.0.0.1/apis/batch/v1/namespaces/crm/jobs -> APIForbiddenError('forbidden')"
    assert quiet.filter(record(f"Request attempt #1 failed; will retry: {request}"))
    assert not quiet.filter(record(f"Request attempt #2 failed; will retry: {request}"))
    now += 601
    assert quiet.filter(record(f"Request attempt #60 failed; will retry: {request}"))


def test_other_failures_and_other_words_are_reported_at_once() -> None:
    quiet = RepeatedFailures(clock=lambda: 100.0)
    assert quiet.filter(record("Request attempt #1 failed; will retry: GET https://10.0.0.1/one -> X()"))
    assert quiet.filter(record("Request attempt #1 failed; will retry: GET https://10.0.0.1/two -> X()"))
    for _ in range(2):
        assert quiet.filter(record("Request attempt #9 failed; escalating: GET https://10.0.0.1/one -> X()"))

"""What becomes of an answer: a result, another attempt, or an error that says what to do."""

import asyncio
import socket
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mogulsync.transport.client import JsonClient, JsonResponse, MalformedResponseError
from mogulsync.transport.errors import (
    ApiError,
    CredentialsRejectedError,
    GoneError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from mogulsync.transport.rate_limiter import Permit, RateLimiter, ResponseHead
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats
from tests.support.raw_http import CLOSED, SILENT, Reply, raw_server, reply

SECRET = "s3cret-token"
EMAIL = "ada@example.com"
IMPATIENT = RequestSettings(attempt_timeout=2.0)


class Open:
    """A policy that never makes anyone wait, and counts."""

    def __init__(self) -> None:
        self.in_flight = 0

    def delay(self, _now: float) -> float:
        return 0.0

    def sent(self, now: float) -> Permit:
        self.in_flight += 1
        return Permit(now)

    def answered(self, _permit: Permit, _now: float, head: ResponseHead | None) -> bool:
        self.in_flight -= 1
        return head is not None and head.status == 429


class Waits:
    """Replaces waiting, and remembers for how long."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def client(
    url: str,
    *,
    stats: RequestStats | None = None,
    settings: RequestSettings = IMPATIENT,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    policy: Open | None = None,
    token: str = SECRET,
) -> JsonClient:
    return JsonClient(
        api="Intercom",
        url=url,
        headers={"Authorization": f"Bearer {token}"},
        rate_limiter=RateLimiter(policy or Open()),
        stats=stats or RequestStats(),
        settings=settings,
        sleep=sleep or Waits(),
    )


def entries(body: JsonResponse) -> Any:
    if not isinstance(body.data, dict):
        raise MalformedResponseError("it is not an object")
    return body.data


async def get(http: JsonClient) -> Any:
    return await http.request("GET", "/things", what="list things", read=entries, params={"email": EMAIL})


GOOD = reply({"good": True})

PASSING = {
    "408": reply({}, status=408),
    "429": reply({}, status=429),
    "500": reply({}, status=500),
    "502 as a page": reply(status=502, text="<html>Bad gateway</html>"),
    "503": reply({}, status=503),
    "504": reply({}, status=504),
    "599": reply({}, status=599),
    "closed without an answer": CLOSED,
    "never answered": SILENT,
    "body cut short": reply({"some": "thing"}, missing=5),
    "head cut short": Reply(b"HTTP/1.1 200 OK\r\nContent-", close=True),
    "no HTTP": Reply(b"\x16\x03\x01\x00 nonsense\r\n\r\n", close=True),
    "a page": reply(text="<!doctype html><title>Maintenance</title>"),
    "no body": reply(text=""),
    "JSON cut short": reply(text='{"entries": [1, 2'),
    "JSON of another kind": reply([1, 2]),
    "an encoding that it is not in": reply({}, headers={"Content-Encoding": "gzip"}),
    "chunks that are none": Reply(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", close=True
    ),
    "slower than one attempt may be": Reply(
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", pieces=(b" ",) * 20, pause=0.2
    ),
}


OUTAGES = {name: bad for name, bad in PASSING.items() if name != "429"}


@pytest.mark.parametrize("bad", PASSING.values(), ids=PASSING)
async def test_what_may_pass_is_tried_again(bad: Reply) -> None:
    stats = RequestStats()
    async with raw_server([bad, GOOD]) as server, client(server.url, stats=stats) as http:
        assert await get(http) == {"good": True}
    assert (stats.intercom, stats.retried) == (2, 1)
    assert stats.throttled == (1 if b" 429 " in bad.raw else 0)


@pytest.mark.parametrize("bad", OUTAGES.values(), ids=OUTAGES)
async def test_after_six_attempts_the_api_counts_as_unavailable(bad: Reply) -> None:
    stats, policy = RequestStats(), Open()
    settings = RequestSettings(attempt_timeout=0.05)
    async with raw_server([bad]) as server, client(server.url, stats=stats, settings=settings, policy=policy) as http:
        with pytest.raises(UnavailableError) as caught:
            await get(http)
    assert not isinstance(caught.value, ThrottledError)
    assert (stats.intercom, stats.retried, policy.in_flight) == (6, 5, 0)


async def test_being_throttled_uses_up_no_attempt() -> None:
    stats, waits = RequestStats(), Waits()
    refused = [reply({}, status=429, headers={"Retry-After": "60"})] * 40
    async with raw_server([*refused, GOOD]) as server, client(server.url, stats=stats, sleep=waits) as http:
        assert await get(http) == {"good": True}
    assert (stats.intercom, stats.throttled, stats.retried) == (41, 40, 40)
    assert set(waits.seconds) == {0.0}, "the rate limiter waits"


async def test_nothing_but_refusals_for_too_long_ends_as_throttled() -> None:
    settings = RequestSettings(throttled_timeout=0.05)
    async with raw_server([reply({}, status=429)]) as server, client(server.url, settings=settings) as http:
        with pytest.raises(ThrottledError) as caught:
            await get(http)
    assert caught.value.status == 429


async def test_a_host_that_takes_no_connection_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with client(f"http://127.0.0.1:{taken.getsockname()[1]}") as http:
            with pytest.raises(UnavailableError):
                await get(http)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, CredentialsRejectedError),
        (403, CredentialsRejectedError),
        (404, GoneError),
        (410, GoneError),
        (400, RejectedError),
        (402, RejectedError),
        (409, RejectedError),
        (422, RejectedError),
    ],
)
async def test_what_stays_wrong_is_raised_at_once(status: int, expected: type[ApiError]) -> None:
    body = {"type": "error.list", "request_id": "r-1", "errors": [{"code": "some_code", "message": f"about {EMAIL}"}]}
    async with raw_server([reply(body, status=status)]) as server, client(server.url) as http:
        with pytest.raises(ApiError) as caught:
            await get(http)
    error = caught.value
    assert type(error) is expected
    assert (error.status, error.code, error.request_id) == (status, "some_code", "r-1")
    assert len(server.received) == 1
    if isinstance(error, RejectedError):
        assert error.message == f"about {EMAIL}"


async def test_a_refusal_has_its_code_and_no_customer_s_data() -> None:
    body = {"errors": [{"code": "parameter_invalid", "message": f"Email {EMAIL} is not valid"}]}
    async with raw_server([reply(body, status=422)]) as server, client(server.url) as http:
        with pytest.raises(RejectedError) as caught:
            await get(http)
    assert caught.value.detail == "parameter_invalid: Email … is not valid"


async def test_a_status_is_said_once() -> None:
    for status in (400, 401, 404, 503):
        body = {"code": status, "message": "No valid API key provided", "param": None}
        async with raw_server([reply(body, status=status)]) as server, client(server.url) as http:
            with pytest.raises(ApiError) as caught:
                await get(http)
        assert str(caught.value).count(str(status)) == 1


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_refusal_that_may_pass_is_retried(status: int) -> None:
    stats = RequestStats()
    async with raw_server([reply({}, status=status), GOOD]) as server, client(server.url, stats=stats) as http:
        got = await http.request("GET", "/", what="try", read=entries, retried_statuses=frozenset({400, 404, 422}))
    assert got == {"good": True}
    assert (stats.intercom, stats.retried) == (2, 1)


@pytest.mark.parametrize(("status", "expected"), [(400, RejectedError), (404, GoneError)])
async def test_a_refusal_that_does_not_pass_remains_a_refusal(status: int, expected: type[ApiError]) -> None:
    stats = RequestStats()
    async with raw_server([reply({}, status=status)]) as server, client(server.url, stats=stats) as http:
        with pytest.raises(expected):
            await http.request("GET", "/", what="try", read=entries, retried_statuses=frozenset({400, 404, 422}))
    assert stats.intercom == 6


@pytest.mark.parametrize("text", ["", "<html>Forbidden</html>", "[]", '"words"', '{"errors": 3}', "\x00"])
async def test_an_error_body_of_any_kind_is_read(text: str) -> None:
    async with raw_server([reply(status=401, text=text)]) as server, client(server.url) as http:
        with pytest.raises(CredentialsRejectedError) as caught:
            await get(http)
    assert caught.value.code is None


async def test_the_request_id_is_also_taken_from_the_header() -> None:
    headers = {"X-Request-Id": "from-header"}
    async with raw_server([reply({}, status=404, headers=headers)]) as server, client(server.url) as http:
        with pytest.raises(GoneError) as caught:
            await get(http)
    assert caught.value.request_id == "from-header"


async def test_no_redirect_is_followed() -> None:
    async with raw_server([GOOD]) as elsewhere:
        headers = {"Location": f"{elsewhere.url}/things"}
        async with raw_server([reply({}, status=302, headers=headers)]) as server, client(server.url) as http:
            with pytest.raises(RejectedError, match="leads elsewhere"):
                await get(http)
    assert elsewhere.received == []


@pytest.mark.parametrize(
    "bad",
    [
        CLOSED,
        SILENT,
        reply({"errors": [{"code": f"to {EMAIL}", "message": EMAIL}]}, status=400),
        reply({"message": EMAIL}, status=500),
        reply(text=f"<html>{EMAIL}"),
    ],
)
async def test_no_error_shows_a_credential_or_an_address(bad: Reply) -> None:
    settings = RequestSettings(attempts=2, attempt_timeout=0.05)
    async with raw_server([bad]) as server, client(server.url, settings=settings) as http:
        with pytest.raises(ApiError) as caught:
            await get(http)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert EMAIL not in shown
    assert EMAIL.replace("@", "%40") not in shown
    assert SECRET not in shown


@pytest.mark.parametrize("token", ["two\nlines", "naïve", "nul\x00"])
async def test_a_credential_that_no_header_can_carry_is_refused_unsent(token: str) -> None:
    async with raw_server([GOOD]) as server, client(server.url, token=token) as http:
        with pytest.raises(CredentialsRejectedError) as caught:
            await get(http)
    assert token not in str(caught.value)
    assert server.received == []


async def test_the_base_url_may_have_a_path() -> None:
    async with raw_server([GOOD]) as server, client(f"{server.url}/some/base/") as http:
        await get(http)
    assert server.received[0].target == "/some/base/things?email=ada%40example.com"
    assert server.received[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.received[0].headers["user-agent"].startswith("mogulsync/")


async def test_a_cancelled_request_gives_its_permit_back() -> None:
    policy = Open()
    async with raw_server([SILENT]) as server, client(server.url, settings=RequestSettings(), policy=policy) as http:
        task = asyncio.create_task(get(http))
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert policy.in_flight == 0


async def test_waits_double_with_jitter() -> None:
    waits = Waits()
    async with raw_server([reply({}, status=503)]) as server, client(server.url, sleep=waits) as http:
        with pytest.raises(UnavailableError):
            await get(http)
    assert len(waits.seconds) == 5
    for wait, most in zip(waits.seconds, (1, 2, 4, 8, 16), strict=True):
        assert most / 2 <= wait <= most


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "7"}, 7.0, 8.0),
        ({"Retry-After": "3600"}, 60.0, 61.0),
        ({"Retry-After": "Tue, 24 Nov 2026 10:00:09 GMT", "Date": "Tue, 24 Nov 2026 10:00:00 GMT"}, 9.0, 10.0),
        ({"Retry-After": "Tue, 24 Nov 2020 10:00:00 GMT"}, 0.5, 1.0),
        ({"Retry-After": "soon"}, 0.5, 1.0),
        ({"Retry-After": "-5"}, 0.5, 1.0),
    ],
)
@pytest.mark.parametrize("status", [408, 503])
async def test_what_the_api_asks_to_wait_is_waited(
    status: int, headers: dict[str, str], least: float, most: float
) -> None:
    waits = Waits()
    replies = [reply({}, status=status, headers=headers), GOOD]
    async with raw_server(replies) as server, client(server.url, sleep=waits) as http:
        await get(http)
    assert least <= waits.seconds[0] <= most


async def test_attempts_end_with_the_time_in_all() -> None:
    waits = Waits()
    settings = RequestSettings(total_timeout=125.0)
    asked = reply({}, status=503, headers={"Retry-After": "60"})
    async with raw_server([asked]) as server, client(server.url, sleep=waits, settings=settings) as http:
        with pytest.raises(UnavailableError):
            await get(http)
    assert len(waits.seconds) == 2


@pytest.mark.parametrize(
    ("path", "params"),
    [("/things/" + 70_000 * "x", None), ("/things", {"cursor": 70_000 * "x"}), ("/" + 40_000 * "%C3%A4", {})],
    ids=["path", "query", "quoted"],
)
async def test_what_no_url_can_hold_is_refused_without_being_sent_or_quoted(
    path: str, params: dict[str, str] | None
) -> None:
    stats = RequestStats()
    async with raw_server([GOOD]) as server, client(server.url, stats=stats) as http:
        with pytest.raises(RejectedError) as caught:
            await http.request("GET", path, what="list things", read=entries, params=params)
        assert await get(http) == {"good": True}
    assert caught.value.status is None
    assert str(caught.value) == "Intercom: cannot list things: its URL would be invalid, such as too long"
    assert "xxx" not in "".join(traceback.format_exception(caught.value))
    assert stats.intercom == 1

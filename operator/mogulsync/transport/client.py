"""A JSON client: one request is rate-limited, timed out, retried, counted, and its answer read before it counts."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar

import httpx2
from pydantic_core import SchemaValidator, to_json

from mogulsync import __version__
from mogulsync.transport.connection_pool import ConnectionPool, TrustStoreError
from mogulsync.transport.error_body import read_error_body
from mogulsync.transport.errors import (
    Api,
    ApiError,
    CredentialsRejectedError,
    GoneError,
    RejectedError,
    SubscriptionEndedError,
    ThrottledError,
    UnavailableError,
)
from mogulsync.transport.headers import retry_after, safe_token
from mogulsync.transport.json_parsing import parse_json
from mogulsync.transport.network_error import describe_network_error
from mogulsync.transport.rate_limiter import Permit, RateLimiter, ResponseHead
from mogulsync.transport.retry import RetryableError, RetryPolicy
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats

_T = TypeVar("_T")

_TOO_MANY_REQUESTS: Final = 429
_RETRIED: Final = frozenset({408, _TOO_MANY_REQUESTS})
_SERVER_ERROR: Final = 500
_PAYMENT_REQUIRED: Final = 402
_GONE: Final = frozenset({404, 410})

_logger = logging.getLogger("mogulsync.transport")


class MalformedResponseError(Exception):
    """An answer of another shape than documented; it is asked for again, like one that got lost."""


class JsonResponse(NamedTuple):
    """A successful answer."""

    data: Any
    """The JSON value."""
    request_id: str | None
    """The API's id of the request."""


class JsonClient:
    """A client of one API. Use it as an asynchronous context manager, which closes its connections.

    Redirects are not followed, so that no credential reaches a host that nobody chose.
    """

    def __init__(
        self,
        *,
        api: Api,
        url: str,
        headers: Mapping[str, str],
        rate_limiter: RateLimiter,
        stats: RequestStats,
        settings: RequestSettings,
        refused: frozenset[int] = frozenset({401, 403}),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            api: For counts and messages.
            url: The base that paths are appended to; it may have a path itself.
            headers: Sent with each request, the credential among them.
            rate_limiter: Gives permits to send; it also bounds how many requests are in flight.
            stats: Where requests are counted.
            settings: Time-outs and retries.
            refused: Statuses that mean that the credentials are refused.
            clock: Seconds, monotonic.
            sleep: Waits between attempts.
        """
        self._api: Api = api
        self._base = url.rstrip("/")
        self._rate_limiter = rate_limiter
        self._stats = stats
        self._settings = settings
        self._refused = refused
        self._clock = clock
        self._sleep = sleep
        # A header with such characters would be refused in words that quote it.
        self._sendable = all(value.isascii() and value.isprintable() for value in headers.values())
        self._headers = httpx2.Headers(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "User-Agent": f"mogulsync/{__version__}",
                **(headers if self._sendable else {}),
            }
        )
        self._headers_with_body = httpx2.Headers({**self._headers, "Content-Type": "application/json"})
        # One timer bounds each attempt; httpx2 would set six more.
        self._timeouts = httpx2.Timeout(None).as_dict()
        self._connections = ConnectionPool(keep_alive=settings.keep_alive)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connections.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        read: Callable[[JsonResponse], _T],
        params: Mapping[str, str] | None = None,
        body: Any = None,
        shape: SchemaValidator | None = None,
        retried_statuses: frozenset[int] = frozenset(),
    ) -> _T:
        """Send a request until it is answered and return what `read` makes of the answer.

        Args:
            method: The HTTP method.
            path: Appended to the base URL, with a leading slash, quoted where needed.
            what: What is being done, for messages: "list customers".
            read: Turns the JSON answer into the result; it raises MalformedResponseError to have it asked for again.
            params: The query.
            body: Sent as JSON.
            shape: The parts of the answer that `read` needs; the rest is skipped, which is faster. An answer of another
                shape is given to it whole.
            retried_statuses: Refusals that may pass, so that they are retried like a broken connection; the last one
                is raised when there is no other attempt.

        Raises:
            CredentialsRejectedError: The credentials were refused.
            GoneError: 404 or 410.
            RejectedError: Another answer that a retry cannot change, or the URL is invalid (a path or query too long):
                then nothing was sent and `status` is None.
            UnavailableError: No usable answer after every attempt; ThrottledError when the last was a 429.
        """
        if not self._sendable:
            raise CredentialsRejectedError(self._api, f"cannot {what}: the credential has characters that none has")
        try:
            request = self._request(method, path, params=params, body=body)
        except httpx2.InvalidURL:
            # An id or a cursor that the API gave is too long for a URL: a fault of this record, not of the program.
            raise RejectedError(self._api, f"cannot {what}: its URL would be invalid, such as too long") from None
        policy = RetryPolicy(self._settings)
        number = 0
        while True:
            number += 1
            permit = await self._rate_limiter.acquire()
            try:
                response = await self._attempt(request, permit, number=number)
                return self._result(response, what=what, read=read, shape=shape, retried=retried_statuses)
            except TrustStoreError as error:
                raise UnavailableError(self._api, f"cannot {what}: {error}") from None
            except RetryableError as error:
                wait = policy.wait_after(error, sent=permit.sent, now=self._clock())
                if wait is None:
                    raise (error.refusal or self._exhausted(error, what=what)) from None
                level = logging.DEBUG if error.throttled else logging.INFO
                _logger.log(level, "%s: cannot %s: %s; attempt %d in %.1f s", self._api, what, error, number + 1, wait)
            await self._sleep(wait)

    def _request(self, method: str, path: str, *, params: Mapping[str, str] | None, body: Any) -> httpx2.Request:
        content = None if body is None else to_json(body)
        return httpx2.Request(
            method,
            self._base + path,
            params=params,
            content=content,
            headers=self._headers if content is None else self._headers_with_body,
            extensions={"timeout": self._timeouts},
        )

    async def _attempt(self, request: httpx2.Request, permit: Permit, *, number: int) -> httpx2.Response:
        """Send the request once and give the permit back.

        Raises:
            RetryableError: There was no answer, or it refuses the request for being one too many.
        """
        self._stats.count_attempt(self._api, number=number)
        try:
            response = await self._send(request)
        except BaseException:
            self._rate_limiter.release(permit, None)
            raise
        if response.status_code == _TOO_MANY_REQUESTS:
            self._stats.throttled += 1
        if self._rate_limiter.release(permit, ResponseHead(response.status_code, response.headers)):
            raise self._passing(response, throttled=True)
        return response

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        """Send once and read the whole answer."""
        try:
            async with asyncio.timeout(self._settings.attempt_timeout):
                return await self._connections.send(request)
        except (TimeoutError, httpx2.RequestError) as error:
            raise RetryableError(describe_network_error(error, request.url)) from None

    def _result(
        self,
        response: httpx2.Response,
        *,
        what: str,
        read: Callable[[JsonResponse], _T],
        shape: SchemaValidator | None,
        retried: frozenset[int],
    ) -> _T:
        """Return what `read` makes of an answer, or raise what the answer means."""
        if not response.is_success:
            error = self._error(response, what=what)
            if isinstance(error, ApiError) and response.status_code in retried:
                raise RetryableError(status=error.status, code=error.code, request_id=error.request_id, refusal=error)
            raise error
        try:
            return read(
                JsonResponse(parse_json(response.content, shape), safe_token(response.headers.get("x-request-id")))
            )
        except (ValueError, MalformedResponseError) as error:
            why = str(error) if isinstance(error, MalformedResponseError) else "it is not JSON"
            raise RetryableError(f"malformed answer, {why}", status=response.status_code) from None

    def _error(self, response: httpx2.Response, *, what: str) -> ApiError | RetryableError:
        status = response.status_code
        if status in _RETRIED or status >= _SERVER_ERROR:
            return self._passing(response, throttled=False)
        code, request_id, message = read_error_body(response.content)
        request_id = request_id or safe_token(response.headers.get("x-request-id"))
        failed = f"cannot {what}"
        if status == _PAYMENT_REQUIRED and status in self._refused:
            return SubscriptionEndedError(self._api, failed, status=status, code=code, request_id=request_id)
        if status in self._refused:
            return CredentialsRejectedError(self._api, failed, status=status, code=code, request_id=request_id)
        if status in _GONE:
            return GoneError(self._api, failed, status=status, code=code, request_id=request_id)
        if response.has_redirect_location:
            failed = f"{failed}: the URL leads elsewhere, and redirects are not followed"
        return RejectedError(self._api, failed, status=status, code=code, request_id=request_id, message=message)

    @staticmethod
    def _passing(response: httpx2.Response, *, throttled: bool) -> RetryableError:
        """Return the failure that an answer means which another attempt may not get."""
        code, request_id, _ = read_error_body(response.content)
        return RetryableError(
            status=response.status_code,
            code=code,
            request_id=request_id or safe_token(response.headers.get("x-request-id")),
            retry_after=retry_after(response.headers, wall_time=time.time()),
            throttled=throttled,
        )

    def _exhausted(self, error: RetryableError, *, what: str) -> UnavailableError:
        kind = ThrottledError if error.status == _TOO_MANY_REQUESTS else UnavailableError
        why = f"cannot {what}: gave up after repeated attempts" + (f", the last one: {error.why}" if error.why else "")
        return kind(self._api, why, status=error.status, code=error.code, request_id=error.request_id)

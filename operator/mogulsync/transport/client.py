"""One JSON request to an API: paced, timed out, retried, counted, and read before it counts as answered."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar

import httpx2
from pydantic_core import SchemaValidator, ValidationError, from_json, to_json

from mogulsync import __version__
from mogulsync.transport.connections import Connections
from mogulsync.transport.errors import (
    Api,
    ApiError,
    CredentialsRejectedError,
    GoneError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from mogulsync.transport.gate import Answer, Gate
from mogulsync.transport.headers import retry_after, safe_token
from mogulsync.transport.meter import Meter
from mogulsync.transport.refusals import read_refusal
from mogulsync.transport.retrying import RetryableError, persist
from mogulsync.transport.settings import Settings

_T = TypeVar("_T")

_TOO_MANY_REQUESTS: Final = 429
_RETRIED: Final = frozenset({408, _TOO_MANY_REQUESTS})
_SERVER_ERROR: Final = 500
_GONE: Final = frozenset({404, 410})

_logger = logging.getLogger("mogulsync.transport")


class MalformedError(Exception):
    """An answer that is not what it should be; it is asked for again, like one that got lost."""


class Body(NamedTuple):
    """A successful answer."""

    data: Any
    """The JSON value."""
    request_id: str | None
    """The API's id of the request."""


class JsonClient:
    """An API that speaks JSON. Use it as a context manager: it holds a pool of connections.

    Redirects are not followed, so that no credential reaches a host that nobody chose.
    """

    def __init__(
        self,
        *,
        api: Api,
        url: str,
        headers: Mapping[str, str],
        gate: Gate,
        meter: Meter,
        settings: Settings,
        refused: frozenset[int] = frozenset({401, 403}),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            api: For counts and messages.
            url: The base that paths are appended to; it may have a path itself.
            headers: Sent with each request, the credential among them.
            gate: Where requests wait for their turn; it also bounds how many are under way at once.
            meter: Where requests are counted.
            settings: Time-outs and retries.
            refused: Statuses that mean that the credentials are refused.
            clock: Seconds, monotonic.
            sleep: Waits between attempts.
        """
        self._api: Api = api
        self._base = url.rstrip("/")
        self._gate = gate
        self._meter = meter
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
        self._timeouts = httpx2.Timeout(settings.attempt_timeout, pool=None).as_dict()
        self._connections = Connections()

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
        read: Callable[[Body], _T],
        params: Mapping[str, str] | None = None,
        body: Any = None,
        shape: SchemaValidator | None = None,
    ) -> _T:
        """Send a request until it is answered and return what `read` makes of the answer.

        Args:
            method: The HTTP method.
            path: Appended to the base URL, with a leading slash, quoted where needed.
            what: What is being done, for messages: "list customers".
            read: Turns the JSON answer into the result; it raises MalformedError to have it asked for again.
            params: The query.
            body: Sent as JSON.
            shape: The parts of the answer that `read` needs; the rest is skipped, which is faster. An answer of another
                shape is given to it whole.

        Raises:
            CredentialsRejectedError: The credentials were refused.
            GoneError: 404 or 410.
            RejectedError: Another answer that a retry cannot change.
            UnavailableError: No usable answer after every attempt; ThrottledError when the last was a 429.
        """
        if not self._sendable:
            raise CredentialsRejectedError(self._api, f"cannot {what}: the credential has characters that none has")
        content = None if body is None else to_json(body)
        # Made without the client's own build_request, whose merging of defaults costs a tenth of a request.
        request = httpx2.Request(
            method,
            self._base + path,
            params=params,
            content=content,
            headers=self._headers if content is None else self._headers_with_body,
            extensions={"timeout": self._timeouts},
        )
        again = False

        async def attempt() -> _T:
            nonlocal again
            ticket = await self._gate.enter()
            answer: Answer | None = None
            self._meter.attempt(self._api, again=again)
            again = True
            try:
                try:
                    response = await self._send(request)
                    answer = Answer(response.status_code, response.headers)
                finally:
                    self._gate.leave(ticket, answer)
                return self._result(response, what=what, read=read, shape=shape)
            except RetryableError as error:
                error.took = self._clock() - ticket.sent
                raise

        def before_retry(error: RetryableError, number: int, wait: float) -> None:
            _logger.info("%s: cannot %s: %s; attempt %d in %.1f s", self._api, what, error, number, wait)

        try:
            return await persist(attempt, settings=self._settings, sleep=self._sleep, before_retry=before_retry)
        except RetryableError as error:
            raise self._exhausted(error, what=what) from None

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        """Send once and read the whole answer."""
        try:
            async with asyncio.timeout(self._settings.attempt_timeout):
                return await self._connections.send(request)
        except TimeoutError:
            raise RetryableError("no answer in time") from None
        except httpx2.RequestError as error:
            # Its text may quote the request; its type says enough.
            raise RetryableError(f"no answer, {type(error).__name__}") from None

    def _result(
        self, response: httpx2.Response, *, what: str, read: Callable[[Body], _T], shape: SchemaValidator | None
    ) -> _T:
        """Return what `read` makes of an answer, or raise what the answer means."""
        if not response.is_success:
            raise self._refusal(response, what=what)
        try:
            return read(Body(_parsed(response.content, shape), safe_token(response.headers.get("x-request-id"))))
        except (ValueError, MalformedError) as error:
            why = str(error) if isinstance(error, MalformedError) else "it is not JSON"
            raise RetryableError(f"malformed answer, {why}", status=response.status_code) from None

    def _refusal(self, response: httpx2.Response, *, what: str) -> ApiError | RetryableError:
        status = response.status_code
        code, request_id, detail = read_refusal(response.content)
        request_id = request_id or safe_token(response.headers.get("x-request-id"))
        if status == _TOO_MANY_REQUESTS:
            self._meter.throttled += 1
        if status in _RETRIED or status >= _SERVER_ERROR:
            wait = retry_after(response.headers, wall_time=time.time())
            return RetryableError(f"status {status}", status=status, code=code, request_id=request_id, wait=wait)
        failed = f"cannot {what}"
        if status in self._refused:
            return CredentialsRejectedError(self._api, failed, status=status, code=code, request_id=request_id)
        if status in _GONE:
            return GoneError(self._api, failed, status=status, code=code, request_id=request_id)
        if response.has_redirect_location:
            failed = f"{failed}: the URL leads elsewhere, and redirects are not followed"
        return RejectedError(self._api, failed, status=status, code=code, request_id=request_id, detail=detail)

    def _exhausted(self, error: RetryableError, *, what: str) -> UnavailableError:
        kind = ThrottledError if error.status == _TOO_MANY_REQUESTS else UnavailableError
        why = f"cannot {what}: gave up after repeated attempts, the last one: {error}"
        return kind(self._api, why, status=error.status, code=error.code, request_id=error.request_id)


def _parsed(content: bytes, shape: SchemaValidator | None) -> Any:
    """Return the JSON value, or the parts of it that the shape has.

    Raises:
        ValueError: It is not JSON.
    """
    if shape is not None:
        with contextlib.suppress(ValidationError):
            return shape.validate_json(content)
    return from_json(content)

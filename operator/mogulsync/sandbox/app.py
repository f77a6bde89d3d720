"""Both APIs as one ASGI application, with rate limits, injected faults and the request log around each."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mogulsync.sandbox import chartmogul, intercom
from mogulsync.sandbox.account import SandboxAccount
from mogulsync.sandbox.answers import JsonAnswer
from mogulsync.sandbox.contacts import ContactForm
from mogulsync.sandbox.faults import Delay, Drop, Effect, Faults, RepeatFirstPage, Respond, Rewrite, Truncate
from mogulsync.sandbox.oauth import Authorization
from mogulsync.sandbox.rate_limits import FixedWindow
from mogulsync.sandbox.request_log import ApiName, LoggedRequest, RequestLog
from mogulsync.sandbox.search import SearchRules

CHARTMOGUL_PATH: Final = "/chartmogul/v1"
INTERCOM_PATH: Final = "/intercom"
TRANSPORT: Final = "mogulsync.transport"
"""Where the scope holds the connection's transport."""
_INTERCOM_WINDOW: Final = 10
"""Seconds (Intercom's documentation, rate limiting)."""
_CURSOR: Final = "starting_after"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How the two APIs behave.

    Attributes:
        intercom_limit: Requests in a window of 10 seconds, given in X-RateLimit-*; None: no limit and no headers.
            The default is a private app's 10,000 a minute.
        chartmogul_limit: Requests in a second; beyond it 429. None: no limit.
        chartmogul_parallel: Requests at once; beyond it 503. None: no limit.
        search_ignores_case: Whether Intercom's search compares text without regard to case.
        search_longest_list: Values that IN and NIN take; None: any number.
        search_lag: Seconds until Intercom's search finds a new contact.
        attribute_write_lag: Seconds until a created attribute can be written; before, it is unknown.
        attribute_list_lag: Seconds until a created attribute is listed.
        leads_refuse_null: Whether Intercom refuses null as a lead's custom attribute, as it once did.
        escape_html: Whether texts of contacts are given HTML-escaped, as Intercom gives some.
        iso_dates: Whether date attributes are given as ISO 8601 and not as unix seconds.
        oauth_code_lifetime: Seconds that an authorization code can be exchanged for.
        latency: Seconds that every request takes at least.
        clock: Gives the time in unix seconds.
    """

    intercom_limit: int | None = 1666
    chartmogul_limit: int | None = 40
    chartmogul_parallel: int | None = 20
    search_ignores_case: bool = False
    search_longest_list: int | None = None
    search_lag: float = 0.0
    attribute_write_lag: float = 0.0
    attribute_list_lag: float = 0.0
    leads_refuse_null: bool = False
    escape_html: bool = False
    iso_dates: bool = False
    oauth_code_lifetime: float = 600.0
    latency: float = 0.0
    clock: Callable[[], float] = time.time


class Sandbox:
    """A served account.

    Attributes:
        account: The data that both APIs read and write.
        options: How they behave.
        faults: The injected faults.
        requests: The log of requests and of their answers' status.
        app: The ASGI application.
    """

    def __init__(self, account: SandboxAccount | None = None, options: SandboxOptions | None = None) -> None:
        self.account = account or SandboxAccount()
        self.options = options or SandboxOptions()
        self.faults = Faults()
        self.requests = RequestLog()
        self.app: ASGIApp = Starlette(
            routes=[
                Route("/healthz", _healthz),
                Mount(CHARTMOGUL_PATH, app=self._chartmogul()),
                Mount(INTERCOM_PATH, app=self._intercom()),
            ]
        )

    def _chartmogul(self) -> ASGIApp:
        options = self.options
        limit = options.chartmogul_limit
        return _ApiMiddleware(
            self,
            api="chartmogul",
            app=chartmogul.ChartMogulApi(self.account).app,
            error=chartmogul.error,
            window=None if limit is None else FixedWindow(limit, 1, options.clock),
            parallel=options.chartmogul_parallel,
            header_prefix="",
        )

    def _intercom(self) -> ASGIApp:
        options = self.options
        limit = options.intercom_limit
        rules = intercom.IntercomRules(
            search=SearchRules(
                ignores_case=options.search_ignores_case,
                longest_list=options.search_longest_list,
                lag=options.search_lag,
            ),
            leads_refuse_null=options.leads_refuse_null,
            attribute_write_lag=options.attribute_write_lag,
            attribute_list_lag=options.attribute_list_lag,
            form=ContactForm(escapes_html=options.escape_html, iso_dates=options.iso_dates),
        )
        authorization = Authorization(self.account, code_lifetime=options.oauth_code_lifetime, clock=options.clock)
        return _ApiMiddleware(
            self,
            api="intercom",
            app=intercom.IntercomApi(self.account, rules, authorization, clock=options.clock).app,
            error=intercom.error,
            window=None if limit is None else FixedWindow(limit, _INTERCOM_WINDOW, options.clock),
            parallel=None,
            header_prefix="X-RateLimit-",
        )


class _ApiMiddleware:
    """One API with its rate limits, the faults and the request log around it."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        api: ApiName,
        app: ASGIApp,
        error: Callable[[int], Response],
        window: FixedWindow | None,
        parallel: int | None,
        header_prefix: str,
    ) -> None:
        self._sandbox = sandbox
        self._api: ApiName = api
        self._app = app
        self._error = error
        self._window = window
        self._parallel = parallel
        self._header_prefix = header_prefix
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        logged = LoggedRequest(self._api, scope["method"], path)
        self._sandbox.requests.append(logged)
        self._running += 1
        try:
            headers, refusal = self._limited()
            body = await Request(scope, receive).body()
            effects = [] if refusal else self._sandbox.faults.effects_on(self._api, scope["method"], path, body)
            response = refusal or await self._respond(scope, body, logged, effects)
            if response is None or any(isinstance(effect, Drop) for effect in effects):
                await _drop(scope, receive)
                return
            for name, value in headers.items():
                response.headers.setdefault(name, value)
            cut = next((effect.after for effect in effects if isinstance(effect, Truncate)), None)
            logged.status = response.status_code
            if cut is not None:
                await _truncate(response, cut, scope, receive, send)
                return
            await response(scope, receive, send)
        except ClientDisconnect:
            return
        finally:
            self._running -= 1

    def _limited(self) -> tuple[Mapping[str, str], Response | None]:
        """Count the request; return the headers that give the limit, and the refusal when it is over one."""
        refusal = None
        if self._parallel is not None and self._running > self._parallel:
            refusal = self._error(503)
        if self._window is None:
            return {}, refusal
        if not self._window.acquire():
            refusal = refusal or self._error(429)
        if not self._header_prefix:
            return {}, refusal
        headers = {
            f"{self._header_prefix}Limit": str(self._window.limit),
            f"{self._header_prefix}Remaining": str(self._window.remaining),
            f"{self._header_prefix}Reset": str(self._window.reset),
        }
        return headers, refusal

    async def _respond(
        self, scope: Scope, body: bytes, logged: LoggedRequest, effects: list[Effect]
    ) -> Response | None:
        """Return the answer, changed by the effects; None when the connection is to break first."""
        if self._sandbox.options.latency:
            await asyncio.sleep(self._sandbox.options.latency)
        for effect in effects:
            match effect:
                case Delay(seconds):
                    await asyncio.sleep(seconds)
                case Respond():
                    return self._instead(effect)
                case Drop(after_handling=False):
                    return None
                case _:
                    pass
        logged.written = _written(scope["method"], logged.path, body)
        response = await _answer(self._app, scope, body)
        for effect in effects:
            if isinstance(effect, Rewrite):
                response = _rewritten(response, effect)
            elif isinstance(effect, RepeatFirstPage):
                response = await self._repeated(response, scope, body)
        return response

    async def _repeated(self, response: Response, scope: Scope, body: bytes) -> Response:
        """Return the answer with the entries of the first page in place of its own."""
        first = await _answer(self._app, *_without_cursor(scope, body))
        page, first_page = json.loads(bytes(response.body)), json.loads(bytes(first.body))
        return JsonAnswer({**page, "data": first_page["data"]}, status_code=response.status_code)

    def _instead(self, effect: Respond) -> Response:
        if effect.body is None:
            response = self._error(effect.status)
        elif isinstance(effect.body, dict | list):
            response = JsonAnswer(effect.body, status_code=effect.status)
        else:
            response = Response(effect.body, status_code=effect.status, media_type="text/html")
        for name, value in effect.headers.items():
            response.headers[name] = value
        return response


async def _healthz(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return PlainTextResponse("ok\n")


async def _answer(app: ASGIApp, scope: Scope, body: bytes) -> Response:
    """Return what an application answers to a request with this body."""
    start: Message = {}
    chunks: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            chunks.append(message.get("body", b""))

    await app(dict(scope), receive, send)
    response = Response(b"".join(chunks), status_code=start["status"])
    response.raw_headers[:] = start["headers"]
    return response


def _without_cursor(scope: Scope, body: bytes) -> tuple[Scope, bytes]:
    """Return the request for the first page of the list that this request asks a later page of."""
    query = [(name, value) for name, value in parse_qsl(scope["query_string"].decode()) if name != _CURSOR]
    try:
        sent = json.loads(body)
        sent["pagination"].pop(_CURSOR, None)
        body = json.dumps(sent).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return {**scope, "query_string": urlencode(query).encode()}, body


def _rewritten(response: Response, effect: Rewrite) -> Response:
    changed = effect.change(json.loads(bytes(response.body)))
    if isinstance(changed, str | bytes):
        return Response(changed, status_code=response.status_code, media_type="application/json")
    return JsonAnswer(changed, status_code=response.status_code)


def _written(method: str, path: str, body: bytes) -> tuple[str, ...]:
    """Return the names of what an update of a contact sends."""
    if method != "PUT" or not path.startswith("/contacts/"):
        return ()
    try:
        sent: Any = json.loads(body)
        own = [name for name in sent if name != "custom_attributes"]
        return (*own, *(f"custom_attributes.{name}" for name in sent.get("custom_attributes") or ()))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()


async def _truncate(response: Response, after: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the head and the beginning of the body, then break the connection."""
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": bytes(response.body)[:after], "more_body": True})
    await _drop(scope, receive)


async def _drop(scope: Scope, receive: Receive) -> None:
    """Close the connection without (the rest of) an answer: ASGI has no message for it."""
    transport: asyncio.Transport = scope[TRANSPORT]
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass

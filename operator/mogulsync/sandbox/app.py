"""Both APIs as one application: who may ask how often, what goes wrong on purpose, and what is remembered."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mogulsync.sandbox import chartmogul, intercom
from mogulsync.sandbox.account import SandboxAccount
from mogulsync.sandbox.faults import Delay, Drop, Effect, Faults, Respond, Rewrite, Truncate
from mogulsync.sandbox.rate_limits import FixedWindow
from mogulsync.sandbox.request_log import ApiName, LoggedRequest, RequestLog
from mogulsync.sandbox.search import SearchRules

CHARTMOGUL_PATH: Final = "/chartmogul/v1"
INTERCOM_PATH: Final = "/intercom"
TRANSPORT: Final = "mogulsync.transport"
"""Where the scope holds the connection's transport."""
_INTERCOM_WINDOW: Final = 10
"""Seconds (Intercom's documentation, rate limiting)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How the two APIs behave.

    Attributes:
        intercom_limit: Requests in a window of 10 seconds, told in X-RateLimit-*; None: no limit and no headers.
            The default is a private app's 10,000 a minute.
        chartmogul_limit: Requests in a second; beyond it 429. None: no limit.
        chartmogul_parallel: Requests at once; beyond it 503. None: no limit.
        search_ignores_case: Whether Intercom's search compares text without regard to case.
        search_longest_list: Values that IN and NIN take; None: any number.
        search_lag: Seconds until Intercom's search finds a new contact.
        leads_refuse_null: Whether Intercom refuses null as a lead's custom attribute, as it once did.
        latency: Seconds that every request takes at least.
        clock: Gives the time in unix seconds.
    """

    intercom_limit: int | None = 1666
    chartmogul_limit: int | None = 40
    chartmogul_parallel: int | None = 20
    search_ignores_case: bool = False
    search_longest_list: int | None = None
    search_lag: float = 0.0
    leads_refuse_null: bool = False
    latency: float = 0.0
    clock: Callable[[], float] = time.time


class Sandbox:
    """A served account.

    Attributes:
        account: What both APIs tell and store.
        options: How they behave.
        faults: What goes wrong on purpose.
        requests: The log of requests and the status of their answers.
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
        side = chartmogul.ChartMogulApi(self.account)
        window = None if options.chartmogul_limit is None else FixedWindow(options.chartmogul_limit, 1, options.clock)
        return _Served(
            self,
            api="chartmogul",
            answer=side.answer,
            error=chartmogul.error,
            window=window,
            parallel=options.chartmogul_parallel,
            prefix="",
        )

    def _intercom(self) -> ASGIApp:
        options = self.options
        rules = SearchRules(
            ignores_case=options.search_ignores_case,
            longest_list=options.search_longest_list,
            lag=options.search_lag,
        )
        side = intercom.IntercomApi(
            self.account, rules, leads_refuse_null=options.leads_refuse_null, clock=options.clock
        )
        window = (
            None
            if options.intercom_limit is None
            else FixedWindow(options.intercom_limit, _INTERCOM_WINDOW, options.clock)
        )
        return _Served(
            self,
            api="intercom",
            answer=side.answer,
            error=intercom.error,
            window=window,
            parallel=None,
            prefix="X-RateLimit-",
        )


class _Served:
    """One API: limits, faults and memory around its answers."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        api: ApiName,
        answer: Callable[[Request, str], Awaitable[Response]],
        error: Callable[[int], Response],
        window: FixedWindow | None,
        parallel: int | None,
        prefix: str,
    ) -> None:
        self._sandbox = sandbox
        self._api: ApiName = api
        self._answer = answer
        self._error = error
        self._window = window
        self._parallel = parallel
        self._prefix = prefix
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        request = Request(scope, receive)
        exchange = LoggedRequest(self._api, scope["method"], path)
        self._sandbox.requests.append(exchange)
        self._running += 1
        try:
            headers, within = self._budget()
            effects = self._sandbox.faults.effects_on(self._api, scope["method"], path) if within is None else []
            response = within or await self._respond(request, exchange, effects)
            if response is None or any(isinstance(effect, Drop) for effect in effects):
                await _drop(scope, receive)
                return
            for name, value in headers.items():
                response.headers.setdefault(name, value)
            cut = next((effect.after for effect in effects if isinstance(effect, Truncate)), None)
            exchange.status = response.status_code
            if cut is not None:
                await _truncate(response, cut, scope, receive, send)
                return
            await response(scope, receive, send)
        except ClientDisconnect:
            return
        finally:
            self._running -= 1

    def _budget(self) -> tuple[Mapping[str, str], Response | None]:
        """Count the request; return the headers that tell of the limit, and the refusal when it is over one."""
        refusal = None
        if self._parallel is not None and self._running > self._parallel:
            refusal = self._error(503)
        if self._window is None:
            return {}, refusal
        if not self._window.acquire():
            refusal = refusal or self._error(429)
        if not self._prefix:
            return {}, refusal
        told = {
            f"{self._prefix}Limit": str(self._window.limit),
            f"{self._prefix}Remaining": str(self._window.remaining),
            f"{self._prefix}Reset": str(self._window.reset),
        }
        return told, refusal

    async def _respond(self, request: Request, exchange: LoggedRequest, effects: list[Effect]) -> Response | None:
        """Return the answer, changed as the effects want it; None when the connection is to break first."""
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
        exchange.written = _written(request.method, exchange.path, await request.body())
        try:
            response = await self._answer(request, exchange.path)
        except intercom.BodyRejectedError:
            response = self._error(400)
        for effect in effects:
            if isinstance(effect, Rewrite):
                response = _rewritten(response, effect)
        return response

    def _instead(self, effect: Respond) -> Response:
        if effect.body is None:
            response = self._error(effect.status)
        elif isinstance(effect.body, dict | list):
            response = JSONResponse(effect.body, status_code=effect.status)
        else:
            response = Response(effect.body, status_code=effect.status, media_type="text/html")
        for name, value in effect.headers.items():
            response.headers[name] = value
        return response


async def _healthz(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return PlainTextResponse("ok\n")


def _rewritten(response: Response, effect: Rewrite) -> Response:
    changed = effect.change(json.loads(bytes(response.body)))
    if isinstance(changed, str | bytes):
        return Response(changed, status_code=response.status_code, media_type="application/json")
    return JSONResponse(changed, status_code=response.status_code)


def _written(method: str, path: str, body: bytes) -> tuple[str, ...]:
    """Return the names of what a write to a contact sends."""
    if method != "PUT" or not path.startswith("/contacts/"):
        return ()
    try:
        sent: Any = json.loads(body)
        own = [name for name in sent if name != "custom_attributes"]
        return (*own, *(f"custom_attributes.{name}" for name in sent.get("custom_attributes") or ()))
    except (ValueError, TypeError, AttributeError):
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

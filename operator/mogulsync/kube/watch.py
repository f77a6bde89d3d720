"""Watches the cluster with kopf and passes on what it sees.

kopf is kept to watching: `on.event` handlers, which write nothing onto resources. It runs in a thread with an
event loop of its own, as its documentation describes for embedding, so that its tasks are all there are in that
loop, and may be cancelled here: after a watch that failed for good, kopf's own shutdown may hang, as one of its
watches takes being cancelled for being paused, and goes on (seen in 1.45.2; reports of operators that
no longer watch: github.com/nolar/kopf/issues/1276).
"""

import asyncio
import contextlib
import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

import aiohttp
import kopf

from mogulsync.kube.aio import Configuration
from mogulsync.kube.objects import GroupVersionResource, Object

OnEvent = Callable[[GroupVersionResource, str | None, Object], None]
"""Takes the kind, the type of event (None: listed) and the object."""

_IDLE_SECONDS: Final = 0.5
_START_SECONDS: Final = 20.0
"""How long kopf may take until it has asked for every kind; it takes a second where the API server answers."""
_STOP_SECONDS: Final = 5.0
_GRACE_SECONDS: Final = 2.0
"""How long kopf may take to end in its own order, which finishes what it has begun for each object."""
_CANCEL_SECONDS: Final = 0.5
"""How long its tasks may then take to end before those that are left, or were begun meanwhile, are cancelled again."""
_CLOSING_SECONDS: Final = 0.1
"""For TLS connections to be closed properly before their loop is (aiohttp's manual, Graceful Shutdown)."""
_REPORT_SECONDS: Final = 600.0
"""How long a failing request is not reported again."""
_REQUEST_LOGGERS: Final = ("kopf._cogs.clients.watching", "kopf._core.reactor.observation")
"""Under whose names kopf reports failing requests."""
_BACKOFFS: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class WatchTimeouts:
    """How long watches last, in seconds; the names are kopf's."""

    server_timeout: int
    """The API server ends a watch after so long and it is begun anew: each beginning is a sign of life."""
    inactivity_timeout: float
    """kopf begins a watch anew that was silent for so long: the connection may be dead."""


@dataclass(frozen=True, kw_only=True)
class WatchStats:
    """Signs of life of the watch of one kind."""

    age: float
    """Seconds since the last: an event, a bookmark, a list; since the start before the first."""
    listed: bool
    """Whether all there is was listed once."""


class WatchingStoppedError(Exception):
    """kopf ended without being stopped."""


class _EndlessBackoffs:
    """Backoffs that never end, so that an API server that is away for hours does not end the watches."""

    def __iter__(self) -> Iterator[float]:
        yield from _BACKOFFS
        while True:
            yield _BACKOFFS[-1]


class _NoDiffBase(kopf.DiffBaseStorage):
    """Keeps nothing of an object: event handlers need no comparison with what was there before."""

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        pass


class RepeatedFailures(logging.Filter):
    """Lets the first report of a failing request of kopf's through, and the same again only after a while.

    kopf reports each attempt as an error: for a namespace that may not be read, four lines each ten seconds.

    Args:
        clock: Seconds that only ever grow.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._reported: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be logged."""
        _, marker, request = record.getMessage().partition("will retry: ")
        if not marker:
            return True
        now = self._clock()
        last = self._reported.get(request)
        if last is not None and now - last < _REPORT_SECONDS:
            return False
        self._reported = {each: then for each, then in self._reported.items() if now - then < _REPORT_SECONDS}
        self._reported[request] = now
        return True


@dataclass
class _WatchState:
    """What was seen of the watch of one kind in one namespace, or in all."""

    last_activity: float
    list_count: int = 0


class _EventQueue:
    """Hands events over to the loop of another thread, which is woken once for all that came meanwhile.

    Waking it takes a system call and a change of threads. Of 5,500 events of 500 new destinations, 2,584 took none.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_event: OnEvent) -> None:
        self._loop = loop
        self._on_event = on_event
        self._events: deque[tuple[GroupVersionResource, str | None, Object]] = deque()
        self._is_woken = False

    def add(self, resource: GroupVersionResource, event: str | None, seen: Object) -> None:
        """Hand over an event, after those before it; called in the thread that watches."""
        self._events.append((resource, event, seen))
        if not self._is_woken:
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        self._is_woken = False  # before the events are taken: what comes from here on wakes anew
        try:
            while self._events:
                self._on_event(*self._events.popleft())
        finally:
            if self._events:
                self._loop.call_soon(self._take)


class Watcher:
    """Watches some kinds of objects, in all or in some namespaces.

    Args:
        configuration: How to reach the cluster.
        resources: What to watch, each with a label selector; an empty one picks all.
        namespaces: Which to watch; none: all.
        on_event: Called in the event loop that runs `run`, for each event.
        on_relist: Called there when a kind was listed anew, after a watch was lost: deletions may have been missed.
        timeouts: How long watches last.
        name: Of the operator, for kopf.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        resources: Mapping[GroupVersionResource, str],
        namespaces: Collection[str],
        on_event: OnEvent,
        on_relist: Callable[[], None],
        timeouts: WatchTimeouts,
        name: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._configuration = configuration
        self._resources = dict(resources)
        self._namespaces = tuple(namespaces)
        self._on_event = on_event
        self._on_relist = on_relist
        self._timeouts = timeouts
        self._name = name
        self._clock = clock
        quiet = RepeatedFailures(clock=clock)
        for logger in map(logging.getLogger, _REQUEST_LOGGERS):
            logger.filters[:] = [each for each in logger.filters if not isinstance(each, RepeatedFailures)]
            logger.addFilter(quiet)
        # By the path of their URL.
        self._states = {
            resource: {resource.path(each): _WatchState(clock()) for each in self._namespaces or (None,)}
            for resource in resources
        }

    def ages(self) -> dict[GroupVersionResource, float]:
        """Return how many seconds ago each kind's watch last showed life: of several, the quietest."""
        now = self._clock()
        return {
            resource: now - min(state.last_activity for state in states.values())
            for resource, states in self._states.items()
        }

    async def run(self) -> None:
        """Watch until cancelled.

        Raises:
            WatchingStoppedError: kopf ended by itself.
        """
        home = asyncio.get_running_loop()
        away = asyncio.new_event_loop()
        stopping = asyncio.Event()
        ended: asyncio.Future[str] = home.create_future()

        def work() -> None:
            try:
                outcome = away.run_until_complete(self._operate(home, stopping))
            except Exception as error:  # noqa: BLE001 - passed to the thread that waits
                outcome = _description(error)
            finally:
                away.close()
            with contextlib.suppress(RuntimeError):  # the home loop may be closed when the process ends
                home.call_soon_threadsafe(ended.set_result, outcome)

        threading.Thread(target=work, name="kopf", daemon=True).start()
        started = self._clock()
        silent: list[str] = []
        try:
            await asyncio.wait({ended}, timeout=_START_SECONDS)
            if not ended.done() and not (silent := self._silent_since(started)):
                await asyncio.shield(ended)
        finally:
            if not ended.done():
                with contextlib.suppress(RuntimeError):  # it may be closed already
                    away.call_soon_threadsafe(stopping.set)
                await asyncio.wait({ended}, timeout=_STOP_SECONDS)
        if silent:
            raise WatchingStoppedError(f"kopf does not watch {', '.join(silent)}")
        raise WatchingStoppedError(f"kopf stopped watching: {ended.result()}")

    def _silent_since(self, started: float) -> list[str]:
        """Return the paths of which nothing was asked since then.

        kopf looks for kinds once, when it begins: one that an API server does not serve yet, or not to us, is
        never watched.
        """
        states = (item for states in self._states.values() for item in states.items())
        return sorted(path for path, state in states if state.last_activity <= started)

    async def _operate(self, home: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> str:
        """Run kopf until it ends or is stopped; return how it ended."""
        sessions: list[aiohttp.ClientSession] = []
        registry = kopf.OperatorRegistry()
        kopf.on.login(id="login", registry=registry)(self._login(home, sessions))
        seen = _EventQueue(home, self._on_event)
        for each in self._resources:
            handler = self._handler(seen, each)
            kopf.on.event(each.group, each.version, each.resource, id=each.resource, registry=registry)(handler)
        try:
            tasks = await kopf.spawn_tasks(
                registry=registry,
                settings=_settings(self._timeouts, self._resources),
                # Its own would name the user, and a container's user is a number without a name.
                identity=cast("Any", self._name),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                stop_flag=stopping,
            )
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ending = asyncio.gather(
                kopf.run_tasks(tasks, ignored={cast("asyncio.Task[Any]", asyncio.current_task())}),
                return_exceptions=True,
            )
            await asyncio.wait({ending}, timeout=_GRACE_SECONDS)
            errors = [error for task in ended if not task.cancelled() and (error := task.exception())]
            return ", ".join(map(_description, errors)) or "without an error"
        finally:
            await _cancel_everything()
            await asyncio.get_running_loop().shutdown_asyncgens()
            for session in sessions:
                await session.close()
            await asyncio.sleep(_CLOSING_SECONDS)

    def _handler(self, seen: "_EventQueue", resource: GroupVersionResource) -> Any:
        async def handle(event: kopf.RawEvent, **_: Any) -> None:
            namespace = event["object"]["metadata"]["namespace"] if self._namespaces else None
            self._states[resource][resource.path(namespace)].last_activity = self._clock()
            seen.add(resource, event["type"], dict(event["object"]))

        return handle

    def _login(self, home: asyncio.AbstractEventLoop, sessions: list[aiohttp.ClientSession]) -> Any:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._tracer(home))

        async def login(**_: Any) -> kopf.AiohttpSession:
            """Give kopf a session of ours, which shows when a watch begins."""
            configuration = self._configuration
            headers = {"Accept": "application/json"}
            if authorization := await configuration.get_api_key_with_prefix("BearerToken", alias="authorization"):
                headers["Authorization"] = authorization
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=_ssl_context(configuration)),
                headers=headers,
                trace_configs=[trace],
                proxy=configuration.proxy,
            )
            sessions[:] = [*(each for each in sessions if not each.closed), session]  # kopf closes one it is refused
            return kopf.AiohttpSession(server=configuration.host, aiohttp_session=session)

        return login

    def _tracer(self, home: asyncio.AbstractEventLoop) -> Any:
        async def note(_: Any, __: Any, ended: aiohttp.TraceRequestEndParams) -> None:
            state = self._state_of(ended.url.path)
            if state is None:
                return
            state.last_activity = self._clock()  # a refusal is an answer, too: a restart would not change it
            if ended.response.status == HTTPStatus.OK and "watch" not in ended.url.query:
                state.list_count += 1
                if state.list_count > 1:
                    home.call_soon_threadsafe(self._on_relist)

        return note

    def _state_of(self, path: str) -> _WatchState | None:
        """Return the state of the watch whose URL has this path, before which a server's own may stand."""
        states = (item for states in self._states.values() for item in states.items())
        return next((state for end, state in states if path.endswith(end)), None)


def _description(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


async def _cancel_everything() -> None:
    """Cancel the other tasks of this loop until none is left; give up on those that never end."""
    for _ in range(round(_STOP_SECONDS / _CANCEL_SECONDS)):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            return
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=_CANCEL_SECONDS)


def _settings(timeouts: WatchTimeouts, resources: Mapping[GroupVersionResource, str]) -> kopf.OperatorSettings:
    """Return kopf's settings: nothing is posted, scanned, or written onto resources."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.process.ultimate_exiting_timeout = None
    settings.networking.error_backoffs = _EndlessBackoffs()
    settings.watching.server_timeout = timeouts.server_timeout
    settings.watching.inactivity_timeout = timeouts.inactivity_timeout
    settings.queueing.idle_timeout = _IDLE_SECONDS
    settings.queueing.exit_timeout = _IDLE_SECONDS
    for resource, selector in resources.items():
        if selector:
            settings.watching.label_selectors[resource.group, resource.version, resource.resource] = selector
    return settings


def _ssl_context(configuration: Configuration) -> ssl.SSLContext:
    """Return what the official client makes of its configuration, too."""
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert, cadata=configuration.ca_cert_data)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, keyfile=configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.disable_strict_ssl_verification:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context

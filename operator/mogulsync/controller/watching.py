"""Watches the cluster with kopf and passes on what it sees.

kopf is kept to watching: `on.event` handlers, which write nothing onto resources. It runs in a thread with an
event loop of its own, as its documentation describes for embedding, so that its tasks are all there are in that
loop, and may be cancelled here: after a watch that failed for good, kopf's own shutdown may hang, as one of its
watches takes being cancelled for being paused, and goes on (seen in 1.45.2; reports of operators that
no longer watch: github.com/nolar/kopf/issues/1276).
"""

import asyncio
import contextlib
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, cast

import aiohttp
import kopf
from kubernetes.aio.client import Configuration

from mogulsync.controller.cluster import WATCHED, Kind, Object

OnEvent = Callable[[Kind, str | None, Object], None]
"""Told the kind, the type of event (None: listed) and the object."""

_IDLE_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 5.0
_GRACE_SECONDS: Final = 2.0
"""How long kopf may take to end in its own order, which finishes what it has begun for each object."""
_CANCEL_SECONDS: Final = 0.5
"""How long its tasks may then take to end before those that are left, or were begun meanwhile, are cancelled again."""
_FAREWELL_SECONDS: Final = 0.1
"""For TLS connections to be closed properly before their loop is (aiohttp's manual, Graceful Shutdown)."""
_BACKOFFS: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long watches last, in seconds."""

    watch: int = 60
    """A watch is ended by the API server and begun anew after so long: each beginning is a sign of life."""
    silence: float = 75.0
    """A watch that was silent for so long is begun anew by kopf: the connection may be dead."""


class WatchingStoppedError(Exception):
    """kopf ended without being told to."""


class _Endless:
    """Backoffs that never end, so that an API server that is away for hours does not end the watches."""

    def __iter__(self) -> Iterator[float]:
        yield from _BACKOFFS
        while True:
            yield _BACKOFFS[-1]


class _NoMemory(kopf.DiffBaseStorage):
    """Keeps nothing of an object: event handlers need no comparison with what was there before."""

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        pass


@dataclass
class _Life:
    """Signs of life of one kind's watches."""

    last: float
    lists: Counter[str] = field(default_factory=Counter)
    """How often each URL was listed."""


class Watcher:
    """Watches all kinds that the operator deals with, in all or in some namespaces.

    Args:
        settings: How to reach the cluster.
        namespaces: Which to watch; none: all.
        on_event: Called in the event loop that runs `run`, for each event.
        on_relist: Called there when a kind was listed anew, after a watch was lost: deletions may have been missed.
        pace: How long watches last.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self,
        settings: Configuration,
        *,
        namespaces: Collection[str],
        on_event: OnEvent,
        on_relist: Callable[[], None],
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._configuration = settings
        self._namespaces = tuple(namespaces)
        self._on_event = on_event
        self._on_relist = on_relist
        self._pace = pace or Pace()
        self._clock = clock
        self._lives = {kind: _Life(clock()) for kind in WATCHED}

    def ages(self) -> dict[str, float]:
        """Return how many seconds ago each kind's watch last showed life."""
        now = self._clock()
        return {kind.plural: now - life.last for kind, life in self._lives.items()}

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
            except Exception as error:  # noqa: BLE001 - told to the thread that waits
                outcome = _described(error)
            finally:
                away.close()
            with contextlib.suppress(RuntimeError):  # the home loop may be closed when the process ends
                home.call_soon_threadsafe(ended.set_result, outcome)

        threading.Thread(target=work, name="kopf", daemon=True).start()
        try:
            outcome = await asyncio.shield(ended)
        except asyncio.CancelledError:
            with contextlib.suppress(RuntimeError):  # it may be closed already
                away.call_soon_threadsafe(stopping.set)
            await asyncio.wait({ended}, timeout=_STOP_SECONDS)
            raise
        raise WatchingStoppedError(f"kopf stopped watching: {outcome}")

    async def _operate(self, home: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> str:
        """Run kopf until it ends or is stopped; return how it ended."""
        sessions: list[aiohttp.ClientSession] = []
        registry = kopf.OperatorRegistry()
        kopf.on.login(id="login", registry=registry)(self._login(home, sessions))
        for kind in WATCHED:
            handler = self._handler(home, kind)
            kopf.on.event(kind.group, kind.version, kind.plural, id=kind.plural, registry=registry)(handler)
        try:
            tasks = await kopf.spawn_tasks(
                registry=registry,
                settings=_settings(self._pace),
                # Its own would name the user, and a container's user is a number without a name.
                identity=cast("Any", "mogulsync"),
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
            return ", ".join(map(_described, errors)) or "without an error"
        finally:
            await _cancel_everything()
            await asyncio.get_running_loop().shutdown_asyncgens()
            for session in sessions:
                await session.close()
            await asyncio.sleep(_FAREWELL_SECONDS)

    def _handler(self, home: asyncio.AbstractEventLoop, kind: Kind) -> Any:
        async def handle(event: kopf.RawEvent, **_: Any) -> None:
            self._lives[kind].last = self._clock()
            home.call_soon_threadsafe(self._on_event, kind, event["type"], dict(event["object"]))

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
            kind = next((kind for kind in WATCHED if ended.url.path.endswith(f"/{kind.plural}")), None)
            if kind is None or ended.response.status != HTTPStatus.OK:
                return
            life = self._lives[kind]
            life.last = self._clock()
            if "watch" not in ended.url.query:
                life.lists[ended.url.path] += 1
                if life.lists[ended.url.path] > 1:
                    home.call_soon_threadsafe(self._on_relist)

        return note


def _described(error: BaseException) -> str:
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


def _settings(pace: Pace) -> kopf.OperatorSettings:
    """Return kopf's settings: nothing is posted, scanned, or written onto resources."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.diffbase_storage = _NoMemory()
    settings.process.ultimate_exiting_timeout = None
    settings.networking.error_backoffs = _Endless()
    settings.watching.server_timeout = pace.watch
    settings.watching.inactivity_timeout = pace.silence
    settings.queueing.idle_timeout = _IDLE_SECONDS
    settings.queueing.exit_timeout = _IDLE_SECONDS
    for kind in WATCHED:
        if kind.label_selector:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = kind.label_selector
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

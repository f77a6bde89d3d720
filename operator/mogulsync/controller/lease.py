"""Leader election by a Lease: of several replicas one acts.

Why not `kubernetes.aio.leaderelection` (kubernetes 37.0): it measures by the wall clock, so that a
corrected clock makes two leaders; its requests have no deadline of their own, so that a leader whose
API server hangs goes on for minutes after its lease ran out; a broken connection ends it without
stopping the work; and it never gives the lease back, so that every rollout waits the lease out. The
protocol here is client-go's (`tools/leaderelection`), on which all of Kubernetes' own controllers rely:

- Times come from this process' monotonic clock. What another process wrote into the Lease counts only
  as a sign of life, from the moment it was seen here; clocks of different machines never meet.
- A leader's right to act ends `Timing.deadline` after the last renewal *left* it, which is before
  any other could have seen that renewal `Timing.duration` ago. Work is cancelled then, and `leading`
  turns False by itself even while the event loop is blocked: ask it right before a write.
- Every write names the resourceVersion it builds on, so that of two claims one fails (409).

Like client-go's it is no fence: a request that left in time may still arrive late. A write must
therefore be safe to come late (server-side apply, deterministic names). And who deletes the Lease by
hand lets a newcomer in up to one renewal before the leader notices.
"""

import asyncio
import logging
import math
import os
import random
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol, TypeVar

import aiohttp
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import ApiClient, ApiException, CoordinationV1Api, V1Lease, V1LeaseSpec, V1ObjectMeta

from mogulsync.resource import names

LEASE_NAME: Final = "mogulsync"
"""Name of the Lease."""

_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where Kubernetes tells a Pod its namespace."""

_UNREACHED: Final = (ApiException, aiohttp.ClientError, OSError, ValueError)
"""What a claim may raise: a refusal, a broken connection or time-out (an OSError), an answer that is no Lease."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Leadership(Protocol):
    """The right to act, as the operator sees it."""

    @property
    def leading(self) -> bool:
        """Whether this process may act at this moment."""

    @property
    def standing_by(self) -> bool:
        """Whether another process held the lease when it was last seen."""

    async def lead(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run `work` whenever this process may act, until it returns or raises, and pass that on."""


class Unopposed:
    """Leadership without an election: for a single process (`--no-leader-elect`)."""

    leading: Final = True
    standing_by: Final = False

    async def lead(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run `work` once and pass on what it returns or raises."""
        return await work()


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long a lease lasts and how it is kept, in seconds.

    A killed leader is followed within `duration` + 2.4 x `poll` and the time of a request: the others
    see its last renewal up to one poll late and look up to one poll after it ran out.
    """

    duration: int = 10
    """A lease that was not renewed for so long is free. Kubernetes wants whole seconds."""
    deadline: float = 7.0
    """A leader that could not renew for so long stops; the rest of `duration` is for stopping."""
    renewal: float = 2.0
    """Between two renewals: three attempts fit before the deadline."""
    poll: float = 1.0
    """Between two looks of one who waits, and between a leader's attempts after a failed one."""
    request: float = 2.0
    """Longest time for one attempt: a connection that hangs must not use up the deadline."""

    def __post_init__(self) -> None:
        if not 0 < self.poll <= self.renewal < self.deadline < self.duration or not 0 < self.request < self.deadline:
            raise ValueError("a lease needs 0 < poll <= renewal < deadline < duration and 0 < request < deadline")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a Lease says about its holder. Two claims that differ mean that the holder is alive."""

    holder: str
    duration: float
    renewed: datetime | None
    transitions: int


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A Lease as last seen, and since when it has said the same."""

    lease: V1Lease | None
    claim: Claim | None
    since: float
    """On this process' monotonic clock."""


def sight(before: Sighting | None, lease: V1Lease | None, *, now: float, default_duration: float) -> Sighting:
    """Return what is known after `lease` was seen at `now`.

    A Lease that was deleted keeps the claim it last showed: its holder may still act.
    """
    if lease is None:
        return Sighting(lease=None, claim=before.claim if before else None, since=before.since if before else now)
    spec = lease.spec or V1LeaseSpec()
    claim = Claim(
        holder=spec.holder_identity or "",
        duration=spec.lease_duration_seconds or default_duration,
        renewed=spec.renew_time,
        transitions=spec.lease_transitions or 0,
    )
    unchanged = before is not None and before.claim == claim
    return Sighting(lease=lease, claim=claim, since=before.since if before and unchanged else now)


def claimable(sighting: Sighting, identity: str, *, now: float) -> bool:
    """Return whether `identity` may claim the lease: it is its own, free, or was not renewed in time."""
    claim = sighting.claim
    return claim is None or claim.holder in {"", identity} or now >= sighting.since + claim.duration


def new_identity() -> str:
    """Return a name for this process that no other has, also not its successor in the same Pod."""
    return f"{socket.gethostname()}_{uuid.uuid4()}"


def lease_namespace(environ: Mapping[str, str] = os.environ, *, namespace_file: Path = _NAMESPACE_FILE) -> str:
    """Return the namespace of the Lease: POD_NAMESPACE, the service account's, the kubeconfig's, or `default`."""
    if given := environ.get("POD_NAMESPACE"):
        return given
    if namespace_file.is_file():
        return namespace_file.read_text(encoding="utf-8").strip()
    try:
        _, active = kubernetes_config.list_kube_config_contexts(environ.get("KUBECONFIG"))  # type: ignore[no-untyped-call]
    except kubernetes_config.ConfigException:
        return "default"
    return str(active["context"].get("namespace") or "default")


class Election:
    """Stands for election and keeps the lease while it leads. `lead` is the whole of it.

    Args:
        api: A client of its own: one whose connections are all taken by hanging requests cannot renew.
        namespace: Of the Lease.
        identity: Of this process; see `new_identity`.
        name: Of the Lease.
        timing: How long a lease lasts and how it is kept.
        clock: Seconds that only ever grow.
        jitter: A number in [0, 1) each call, so that those who wait do not all look at the same moment.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        namespace: str,
        identity: str,
        name: str = LEASE_NAME,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.identity = identity
        self._leases = CoordinationV1Api(api)
        self._namespace = namespace
        self._name = name
        self._timing = timing or Timing()
        self._clock = clock
        self._jitter = jitter
        self._seen: Sighting | None = None
        self._current = False
        """Whether `_seen` is our own last write, on which the next one can build without a look."""
        self._until = -math.inf
        self._trouble = ""

    @property
    def leading(self) -> bool:
        """Whether this process may act at this moment; ask right before a write."""
        return self._clock() < self._until

    @property
    def standing_by(self) -> bool:
        """Whether another process held the lease when it was last seen."""
        return bool(self._seen and self._seen.claim and self._seen.claim.holder not in {"", self.identity})

    async def lead(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run `work` whenever elected, until it returns or raises, and pass that on.

        When the lease is lost, the work is cancelled, awaited, and started anew at the next election.
        On the way out, also when cancelled, the lease is given back once the work has stopped, so that
        another leads within about `Timing.poll`.
        """
        term: asyncio.Future[_T] | None = None
        try:
            while True:
                await self._win()
                term = asyncio.ensure_future(work())
                keeping = asyncio.create_task(self._keep())
                try:
                    await asyncio.wait({term, keeping}, return_when=asyncio.FIRST_COMPLETED)
                    if term.done():
                        return term.result()
                    keeping.result()
                    _log.warning("lost the lease: stopping work until the next election")
                finally:
                    await _stop(term)
                    await _stop(keeping)
        finally:
            self._until = -math.inf
            if term is None or term.done():
                await self._give_back()

    async def _win(self) -> None:
        while not await self._try_claim():
            await self._pause(self._timing.poll)
        _log.info("elected: %s leads", self.identity)

    async def _keep(self) -> None:
        """Renew until the lease is lost."""
        try:
            while self.leading:
                async with asyncio.timeout(self._until - self._clock()):
                    await self._pause(self._timing.renewal)
                    while not await self._try_claim() and self.leading:
                        await self._pause(self._timing.poll)
        except TimeoutError:
            pass  # not renewed in time
        finally:
            self._until = -math.inf

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * (1 + 0.2 * self._jitter()))

    async def _try_claim(self) -> bool:
        """Claim the lease or renew it; return whether that worked. Raises nothing that a retry may mend."""
        try:
            async with asyncio.timeout(self._timing.request):
                held = await self._claim()
        except _UNREACHED as error:
            self._current = False
            self._tell(f"{type(error).__name__} {getattr(error, 'status', '')}".strip())
            return False
        self._tell("")
        return held

    def _tell(self, trouble: str) -> None:
        """Log what keeps the Lease out of reach, when that changes."""
        if trouble and trouble != self._trouble:
            _log.warning("Lease %s/%s cannot be claimed or read: %s", self._namespace, self._name, trouble)
        self._trouble = trouble

    async def _claim(self) -> bool:
        """Write our claim if the lease may be claimed; return whether it is ours now."""
        while True:
            began = self._clock()
            seen = self._seen if self._seen and self._current else await self._look()
            if not claimable(seen, self.identity, now=self._clock()):
                self._until = -math.inf
                return False
            try:
                await self._write(seen)
            except ApiException as error:
                self._current = False
                if error.status != HTTPStatus.CONFLICT:
                    raise
                continue
            self._until = began + self._timing.deadline
            return True

    async def _look(self) -> Sighting:
        try:
            lease = await self._leases.read_namespaced_lease(self._name, self._namespace)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            lease = None
        return self._remember(lease)

    def _remember(self, lease: V1Lease | None) -> Sighting:
        self._seen = sight(self._seen, lease, now=self._clock(), default_duration=self._timing.duration)
        return self._seen

    async def _write(self, seen: Sighting) -> None:
        """Put our claim where `seen` was. Raises ApiException 409 when another was faster."""
        now = _microtime()
        ours = seen.claim is not None and seen.claim.holder == self.identity
        spec = V1LeaseSpec(
            holder_identity=self.identity,
            lease_duration_seconds=self._timing.duration,
            acquire_time=seen.lease.spec.acquire_time if ours and seen.lease and seen.lease.spec else now,
            renew_time=now,
            lease_transitions=(seen.claim.transitions + (not ours)) if seen.claim else 0,
        )
        if seen.lease is None:
            written = await self._leases.create_namespaced_lease(
                self._namespace,
                V1Lease(metadata=V1ObjectMeta(name=self._name), spec=spec),
                field_manager=names.FIELD_MANAGER,
            )
        else:
            written = await self._replace(seen.lease, spec)
        self._remember(written)
        self._current = True

    async def _replace(self, lease: V1Lease, spec: V1LeaseSpec) -> V1Lease:
        body = V1Lease(metadata=lease.metadata, spec=spec)
        return await self._leases.replace_namespaced_lease(
            self._name, self._namespace, body, field_manager=names.FIELD_MANAGER
        )

    async def _give_back(self) -> None:
        """Free the lease if it is ours; where that fails it runs out by itself."""
        try:
            async with asyncio.timeout(self._timing.request):
                while not await self._freed():
                    self._current = False
        except _UNREACHED as error:
            _log.warning("the lease could not be given back (%s): it runs out by itself", type(error).__name__)

    async def _freed(self) -> bool:
        """Free the lease; return False when it changed meanwhile, so that another look is due."""
        if self._seen is None or self._seen.claim is None or self._seen.claim.holder != self.identity:
            return True
        seen = self._seen if self._current else await self._look()
        if seen.lease is None or seen.claim is None or seen.claim.holder != self.identity:
            return True
        now = _microtime()
        spec = V1LeaseSpec(
            holder_identity="",
            lease_duration_seconds=1,  # the shortest that Kubernetes allows
            acquire_time=now,
            renew_time=now,
            lease_transitions=seen.claim.transitions,
        )
        try:
            self._remember(await self._replace(seen.lease, spec))
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            return False
        _log.info("gave the lease back")
        return True


def _microtime() -> datetime:
    """Return the time of day, never on a whole second: Kubernetes' MicroTime wants the fraction written out."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond or 1)


async def _stop(task: asyncio.Future[_T]) -> None:
    """Cancel and wait until the task has stopped; its own error, if any, is logged."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()):
            _log.error("stopping raised %s", type(error).__name__)

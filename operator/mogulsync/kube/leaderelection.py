"""Leader election by a Lease: of several replicas one acts.

Why not `kubernetes.aio.leaderelection` (kubernetes 37.0): it measures by the wall clock, so that a
corrected clock makes two leaders; its requests have no deadline of their own, so that a leader whose
API server hangs goes on for minutes after its lease ran out; a broken connection ends it without
stopping the work; and it never releases the lease, so that every rollout waits the lease out. The
protocol here is client-go's (`tools/leaderelection`), on which all of Kubernetes' own controllers rely:

- Times come from this process' monotonic clock. What another process wrote into the Lease counts only
  as a sign of life, from the moment it was seen here; clocks of different machines are never compared.
- A leader's right to act ends `renew_deadline` after the last renewal *left* it, which is before
  any other could have seen that renewal `lease_duration` ago. Work is cancelled then, and `is_leader`
  turns False by itself even while the event loop is blocked: ask it right before a write.
- Every write names the resourceVersion it builds on, so that of two attempts one fails (409).

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

from mogulsync.kube.aio import (
    ApiClient,
    ApiException,
    ConfigException,
    CoordinationV1Api,
    V1Lease,
    V1LeaseSpec,
    V1ObjectMeta,
    list_kube_config_contexts,
)

_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Holds a Pod's namespace."""

_LEASE_ERRORS: Final = (ApiException, aiohttp.ClientError, OSError, ValueError)
"""What an attempt may raise: a refusal, a broken connection or time-out (an OSError), an answer that is no Lease."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class LeaderElection(Protocol):
    """The right to act, as a controller needs it."""

    @property
    def is_leader(self) -> bool:
        """Whether this process may act at this moment."""

    @property
    def is_follower(self) -> bool:
        """Whether another process held the lease when it was last seen."""

    async def run(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run `work` whenever this process may act, until it returns or raises, and pass that on."""


class AlwaysLeader:
    """Leads always, without a Lease: for a single process (`--no-leader-elect`)."""

    is_leader: Final = True
    is_follower: Final = False

    async def run(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run `work` once and pass on what it returns or raises."""
        return await work()


@dataclass(frozen=True, kw_only=True)
class LeaderElectionConfig:
    """How long a lease lasts and how it is kept, in seconds; the names are client-go's.

    A killed leader is followed within `lease_duration` + 2.4 x `retry_period` and the time of a request: the
    others see its last renewal up to one retry period late and look up to one after it ran out.

    Raises:
        ValueError: Two could lead at once.
    """

    lease_duration: int
    """A lease that was not renewed for so long is free. Kubernetes wants whole seconds."""
    renew_deadline: float
    """A leader that could not renew for so long stops; the rest of `lease_duration` is for stopping."""
    renew_period: float
    """Between two renewals. client-go has no name for it: it renews every retry period."""
    retry_period: float
    """Between two looks of one who waits, and between a leader's attempts after a failed one."""
    request_timeout: float
    """Longest time for one attempt: a connection that hangs must not use up the deadline."""

    def __post_init__(self) -> None:
        periods = 0 < self.retry_period <= self.renew_period < self.renew_deadline < self.lease_duration
        if not periods or not 0 < self.request_timeout < self.renew_deadline:
            raise ValueError(
                "a lease needs 0 < retry_period <= renew_period < renew_deadline < lease_duration"
                " and 0 < request_timeout < renew_deadline"
            )


@dataclass(frozen=True, kw_only=True)
class LeaderElectionRecord:
    """The holder of a Lease, as its spec has it. Two records that differ mean that the holder is alive."""

    holder_identity: str
    lease_duration: float
    renew_time: datetime | None
    leader_transitions: int


@dataclass(frozen=True, kw_only=True)
class ObservedLease:
    """A Lease as last seen, and since when it has said the same."""

    lease: V1Lease | None
    record: LeaderElectionRecord | None
    observed_time: float
    """On this process' monotonic clock."""


def observe(
    before: ObservedLease | None, lease: V1Lease | None, *, now: float, default_duration: float
) -> ObservedLease:
    """Return what is known after `lease` was seen at `now`.

    A Lease that was deleted keeps the record it last showed: its holder may still act.
    """
    if lease is None:
        return ObservedLease(
            lease=None,
            record=before.record if before else None,
            observed_time=before.observed_time if before else now,
        )
    spec = lease.spec or V1LeaseSpec()
    record = LeaderElectionRecord(
        holder_identity=spec.holder_identity or "",
        lease_duration=spec.lease_duration_seconds or default_duration,
        renew_time=spec.renew_time,
        leader_transitions=spec.lease_transitions or 0,
    )
    unchanged = before is not None and before.record == record
    return ObservedLease(
        lease=lease, record=record, observed_time=before.observed_time if before and unchanged else now
    )


def may_acquire(observed: ObservedLease, identity: str, *, now: float) -> bool:
    """Return whether `identity` may take the lease: it is its own, free, or was not renewed in time."""
    record = observed.record
    return (
        record is None
        or record.holder_identity in {"", identity}
        or now >= observed.observed_time + record.lease_duration
    )


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
        _, active = list_kube_config_contexts(environ.get("KUBECONFIG"))  # type: ignore[no-untyped-call]
    except ConfigException:
        return "default"
    return str(active["context"].get("namespace") or "default")


class LeaderElector:
    """Acquires a lease and renews it while this process leads; `run` does all of it.

    Args:
        api: A client of its own: one whose connections are all taken by hanging requests cannot renew.
        namespace: Of the Lease.
        name: Of the Lease, which is made if it is not there.
        identity: Of this process; see `new_identity`.
        field_manager: Owner of the Lease's fields.
        config: How long a lease lasts and how it is kept.
        clock: Seconds that only ever grow.
        jitter: A number in [0, 1) each call, so that those who wait do not all look at the same moment.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        namespace: str,
        name: str,
        identity: str,
        field_manager: str,
        config: LeaderElectionConfig,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.identity = identity
        self._leases = CoordinationV1Api(api)
        self._namespace = namespace
        self._name = name
        self._field_manager = field_manager
        self._config = config
        self._clock = clock
        self._jitter = jitter
        self._observed: ObservedLease | None = None
        self._current = False
        """Whether `_observed` is our own last write, on which the next one can build without a look."""
        self._until = -math.inf
        self._problem = ""

    @property
    def is_leader(self) -> bool:
        """Whether this process may act at this moment; ask right before a write."""
        return self._clock() < self._until

    @property
    def is_follower(self) -> bool:
        """Whether another process held the lease when it was last seen."""
        record = self._observed.record if self._observed else None
        return record is not None and record.holder_identity not in {"", self.identity}

    async def run(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run `work` whenever elected, until it returns or raises, and pass that on.

        When the lease is lost, the work is cancelled, awaited, and started anew at the next election.
        On the way out, also when cancelled, the lease is released once the work has stopped, so that
        another leads within about one retry period.
        """
        working: asyncio.Future[_T] | None = None
        try:
            while True:
                await self._acquire()
                working = asyncio.ensure_future(work())
                renewing = asyncio.create_task(self._renew())
                try:
                    await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
                    if working.done():
                        return working.result()
                    renewing.result()
                    _log.warning("lost the lease: stopping work until the next election")
                finally:
                    await _stop(working)
                    await _stop(renewing)
        finally:
            self._until = -math.inf
            if working is None or working.done():
                await self._release()

    async def _acquire(self) -> None:
        while not await self._try_acquire_or_renew():
            await self._pause(self._config.retry_period)
        _log.info("%s is the leader", self.identity)

    async def _renew(self) -> None:
        """Renew until the lease is lost."""
        try:
            while self.is_leader:
                async with asyncio.timeout(self._until - self._clock()):
                    await self._pause(self._config.renew_period)
                    while not await self._try_acquire_or_renew() and self.is_leader:
                        await self._pause(self._config.retry_period)
        except TimeoutError:
            pass  # not renewed in time
        finally:
            self._until = -math.inf

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * (1 + 0.2 * self._jitter()))

    async def _try_acquire_or_renew(self) -> bool:
        """Acquire the lease or renew it; return whether that worked. Raises nothing that a retry may fix."""
        try:
            async with asyncio.timeout(self._config.request_timeout):
                held = await self._acquire_or_renew()
        except _LEASE_ERRORS as error:
            self._current = False
            self._log_problem(f"{type(error).__name__} {getattr(error, 'status', '')}".strip())
            return False
        self._log_problem("")
        return held

    def _log_problem(self, problem: str) -> None:
        """Log why the Lease cannot be read or written, when that changes."""
        if problem and problem != self._problem:
            _log.warning("Lease %s/%s cannot be read or written: %s", self._namespace, self._name, problem)
        self._problem = problem

    async def _acquire_or_renew(self) -> bool:
        """Write our record if the lease may be acquired; return whether it is ours now."""
        while True:
            began = self._clock()
            observed = self._observed if self._observed and self._current else await self._read()
            if not may_acquire(observed, self.identity, now=self._clock()):
                self._until = -math.inf
                return False
            try:
                await self._write(observed)
            except ApiException as error:
                self._current = False
                if error.status != HTTPStatus.CONFLICT:
                    raise
                continue
            self._until = began + self._config.renew_deadline
            return True

    async def _read(self) -> ObservedLease:
        try:
            lease = await self._leases.read_namespaced_lease(self._name, self._namespace)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            lease = None
        return self._remember(lease)

    def _remember(self, lease: V1Lease | None) -> ObservedLease:
        self._observed = observe(self._observed, lease, now=self._clock(), default_duration=self._config.lease_duration)
        return self._observed

    async def _write(self, observed: ObservedLease) -> None:
        """Put our record where `observed` was. Raises ApiException 409 when another was faster."""
        now = _microtime()
        ours = observed.record is not None and observed.record.holder_identity == self.identity
        spec = V1LeaseSpec(
            holder_identity=self.identity,
            lease_duration_seconds=self._config.lease_duration,
            acquire_time=observed.lease.spec.acquire_time if ours and observed.lease and observed.lease.spec else now,
            renew_time=now,
            lease_transitions=(observed.record.leader_transitions + (not ours)) if observed.record else 0,
        )
        if observed.lease is None:
            written = await self._leases.create_namespaced_lease(
                self._namespace,
                V1Lease(metadata=V1ObjectMeta(name=self._name), spec=spec),
                field_manager=self._field_manager,
            )
        else:
            written = await self._replace(observed.lease, spec)
        self._remember(written)
        self._current = True

    async def _replace(self, lease: V1Lease, spec: V1LeaseSpec) -> V1Lease:
        body = V1Lease(metadata=lease.metadata, spec=spec)
        return await self._leases.replace_namespaced_lease(
            self._name, self._namespace, body, field_manager=self._field_manager
        )

    async def _release(self) -> None:
        """Free the lease if it is ours; where that fails it runs out by itself."""
        try:
            async with asyncio.timeout(self._config.request_timeout):
                while not await self._released():
                    self._current = False
        except _LEASE_ERRORS as error:
            _log.warning("the lease could not be released (%s): it runs out by itself", type(error).__name__)

    async def _released(self) -> bool:
        """Free the lease; return False when it changed meanwhile, so that another look is due."""
        if not _is_held(self._observed, self.identity):
            return True
        observed = self._observed if self._observed and self._current else await self._read()
        if observed.lease is None or observed.record is None or not _is_held(observed, self.identity):
            return True
        now = _microtime()
        spec = V1LeaseSpec(
            holder_identity="",
            lease_duration_seconds=1,  # the shortest that Kubernetes allows
            acquire_time=now,
            renew_time=now,
            lease_transitions=observed.record.leader_transitions,
        )
        try:
            self._remember(await self._replace(observed.lease, spec))
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            return False
        _log.info("released the lease")
        return True


def _is_held(observed: ObservedLease | None, identity: str) -> bool:
    return bool(observed and observed.record and observed.record.holder_identity == identity)


def _microtime() -> datetime:
    """Return the time of day, never on a whole second: Kubernetes' MicroTime needs the fraction written out."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond or 1)


async def _stop(task: asyncio.Future[_T]) -> None:
    """Cancel and wait until the task has stopped; its own error, if any, is logged."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()):
            _log.error("stopping raised %s", type(error).__name__)

"""An operator in the test's own process, on real Kubernetes parts, and a hand that plays kubelet."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient, Configuration

from localkube import ControlPlane
from localkube.kubeapi import KubeApi
from localkube.podstatus import Ending, ended, running, waiting
from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.controller.operator import Controller, watcher_of
from mogulsync.controller.settings import OperatorSettings
from mogulsync.kube.client import KubernetesClient, RestClient
from mogulsync.resource.names import API_VERSION, KIND, LABEL_DESTINATION, LABEL_TRIGGER

Object = dict[str, Any]
SECONDS = 120.0
"""How long anything may take on a busy machine."""

SPEC: Mapping[str, Any] = {
    "chartmogul": {"apiKeySecretRef": {"name": "chartmogul"}},
    "intercom": {"oauthSecretRef": {"name": "intercom"}},
    "matching": {"chartmogulField": "Email"},
    "fields": [{"source": "MRR"}, {"source": "CustomerStatus"}],
}


def report(outcome: str = "Succeeded", reason: str | None = None, **more: Any) -> str:
    """Return a worker's report."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(
        {
            "version": 1,
            "outcome": outcome,
            "reason": reason or outcome,
            "message": "8 of 10 customers matched, 3 contacts updated",
            "dryRun": False,
            "startTime": now,
            "completionTime": now,
            "workspace": {"id": "abc123", "name": "Example", "region": "EU"},
            "customers": {"total": 10, "matched": 8, "ambiguous": 0, "unmatched": 1, "unmatchable": 1, "conflicts": 0},
            "contacts": {"matched": 8, "updated": 3, "unchanged": 5, "failed": 0, "vanished": 0},
        }
        | more
    )


class World:
    """A namespace of the control plane, and what a test does in it."""

    def __init__(self, plane: ControlPlane, namespace: str, api: KubeApi, settings: Configuration) -> None:
        self.plane = plane
        self.namespace = namespace
        self.api = api
        self.settings = settings
        self.ahead = timedelta()
        """How far the operator's clock is ahead of everyone else's."""

    # --- the operator ---

    @contextlib.asynccontextmanager
    async def operator(
        self,
        client: Callable[[KubernetesClient], KubernetesClient] = lambda real: real,
        *,
        settings: Configuration | None = None,
        namespaces: Sequence[str] = (),
        limits: OperatorSettings | None = None,
        image: str = "mogulsync:test",
    ) -> AsyncIterator[Controller]:
        """Run an operator for the namespace; leaving the context ends it like a kill: nothing is tidied up."""
        way = settings or self.settings
        limits = limits or OperatorSettings()
        served = namespaces or (self.namespace,)
        async with _api_client(way) as api:
            real = RestClient(api, field_manager="mogulsync", timeout=limits.request_timeout)
            controller = Controller(
                client(real),
                watcher_of(way, namespaces=served, settings=limits),
                namespaces=served,
                settings=limits,
                job_defaults=JobDefaults(image=image),
                clock=lambda: datetime.now(UTC) + self.ahead,
            )
            task = asyncio.create_task(controller.run())
            try:
                yield controller
                if task.done():
                    task.result()
            finally:
                task.cancel()
                await asyncio.wait({task}, timeout=SECONDS)
                assert task.done(), "the operator does not end"

    def pass_time(self, controller: Controller, ahead: timedelta) -> None:
        """Let time pass for the operator alone."""
        self.ahead += ahead
        for key in controller.cache.destination_keys():
            controller.queue.add(key)

    # --- objects ---

    async def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return await asyncio.to_thread(self.plane.kubectl, "--namespace", self.namespace, *arguments, stdin=stdin)

    async def apply(
        self, name: str = "production", *, annotations: Mapping[str, str] | None = None, **spec: Any
    ) -> None:
        """Apply a destination, as a person does."""
        manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {**SPEC, **spec},
        }
        await self.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))

    async def get(self, plural: str, name: str = "production", *, group: str = "batch/v1") -> Object:
        root = "/api/v1" if group == "v1" else f"/apis/{group}"
        return await self.api.get(f"{root}/namespaces/{self.namespace}/{plural}/{name}")

    async def listed(self, plural: str, *, group: str = "batch/v1") -> list[Object]:
        root = "/api/v1" if group == "v1" else f"/apis/{group}"
        items: list[Object] = (await self.api.get(f"{root}/namespaces/{self.namespace}/{plural}"))["items"]
        return items

    async def destination(self, name: str = "production") -> Object:
        return await self.get("intercomdestinations", name, group=API_VERSION)

    async def jobs(self, trigger: str, *, destination: str = "production") -> list[Object]:
        """Return the Jobs of a destination that carry a trigger's label, oldest first."""
        jobs = [
            job
            for job in await self.listed("jobs")
            if job["metadata"]["labels"].get(LABEL_DESTINATION) == destination
            and job["metadata"]["labels"].get(LABEL_TRIGGER) == trigger
        ]
        return sorted(jobs, key=lambda job: (job["metadata"]["creationTimestamp"], job["metadata"]["name"]))

    # --- waiting ---

    async def until(self, what: str, probe: Callable[[], Awaitable[Any]], *, seconds: float = SECONDS) -> Any:
        """Return what `probe` returns as soon as that is true."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            result = await probe()
            if result:
                return result
            if asyncio.get_running_loop().time() > deadline:
                shown = json.dumps((await self.listed("intercomdestinations", group=API_VERSION)), indent=1)
                pytest.fail(f"{what}: not within {seconds} s\n{shown}")
            await asyncio.sleep(0.05)

    async def until_status(
        self, what: str, holds: Callable[[Object], Any], name: str = "production", *, seconds: float = SECONDS
    ) -> Object:
        """Return the destination as soon as something holds of its status."""

        async def probe() -> Object | None:
            resource = await self.destination(name)
            return resource if holds(resource.get("status") or {}) else None

        found: Object = await self.until(what, probe, seconds=seconds)
        return found

    async def until_condition(self, kind: str, status: str, reason: str, name: str = "production") -> Object:
        return await self.until_status(
            f"{name}: {kind}={status} {reason}",
            lambda now: (
                condition(now, kind)
                and (condition(now, kind)["status"], condition(now, kind)["reason"]) == (status, reason)
            ),
            name,
        )

    async def until_job(self, trigger: str, *, number: int = 1, destination: str = "production") -> Object:
        """Return the n-th Job of a trigger as soon as it exists."""

        async def probe() -> Object | None:
            jobs = await self.jobs(trigger, destination=destination)
            return jobs[number - 1] if len(jobs) >= number else None

        job: Object = await self.until(f"{trigger} Job {number}", probe)
        return job

    # --- the kubelet ---

    async def pod(self, job: str, *, number: int = 1) -> Object:
        """Return the n-th Pod of a Job as soon as it exists."""

        async def probe() -> Object | None:
            pods = [
                pod for pod in await self.listed("pods", group="v1") if pod["metadata"]["labels"].get("job-name") == job
            ]
            pods.sort(key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
            return pods[number - 1] if len(pods) >= number else None

        pod: Object = await self.until(f"Pod {number} of {job}", probe)
        return pod

    async def say(self, pod: Object, status: Object) -> None:
        metadata = pod["metadata"]
        await self.api.patch(
            f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status", {"status": status}
        )

    async def hold(self, job: str, reason: str, message: str) -> None:
        """Let a Job's Pod wait."""
        pod = await self.pod(job)
        await self.say(pod, waiting(pod, reason=reason, message=message, now=datetime.now(UTC)))

    async def start(self, job: str) -> None:
        """Start a Job's container."""
        pod = await self.pod(job)
        await self.say(pod, running(pod, started=datetime.now(UTC)))

    async def finish(
        self,
        job: str,
        message: str | None = None,
        *,
        exit_code: int = 0,
        reason: str | None = None,
        number: int = 1,
        pod_reason: str | None = None,
    ) -> None:
        """End a Job's container with a termination message (by default the report of a success)."""
        pod = await self.pod(job, number=number)
        now = datetime.now(UTC)
        ending = Ending(
            exit_code=exit_code,
            reason=reason or ("Error" if exit_code else "Completed"),
            started=now,
            finished=now,
            message=report() if message is None else message,
            pod_reason=pod_reason,
        )
        await self.say(pod, ended(pod, ending))

    async def make_ready(self, name: str = "production", *, reason: str = "Ready") -> Object:
        """Let the first check pass; return the destination when it is Ready."""
        job = await self.until_job("check", destination=name)
        await self.finish(job["metadata"]["name"])
        return await self.until_condition("Ready", "True", reason, name)


@contextlib.asynccontextmanager
async def _api_client(settings: Configuration) -> AsyncIterator[ApiClient]:
    async with ApiClient(settings) as client:
        yield client
    await asyncio.sleep(0.1)  # broken off TLS connections need a moment to close


def condition(status: Mapping[str, Any], kind: str) -> Any:
    """Return a condition of a status; None when it is absent."""
    return next((each for each in status.get("conditions") or () if each["type"] == kind), None)

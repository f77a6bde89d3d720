"""A destination, its operator's reconciler and a cluster in memory: time passes and Jobs end as a test wants."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.controller.reconcile import Reconciler
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.client import StatusError
from mogulsync.kube.objects import (
    CRONJOBS,
    EVENTS,
    JOBS,
    PODS,
    GroupVersionResource,
    NamespacedName,
    Object,
)
from mogulsync.resource.names import ANNOTATION_GENERATION, LABEL_DESTINATION, LABEL_TRIGGER
from mogulsync.resource.times import timestamp
from tests.support.fake_client import FakeKubernetesClient, Write
from tests.support.stored import IMAGE, destination

KEY = NamespacedName("crm", "production")
START = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


class FakeWorld:
    """The destination crm/production in a cluster in memory, created at START."""

    def __init__(self, *, annotations: dict[str, str] | None = None, image: str = IMAGE, **spec: Any) -> None:
        self.now = START
        self.client = FakeKubernetesClient(clock=lambda: self.now)
        self.cache = DestinationCache()
        self.client.subscribe(self._see)
        self.requeue_after: float | None = None
        self.put_back_count = 0
        self.behind: set[GroupVersionResource] = set()
        """Kinds whose watches show nothing for the time being."""
        stored = destination(annotations=annotations, **spec)
        stored["metadata"]["creationTimestamp"] = timestamp(START)
        self.client.put(DESTINATIONS, stored | {"status": {"observedGeneration": -1}})
        self.restart(image=image)

    def restart(self, *, image: str = IMAGE) -> None:
        """Start another operator, which remembers nothing."""
        self.reconciler = Reconciler(
            self.client,
            self.cache,
            job_defaults=JobDefaults(image=image),
            clock=lambda: self.now,
            on_put_back=self._count_put_back,
        )

    async def reconcile(self, *, after: timedelta = timedelta()) -> Object:
        """Let time pass, reconcile, and return the status."""
        self.now += after
        self.requeue_after = await self.reconciler.reconcile(KEY)
        return self.status

    async def try_reconcile(self, *, times: int = 1) -> Object:
        """Reconcile as often as said, as the workqueue does after failures, and return the status."""
        for _ in range(times):
            try:
                await self.reconcile()
            except StatusError:
                continue
        return self.status

    # --- what is there ---

    @property
    def destination(self) -> Object:
        (stored,) = self.client.objects(DESTINATIONS)
        return stored

    @property
    def status(self) -> Object:
        status: Object = self.destination["status"]
        return status

    def condition(self, kind: str) -> tuple[str, str] | None:
        """Return a condition's status and reason; None when it is absent."""
        return next(
            ((each["status"], each["reason"]) for each in self.status.get("conditions") or () if each["type"] == kind),
            None,
        )

    def message(self, kind: str) -> str:
        return str(next(each["message"] for each in self.status["conditions"] if each["type"] == kind))

    def jobs(self, trigger: str) -> list[Object]:
        """Return the Jobs with a trigger's label, oldest first."""
        return [job for job in self.client.objects(JOBS) if job["metadata"]["labels"].get(LABEL_TRIGGER) == trigger]

    def names(self, trigger: str) -> list[str]:
        return [job["metadata"]["name"] for job in self.jobs(trigger)]

    def name(self, trigger: str) -> str:
        """Return the name of the one Job with a trigger's label."""
        (name,) = self.names(trigger)
        return name

    @property
    def cronjob(self) -> Object:
        (stored,) = self.client.objects(CRONJOBS)
        return stored

    @property
    def events(self) -> list[str]:
        return [event["reason"] for event in self.client.objects(EVENTS)]

    # --- what others do ---

    def edit(self, *, annotations: Mapping[str, str] | None = None, **spec: Any) -> None:
        """Change the destination as a person does."""
        stored = self.destination
        if annotations is not None:
            stored["metadata"]["annotations"] = dict(annotations)
        stored["spec"] |= spec
        self.client.put(DESTINATIONS, stored)

    def overwrite_cronjob(self, **spec: Any) -> None:
        """Change the CronJob as a person or a second operator does."""
        stored = self.cronjob
        stored["spec"] |= spec
        self.client.put(CRONJOBS, stored)

    def refuse(self, resource: GroupVersionResource, error: StatusError | None) -> None:
        """Let the API server refuse writes of a kind; None: it takes them again."""

        def fault(write: Write) -> StatusError | None:
            return error if write.resource == resource and not write.subresource else None

        self.client.fault = fault

    def refuse_status(self, error: StatusError | None) -> None:
        """Let the API server refuse writes of the status; None: it takes them again."""

        def fault(write: Write) -> StatusError | None:
            return error if write.subresource == "status" else None

        self.client.fault = fault

    def add_job(self, name: str, **metadata: Any) -> Object:
        """Make a Job that has the destination's label, as the CronJob controller or a console does."""
        body: Object = {
            "metadata": {"name": name, "namespace": KEY.namespace, "labels": {LABEL_DESTINATION: KEY.name}} | metadata,
            "spec": {},
        }
        return self.client.put(JOBS, body)

    def add_scheduled_job(self, name: str) -> Object:
        """Make a Job as the CronJob controller does."""
        owner = {"kind": "CronJob", "name": KEY.name, "uid": self.cronjob["metadata"]["uid"], "controller": True}
        labels = {LABEL_DESTINATION: KEY.name, LABEL_TRIGGER: "schedule"}
        annotations = {ANNOTATION_GENERATION: str(self.destination["metadata"]["generation"])}
        return self.add_job(name, labels=labels, annotations=annotations, ownerReferences=[owner])

    def set_job(self, name: str, **status: Any) -> None:
        job = self._job(name)
        self.client.put(JOBS, job | {"status": (job.get("status") or {}) | status})

    def delete_job(self, name: str) -> None:
        self.client.delete(JOBS, NamespacedName(KEY.namespace, name))

    def set_pod(self, job: str, state: Object, *, phase: str = "Pending", name: str = "", **status: Any) -> None:
        """Show a Pod of a Job whose container is in a state."""
        stored = self._job(job)
        body = {
            "metadata": {
                "name": name or f"{job}-pod",
                "namespace": KEY.namespace,
                "labels": {LABEL_DESTINATION: KEY.name, "batch.kubernetes.io/job-name": job},
                "ownerReferences": [{"kind": "Job", "name": job, "uid": stored["metadata"]["uid"]}],
            },
            "status": {"phase": phase, "containerStatuses": [{"name": "sync", "state": state}]} | status,
        }
        self.client.put(PODS, body)

    def hold(self, job: str, reason: str, message: str) -> None:
        """Let a Job's Pod wait."""
        self.set_pod(job, {"waiting": {"reason": reason, "message": message}})

    def finish(
        self,
        job: str,
        outcome: str = "Succeeded",
        reason: str | None = None,
        *,
        message: str | None = None,
        **more: Any,
    ) -> None:
        """End a Job a minute from now with a report, or with this termination message."""
        began = self._job(job)["metadata"]["creationTimestamp"]
        self.now += timedelta(minutes=1)
        report = {
            "version": 1,
            "outcome": outcome,
            "reason": reason or outcome,
            "message": f"the run ended: {reason or outcome}",
            "startTime": began,
            "completionTime": timestamp(self.now),
            "workspace": {"id": "abc123", "name": "Example", "region": "EU"},
            "customers": {"total": 10, "matched": 8},
            "contacts": {"matched": 8, "updated": 3, "unchanged": 5},
        } | more
        failed = outcome == "Failed"
        terminated = {
            "exitCode": 4 if failed else 0,
            "reason": "Error" if failed else "Completed",
            "startedAt": began,
            "message": json.dumps(report) if message is None else message,
        }
        self.set_pod(job, {"terminated": terminated}, phase="Failed" if failed else "Succeeded")
        self.end(job, failed="PodFailurePolicy" if failed else None)

    def end(self, job: str, *, failed: str | None = None) -> None:
        """End a Job, its Pods as they are."""
        condition = {"type": "Failed", "reason": failed, "message": ""} if failed else {"type": "Complete"}
        condition |= {"status": "True", "lastTransitionTime": timestamp(self.now)}
        self.set_job(job, conditions=[condition], startTime=self._job(job)["metadata"]["creationTimestamp"])

    async def make_ready(self) -> None:
        """Let the first check pass."""
        await self.reconcile()
        (check,) = self.names("check")
        self.finish(check)
        await self.reconcile()
        assert self.condition("Ready") in {("True", "Ready"), ("True", "Suspended")}

    def _count_put_back(self) -> None:
        self.put_back_count += 1

    def _job(self, name: str) -> Object:
        return next(job for job in self.client.objects(JOBS) if job["metadata"]["name"] == name)

    def _see(self, resource: GroupVersionResource, event: str, seen: Object) -> None:
        if resource is EVENTS or resource in self.behind:
            return
        if event == "DELETED":
            self.cache.remove(resource, seen)
        else:
            self.cache.put(resource, seen)

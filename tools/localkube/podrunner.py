"""A stand-in for scheduler and kubelet: it runs the first container of each Pod as a local process.

The process has the environment that the Pod declares and no other. What is written to the Pod's status is what
a kubelet writes; only the waiting between two tries is shorter. Not there: images, init containers, volumes,
probes, restarts, the security context.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from localkube.kubeapi import ApiError, KubeApi
from localkube.podspec import ContainerConfigError, resolve_command, resolve_environment
from localkube.podstatus import KILLED, Ending, Status, ended, instant, running, termination_message, waiting
from localkube.process import tethered

NODE: Final = "localkube"
ENTRYPOINT: Final = (sys.executable, "-m", "mogulsync")
"""What every image runs, unless `entrypoints` names it."""

_TERMINATION_LOG: Final = "/dev/termination-log"
_RETRY_SECONDS: Final = 0.2
_DEFAULT_GRACE_SECONDS: Final = 30
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SSL_CERT_FILE")
_FALLBACK_BYTES: Final = 2048
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_FINISHED: Final = frozenset({"Succeeded", "Failed"})


@dataclass
class _PodWorker:
    """A Pod that the runner runs, with its task and process."""

    pod: dict[str, Any]
    task: asyncio.Task[None] | None = None
    process: asyncio.subprocess.Process | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the Pod is being deleted."""
    grace: float = _DEFAULT_GRACE_SECONDS
    fault: str | None = None
    """Why the runner itself killed the process: OOMKilled or Evicted."""

    @property
    def path(self) -> str:
        metadata = self.pod["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"

    @property
    def container(self) -> dict[str, Any]:
        container: dict[str, Any] = self.pod["spec"]["containers"][0]
        return container


class PodRunner:
    """Runs the Pods of a control plane while its `async with` lasts.

    Attributes:
        folder: Holds the logs of the Pods.
        entrypoints: What an image runs, by its name; others run ENTRYPOINT. May be changed at any time.
        unpullable: Names of images that cannot be pulled: their Pods wait. May be changed at any time.
    """

    def __init__(
        self,
        kubeconfig: Path,
        *,
        namespace: str | None = None,
        entrypoints: Mapping[str, Sequence[str]] | None = None,
        environment: Mapping[str, str] | None = None,
        at_once: int = 8,
    ) -> None:
        """Prepare a runner.

        Args:
            kubeconfig: Of an admin.
            namespace: Where the Pods to run are; None: everywhere.
            entrypoints: Command line of an image, by its name.
            environment: Further variables of every process, as if the image had set them.
            at_once: Most processes at a time; other Pods wait unscheduled.
        """
        self.entrypoints = dict(entrypoints or {})
        self.unpullable: set[str] = set()
        self.folder = Path()
        self._kubeconfig = kubeconfig
        self._pods = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
        self._environment = dict(environment or {})
        self._slots = asyncio.Semaphore(at_once)
        self._workers: dict[str, _PodWorker] = {}
        self._stack = contextlib.AsyncExitStack()
        self._watcher: asyncio.Task[None] | None = None
        self._failures: list[BaseException] = []

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="localkube-pods-"))
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self._api = await stack.enter_async_context(KubeApi(self._kubeconfig))
            await self._register_node()
            self._stack = stack.pop_all()
        self._watcher = asyncio.create_task(self._watch())
        self._watcher.add_done_callback(self._note_failure)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [task for task in (self._watcher, *(worker.task for worker in self._workers.values())) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._stack.aclose()
        if self._failures and error is None:
            raise self._failures[0]

    def log(self, namespace: str, name: str) -> str:
        """Return what a Pod printed so far; empty when it never ran."""
        path = self._log_path(namespace, name)
        return path.read_text(errors="replace") if path.exists() else ""

    def kill_out_of_memory(self, namespace: str, name: str) -> None:
        """End a running Pod as the kernel does when its container takes more memory than its limit.

        Raises:
            LookupError: It does not run.
        """
        self._kill(namespace, name, "OOMKilled")

    def evict(self, namespace: str, name: str) -> None:
        """End a running Pod as a kubelet does on a node that is short of memory.

        Raises:
            LookupError: It does not run.
        """
        self._kill(namespace, name, "Evicted")

    def _kill(self, namespace: str, name: str, fault: str) -> None:
        for worker in self._workers.values():
            metadata = worker.pod["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, name) and worker.process is not None:
                worker.fault = fault
                _kill(worker.process)
                return
        raise LookupError(f"no Pod {namespace}/{name} runs here")

    async def _register_node(self) -> None:
        with contextlib.suppress(ApiError):
            await self._api.post("/api/v1/nodes", {"metadata": {"name": NODE}})
        now = instant(datetime.now(UTC))
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "runs Pods as processes"}
        times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
        await self._api.patch(f"/api/v1/nodes/{NODE}/status", {"status": {"conditions": [ready | times]}})

    async def _watch(self) -> None:
        async for event, pods in self._api.watch(self._pods):
            for pod in pods:
                self._handle(pod, deleted=event == "DELETED")
            if event == "LIST":
                present = {pod["metadata"]["uid"] for pod in pods}
                for uid in self._workers.keys() - present:
                    self._handle(self._workers[uid].pod, deleted=True)

    def _handle(self, pod: dict[str, Any], *, deleted: bool) -> None:
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if worker is None:
            if not deleted and _is_ours_to_run(pod):
                worker = self._workers[uid] = _PodWorker(pod)
                worker.task = asyncio.create_task(self._sync_pod(worker))
                worker.task.add_done_callback(lambda task: self._remove(uid, task))
        elif deleted:
            worker.grace = 0
            worker.stopping.set()
        elif pod["metadata"].get("deletionTimestamp"):
            worker.grace = pod["metadata"].get("deletionGracePeriodSeconds", _DEFAULT_GRACE_SECONDS)
            worker.stopping.set()

    def _remove(self, uid: str, task: asyncio.Task[None]) -> None:
        del self._workers[uid]
        self._note_failure(task)

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        """Keep a fault of the runner itself for the end, where it is raised."""
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    async def _sync_pod(self, worker: _PodWorker) -> None:
        try:
            async with self._slots:
                await self._bind(worker)
                ending = await self._run(worker)
            await self._write(worker, ended(worker.pod, ending))
            if worker.stopping.is_set():
                uid = worker.pod["metadata"]["uid"]
                await self._api.delete(worker.path, {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}})
        except ApiError as error:
            if error.status not in {_NOT_FOUND, _CONFLICT}:  # another may have removed or replaced the Pod
                raise
        finally:
            if worker.process is not None and worker.process.returncode is None:
                _kill(worker.process)
                await worker.process.wait()

    async def _bind(self, worker: _PodWorker) -> None:
        """Schedule the Pod: only a bound Pod is deleted with its grace period."""
        if worker.pod["spec"].get("nodeName"):
            return
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        name = worker.pod["metadata"]["name"]
        await self._api.post(f"{worker.path}/binding", {"metadata": {"name": name}, "target": target})

    async def _run(self, worker: _PodWorker) -> Ending:
        environment = await self._await_configuration(worker)
        if environment is None:
            return Ending(
                exit_code=KILLED,
                reason="ContainerStatusUnknown",
                message="The container could not be located when the pod was terminated",
                started=None,
                finished=datetime.now(UTC),
            )
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            return await self._run_process(worker, environment, Path(scratch))

    async def _await_configuration(self, worker: _PodWorker) -> dict[str, str] | None:
        """Return the container's variables as soon as it can start; None when its Pod is deleted before."""
        written: tuple[str, str | None] | None = None
        while not worker.stopping.is_set():
            obstacle = self._image_obstacle(worker)
            if obstacle is None:
                try:
                    return await resolve_environment(worker.pod, worker.container, self._reader(worker))
                except ContainerConfigError as error:
                    obstacle = ("CreateContainerConfigError", str(error))
            if obstacle != written:
                reason, message = obstacle
                await self._write(worker, waiting(worker.pod, reason=reason, message=message, now=datetime.now(UTC)))
                written = obstacle
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_SECONDS):
                    await worker.stopping.wait()
        return None

    def _image_obstacle(self, worker: _PodWorker) -> tuple[str, str] | None:
        image = worker.container["image"]
        if image not in self.unpullable:
            return None
        return "ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {image}: not found'

    def _reader(self, worker: _PodWorker) -> Any:
        namespace = worker.pod["metadata"]["namespace"]

        async def read(resource: str, name: str) -> Mapping[str, Any] | None:
            try:
                return await self._api.get(f"/api/v1/namespaces/{namespace}/{resource}/{name}")
            except ApiError as error:
                if error.status == _NOT_FOUND:
                    return None
                raise

        return read

    async def _run_process(self, worker: _PodWorker, environment: dict[str, str], scratch: Path) -> Ending:
        termination_log = scratch / "termination-log"
        path = worker.container.get("terminationMessagePath", _TERMINATION_LOG)
        entrypoint = self.entrypoints.get(worker.container["image"], ENTRYPOINT)
        command = [
            part.replace(path, str(termination_log))
            for part in resolve_command(worker.container, environment, entrypoint)
        ]
        metadata = worker.pod["metadata"]
        log_path = self._log_path(metadata["namespace"], metadata["name"])
        # A container sees the log as a mounted file: what replaces it by renaming does not reach the kubelet.
        with termination_log.open("w+b") as message, log_path.open("ab") as log:
            started = datetime.now(UTC)
            worker.process = await asyncio.create_subprocess_exec(
                *tethered(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._base_environment(scratch, metadata["name"])
                | {key: value.replace(path, str(termination_log)) for key, value in environment.items()},
                cwd=scratch,
                start_new_session=True,
            )
            await self._write(worker, running(worker.pod, started=started))
            code = await self._await_exit(worker, worker.process)
            message.seek(0)
            text = termination_message(message.read())
        if not text and code and worker.container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            text = log_path.read_bytes()[-_FALLBACK_BYTES:].decode(errors="replace")
        return _ending(worker, code, started=started, message=text)

    def _base_environment(self, home: Path, hostname: str) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return passed_on | {"HOME": str(home), "TMPDIR": str(home), "HOSTNAME": hostname} | self._environment

    async def _await_exit(self, worker: _PodWorker, process: asyncio.subprocess.Process) -> int:
        """Return the exit code; when the Pod is deleted meanwhile, SIGTERM, the grace period, SIGKILL."""
        exited = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(worker.stopping.wait())
        try:
            await asyncio.wait({exited, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not exited.done():
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                await asyncio.wait({exited}, timeout=worker.grace)
            if not exited.done():
                _kill(process)
            code = await exited
        finally:
            stopping.cancel()
            exited.cancel()
        return code if code >= 0 else 128 - code

    async def _write(self, worker: _PodWorker, status: Status) -> None:
        body = {"metadata": {"uid": worker.pod["metadata"]["uid"]}, "status": status}
        worker.pod = await self._api.patch(f"{worker.path}/status", body)

    def _log_path(self, namespace: str, name: str) -> Path:
        return self.folder / f"{namespace}_{name}.log"


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill the process and all that it started, as the end of a container does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _is_ours_to_run(pod: Mapping[str, Any]) -> bool:
    status = pod.get("status") or {}
    node = pod["spec"].get("nodeName")
    return (
        node in {None, NODE}
        and not pod["metadata"].get("deletionTimestamp")
        and not pod["spec"].get("schedulingGates")
        and status.get("phase") not in _FINISHED
    )


def _ending(worker: _PodWorker, code: int, *, started: datetime, message: str) -> Ending:
    finished = datetime.now(UTC)
    if worker.fault == "Evicted":
        return Ending(
            exit_code=code,
            reason="Error",
            started=started,
            finished=finished,
            message=message,
            pod_reason="Evicted",
            pod_message="The node was low on resource: memory.",
            disrupted=True,
        )
    reason = worker.fault or ("Error" if code else "Completed")
    return Ending(exit_code=code, reason=reason, started=started, finished=finished, message=message)

"""Stands in for scheduler and kubelet: runs the first container of each Pod as a local process.

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
"""What every image runs, unless the runner is told otherwise."""

_TERMINATION_LOG: Final = "/dev/termination-log"
_RETRY_SECONDS: Final = 0.2
_DEFAULT_GRACE_SECONDS: Final = 30
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SSL_CERT_FILE")
_FALLBACK_BYTES: Final = 2048
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_FINISHED: Final = frozenset({"Succeeded", "Failed"})


@dataclass
class _Care:
    """One Pod in the runner's care."""

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
        self._cares: dict[str, _Care] = {}
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
        tasks = [task for task in (self._watcher, *(care.task for care in self._cares.values())) if task]
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
        for care in self._cares.values():
            metadata = care.pod["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, name) and care.process is not None:
                care.fault = fault
                _kill(care.process)
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
                self._notice(pod, deleted=event == "DELETED")
            if event == "LIST":
                present = {pod["metadata"]["uid"] for pod in pods}
                for uid in self._cares.keys() - present:
                    self._notice(self._cares[uid].pod, deleted=True)

    def _notice(self, pod: dict[str, Any], *, deleted: bool) -> None:
        uid = pod["metadata"]["uid"]
        care = self._cares.get(uid)
        if care is None:
            if not deleted and _is_ours_to_run(pod):
                care = self._cares[uid] = _Care(pod)
                care.task = asyncio.create_task(self._look_after(care))
                care.task.add_done_callback(lambda task: self._let_go(uid, task))
        elif deleted:
            care.grace = 0
            care.stopping.set()
        elif pod["metadata"].get("deletionTimestamp"):
            care.grace = pod["metadata"].get("deletionGracePeriodSeconds", _DEFAULT_GRACE_SECONDS)
            care.stopping.set()

    def _let_go(self, uid: str, task: asyncio.Task[None]) -> None:
        del self._cares[uid]
        self._note_failure(task)

    def _note_failure(self, task: asyncio.Task[None]) -> None:
        """Keep a fault of the runner itself for the end, where it is raised."""
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    async def _look_after(self, care: _Care) -> None:
        try:
            async with self._slots:
                await self._bind(care)
                ending = await self._run(care)
            await self._write(care, ended(care.pod, ending))
            if care.stopping.is_set():
                uid = care.pod["metadata"]["uid"]
                await self._api.delete(care.path, {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}})
        except ApiError as error:
            if error.status not in {_NOT_FOUND, _CONFLICT}:  # another may have removed or replaced the Pod
                raise
        finally:
            if care.process is not None and care.process.returncode is None:
                _kill(care.process)
                await care.process.wait()

    async def _bind(self, care: _Care) -> None:
        """Schedule the Pod: only a bound Pod is deleted with its grace period."""
        if care.pod["spec"].get("nodeName"):
            return
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        name = care.pod["metadata"]["name"]
        await self._api.post(f"{care.path}/binding", {"metadata": {"name": name}, "target": target})

    async def _run(self, care: _Care) -> Ending:
        environment = await self._await_configuration(care)
        if environment is None:
            return Ending(
                exit_code=KILLED,
                reason="ContainerStatusUnknown",
                message="The container could not be located when the pod was terminated",
                started=None,
                finished=datetime.now(UTC),
            )
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            return await self._run_process(care, environment, Path(scratch))

    async def _await_configuration(self, care: _Care) -> dict[str, str] | None:
        """Return the container's variables as soon as it can start; None when its Pod is deleted before."""
        written: tuple[str, str | None] | None = None
        while not care.stopping.is_set():
            obstacle = self._image_obstacle(care)
            if obstacle is None:
                try:
                    return await resolve_environment(care.pod, care.container, self._reader(care))
                except ContainerConfigError as error:
                    obstacle = ("CreateContainerConfigError", str(error))
            if obstacle != written:
                reason, message = obstacle
                await self._write(care, waiting(care.pod, reason=reason, message=message, now=datetime.now(UTC)))
                written = obstacle
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(care.stopping.wait(), _RETRY_SECONDS)
        return None

    def _image_obstacle(self, care: _Care) -> tuple[str, str] | None:
        image = care.container["image"]
        if image not in self.unpullable:
            return None
        return "ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {image}: not found'

    def _reader(self, care: _Care) -> Any:
        namespace = care.pod["metadata"]["namespace"]

        async def read(resource: str, name: str) -> Mapping[str, Any] | None:
            try:
                return await self._api.get(f"/api/v1/namespaces/{namespace}/{resource}/{name}")
            except ApiError as error:
                if error.status == _NOT_FOUND:
                    return None
                raise

        return read

    async def _run_process(self, care: _Care, environment: dict[str, str], scratch: Path) -> Ending:
        termination_log = scratch / "termination-log"
        path = care.container.get("terminationMessagePath", _TERMINATION_LOG)
        entrypoint = self.entrypoints.get(care.container["image"], ENTRYPOINT)
        command = [
            part.replace(path, str(termination_log))
            for part in resolve_command(care.container, environment, entrypoint)
        ]
        metadata = care.pod["metadata"]
        log_path = self._log_path(metadata["namespace"], metadata["name"])
        # A container sees the log as a mounted file: what replaces it by renaming does not reach the kubelet.
        with termination_log.open("w+b") as message, log_path.open("ab") as log:
            started = datetime.now(UTC)
            care.process = await asyncio.create_subprocess_exec(
                *tethered(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._base_environment(scratch, metadata["name"])
                | {key: value.replace(path, str(termination_log)) for key, value in environment.items()},
                cwd=scratch,
                start_new_session=True,
            )
            await self._write(care, running(care.pod, started=started))
            code = await self._await_exit(care, care.process)
            message.seek(0)
            text = termination_message(message.read())
        if not text and code and care.container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            text = log_path.read_bytes()[-_FALLBACK_BYTES:].decode(errors="replace")
        return _ending(care, code, started=started, message=text)

    def _base_environment(self, home: Path, hostname: str) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return passed_on | {"HOME": str(home), "TMPDIR": str(home), "HOSTNAME": hostname} | self._environment

    async def _await_exit(self, care: _Care, process: asyncio.subprocess.Process) -> int:
        """Return the exit code; when the Pod is deleted meanwhile, SIGTERM, the grace period, SIGKILL."""
        exited = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(care.stopping.wait())
        try:
            await asyncio.wait({exited, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not exited.done():
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                await asyncio.wait({exited}, timeout=care.grace)
            if not exited.done():
                _kill(process)
            code = await exited
        finally:
            stopping.cancel()
            exited.cancel()
        return code if code >= 0 else 128 - code

    async def _write(self, care: _Care, status: Status) -> None:
        body = {"metadata": {"uid": care.pod["metadata"]["uid"]}, "status": status}
        care.pod = await self._api.patch(f"{care.path}/status", body)

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


def _ending(care: _Care, code: int, *, started: datetime, message: str) -> Ending:
    finished = datetime.now(UTC)
    if care.fault == "Evicted":
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
    reason = care.fault or ("Error" if code else "Completed")
    return Ending(exit_code=code, reason=reason, started=started, finished=finished, message=message)

"""A Kubernetes control plane of real parts on loopback: etcd, API server and controller manager.

No node, no root, no containers: a start takes a few seconds, and everything it made goes with `stop`.
"""

import http
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from localkube.assets import find_assets
from localkube.credentials import LOOPBACK, create_credentials, kubeconfig, write_private
from localkube.parts import Flags, Part, Ports, api_server_flags, controller_manager_flags, etcd_flags
from localkube.process import Process, free_ports

_START_SECONDS: Final = 240.0
_POLL_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 10.0
_KUBECTL_SECONDS: Final = 240.0
_PORT_TRIES: Final = 3


class ControlPlaneError(RuntimeError):
    """A part did not start or died; the message ends with the last lines of its log."""


class KubectlError(RuntimeError):
    """kubectl ended with an error.

    Attributes:
        stderr: What it said.
    """

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        super().__init__(f"kubectl {' '.join(arguments)}: {stderr.strip()}")
        self.stderr = stderr


class ControlPlane:
    """Starts, serves and removes one control plane; a context manager.

    RBAC is on; the admin's kubeconfig is at `kubeconfig`, readable by its owner alone.
    """

    def __init__(
        self,
        *,
        assets: Path | None = None,
        api_server_flags: Sequence[str] = (),
        controller_manager_flags: Sequence[str] = (),
    ) -> None:
        """Prepare one; nothing runs before `start`.

        Args:
            assets: Folder of the programs; None: found, downloaded or built (`localkube.assets`).
            api_server_flags: Further flags of the API server; they win over our own.
            controller_manager_flags: Further flags of the controller manager; they win over our own.
        """
        self._assets = assets
        self._api_server_flags = tuple(api_server_flags)
        self._controller_manager_flags = tuple(controller_manager_flags)
        self._folder: Path | None = None
        self._parts: dict[Part, Process] = {}
        self._token = ""
        self._kubeconfigs = 0
        self.server = ""
        """URL of the API server."""

    @property
    def folder(self) -> Path:
        """Temporary folder with the logs, the state and the kubeconfigs.

        Raises:
            RuntimeError: Not started.
        """
        if self._folder is None:
            raise RuntimeError("the control plane is not started")
        return self._folder

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the admin."""
        return self.folder / "kubeconfig"

    @property
    def assets(self) -> Path:
        """Folder of the programs."""
        if self._assets is None:
            self._assets = find_assets()
        return self._assets

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all parts and return when the API server is ready and the controllers work.

        Raises:
            ControlPlaneError: A part ended, or was not ready within a minute.
        """
        assets = self.assets
        for attempt in range(1, _PORT_TRIES + 1):
            try:
                self._start(assets)
            except ControlPlaneError as error:
                self.stop()
                # Another process may have taken a port between our choice and the part's own bind.
                if attempt == _PORT_TRIES or "address already in use" not in str(error):
                    raise
            except BaseException:
                self.stop()
                raise
            else:
                return

    def stop(self) -> None:
        """Kill all parts and remove everything they made. Safe to repeat."""
        for process in reversed(self._parts.values()):
            process.stop()
        self._parts.clear()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def pid(self, part: Part) -> int:
        """Return the process id of a running part."""
        return self._parts[part].pid

    def stop_part(self, part: Part, number: signal.Signals = signal.SIGKILL) -> None:
        """End one part by a signal and wait until it is gone."""
        self._parts[part].stop(number)

    def start_part(self, part: Part) -> None:
        """Start a stopped part again, on the same port and state, and wait until it is ready."""
        self._parts[part].start()
        self._await_ready(part)

    def restart(self, part: Part, number: signal.Signals = signal.SIGKILL) -> None:
        """End one part by a signal and start it again."""
        self.stop_part(part, number)
        self.start_part(part)

    def pause(self, part: Part) -> None:
        """Freeze one part: its connections stay open and nothing answers."""
        self._parts[part].pause()

    def resume(self, part: Part) -> None:
        """Let a paused part go on."""
        self._parts[part].resume()

    def log(self, part: Part) -> str:
        """Return what a part has logged."""
        return self._parts[part].log.read_text(errors="replace")

    def kubectl(
        self,
        *arguments: str,
        stdin: str | None = None,
        kubeconfig: Path | None = None,
        timeout: float = _KUBECTL_SECONDS,
    ) -> str:
        """Run kubectl as the admin, or with another kubeconfig, and return its standard output.

        Raises:
            KubectlError: It failed.
            subprocess.TimeoutExpired: It took longer than `timeout` seconds.
        """
        result = subprocess.run(
            [str(self.assets / "kubectl"), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=self.environment(kubeconfig),
        )
        if result.returncode:
            raise KubectlError(arguments, result.stderr)
        return result.stdout

    def apply_crds(self, path: Path) -> None:
        """Apply the CustomResourceDefinitions of a file or folder and return when all are served.

        They are when discovery has them, by which kubectl knows short names: some time after they are established.
        """
        self.kubectl("apply", "--server-side", "-f", str(path))
        applied = {name.partition("/")[2] for name in self.kubectl("get", "crd", "-o", "name").split()}
        deadline = time.monotonic() + _START_SECONDS
        while missing := applied - set(self.kubectl("api-resources", "--cached=false", "-o", "name").split()):
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"not served after {_START_SECONDS:.0f} s: {', '.join(sorted(missing))}")
            time.sleep(_POLL_SECONDS)

    def environment(self, kubeconfig: Path | None = None) -> dict[str, str]:
        """Return an environment for a program that talks to this control plane, kubectl on its PATH."""
        return {
            "PATH": f"{self.assets}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(self.folder),
            "KUBECONFIG": str(kubeconfig or self.kubeconfig),
        }

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """Return the path of a new kubeconfig that acts as this existing service account, for an hour."""
        token = self.kubectl("create", "token", name, "--namespace", namespace, "--duration", "1h").strip()
        self._kubeconfigs += 1
        return self._write_kubeconfig(f"kubeconfig-{self._kubeconfigs}-{name}", token, namespace)

    def _write_kubeconfig(self, name: str, token: str, namespace: str = "default") -> Path:
        ca = self.folder / "credentials" / "ca.crt"
        content = kubeconfig(server=self.server, ca=ca, token=token, namespace=namespace)
        return write_private(self.folder / name, content)

    def _start(self, assets: Path) -> None:
        folder = self._folder = Path(tempfile.mkdtemp(prefix="localkube-"))
        credentials = create_credentials(folder / "credentials")
        ports = self._ports = Ports(*free_ports(4))
        self.server = f"https://{LOOPBACK}:{ports.api_server}"
        self._token = credentials.admin_token
        tls = ssl.create_default_context(cafile=str(credentials.ca))
        # No proxy: what the environment says of one is not for loopback.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)
        )
        self._write_kubeconfig("kubeconfig", credentials.admin_token)
        controllers = self._write_kubeconfig("kubeconfig-controller-manager", credentials.controller_manager_token)
        self._add(assets, Part.ETCD, etcd_flags(ports, folder))
        self._add(assets, Part.API_SERVER, api_server_flags(ports, folder, credentials), self._api_server_flags)
        self._add(
            assets,
            Part.CONTROLLER_MANAGER,
            controller_manager_flags(ports, folder, credentials, controllers),
            self._controller_manager_flags,
        )
        self._parts[Part.ETCD].start()
        self.start_part(Part.API_SERVER)  # it waits for etcd by itself
        self.start_part(Part.CONTROLLER_MANAGER)
        # The first service account shows that the controllers work.
        self._await("/api/v1/namespaces/default/serviceaccounts/default", Part.CONTROLLER_MANAGER)

    def _add(self, assets: Path, part: Part, flags: Flags, further: Sequence[str] = ()) -> None:
        self._parts[part] = Process(
            part,
            [str(assets / part), *(f"--{name}={value}" for name, value in flags.items()), *further],
            log=self.folder / f"{part}.log",
            environment={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder)},
        )

    def _await_ready(self, part: Part) -> None:
        self._await(
            {
                Part.ETCD: f"http://{LOOPBACK}:{self._ports.etcd}/health",
                Part.API_SERVER: "/readyz",
                Part.CONTROLLER_MANAGER: f"https://{LOOPBACK}:{self._ports.controller_manager}/healthz",
            }[part],
            part,
        )

    def _await(self, url: str, part: Part) -> None:
        """Wait until the URL, or path of the API server, answers with success."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers(url):
            for process in self._parts.values():
                if process.exit_code is not None:
                    raise ControlPlaneError(
                        f"{process.name} ended with {process.exit_code}; its log ends:\n{process.log_tail()}"
                    )
            if time.monotonic() > deadline:
                raise ControlPlaneError(
                    f"{part} is not ready after {_START_SECONDS:.0f} s; its log ends:\n{self._parts[part].log_tail()}"
                )
            time.sleep(_POLL_SECONDS)

    def _answers(self, url: str) -> bool:
        request = urllib.request.Request(  # noqa: S310 - the URL is our own
            urllib.parse.urljoin(self.server, url), headers={"Authorization": f"Bearer {self._token}"}
        )
        try:
            with self._opener.open(request, timeout=_ANSWER_SECONDS) as answer:
                return bool(answer.status == http.HTTPStatus.OK)
        except OSError:  # urllib's errors are among them
            return False

"""The cluster that the story plays in, by way of the programs that people use: kubectl, helm, kind."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

ROOT: Final = Path(__file__).parents[2]
IMAGE: Final = "mogulsync:e2e"
OPERATOR_NAMESPACE: Final = "mogulsync-e2e"
NAMESPACE: Final = "mogulsync-e2e-destinations"
"""Where the destinations and the sandbox are."""
CRD: Final = "intercomdestinations.mogulsync.dev"
MONITORING: Final = tuple(
    f"{kind}.monitoring.coreos.com" for kind in ("podmonitors", "prometheusrules", "servicemonitors")
)
"""The Prometheus Operator's kinds, which the story brings along in small."""

_NAMESPACES: Final = (OPERATOR_NAMESPACE, NAMESPACE)
_OPERATOR_PODS: Final = "--selector=app.kubernetes.io/instance=mogulsync,app.kubernetes.io/component=operator"
_HEALED: Final = ("cannot be read or written", "Request attempt #")
"""What the operator says of one request to the API server that failed and is made again."""

_KIND_CLUSTER: Final = "mogulsync-e2e"
_NOT_OURS: Final = ("event/", "event.events.k8s.io/", "configmap/kube-root-ca.crt", "serviceaccount/default")
"""What Kubernetes itself keeps in every namespace."""

_T = TypeVar("_T")


class CommandError(AssertionError):
    """A command that failed, with what it wrote."""


def run(*command: str, given: str | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a command in the repository's root and return its standard output.

    Raises:
        CommandError: It exits with another code than 0.
    """
    result = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    if result.returncode != 0:
        raise CommandError(f"{shlex.join(command)}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def eventually(look: Callable[[], _T], until: Callable[[_T], object] = bool, *, within: float) -> _T:
    """Return the first answer of `look`, asked twice a second for `within` seconds, that `until` accepts."""
    end = time.monotonic() + within
    while not until(answer := look()):
        assert time.monotonic() < end, f"not within {within:.0f} s; last seen: {answer!r}"
        time.sleep(0.5)
    return answer


def far_schedule() -> str:
    """Return a schedule of once a day, half a day away in CET, so that nothing is due while a story plays."""
    return f"0 {(datetime.now(ZoneInfo('CET')).hour + 12) % 24} * * *"


def packed_chart(folder: Path, root: Path = ROOT) -> str:
    """Package the chart of a checkout into the folder, as a release does, and return the archive's path."""
    run("helm", "package", str(root / "charts" / "mogulsync"), "--destination", str(folder))
    (archive,) = folder.glob("mogulsync-*.tgz")
    return str(archive)


@dataclass(frozen=True)
class Cluster:
    """A Kubernetes cluster that this machine may bring images into."""

    kubeconfig: str
    load_command: tuple[str, ...]
    """Brings an image into the cluster, given its name."""

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """Run kubectl, by default in the destinations' namespace, and return what it prints."""
        return run("kubectl", "--namespace", NAMESPACE, *arguments, given=given, env=self._environment())

    def helm(self, *arguments: str) -> str:
        """Run helm in the operator's namespace and return what it prints."""
        return run("helm", "--namespace", OPERATOR_NAMESPACE, *arguments, env=self._environment())

    def mogulsync(self, *arguments: str) -> str:
        """Run one of the commands for people and return what it prints."""
        return run(sys.executable, "-m", "mogulsync", *arguments, env=self._environment())

    def load_image(self, image: str = IMAGE) -> None:
        """Bring an image that was built into the cluster."""
        run(*self.load_command, image, env=self._environment())

    @contextmanager
    def forwarded(self, service: str, port: int) -> Iterator[str]:
        """Yield a URL of this machine at which a Service of the operator's namespace is reached."""
        command = ("kubectl", "--namespace", OPERATOR_NAMESPACE, "port-forward", f"service/{service}", f":{port}")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self._environment()) as process:
            try:
                assert process.stdout is not None
                # Forwarding from 127.0.0.1:39151 -> 8080
                yield f"http://{process.stdout.readline().split()[2]}"
            finally:
                process.terminate()

    def get(self, *arguments: str) -> dict[str, Any]:
        """Return an object, or a list of them, as it stands in the cluster."""
        answer: dict[str, Any] = json.loads(self.kubectl("get", "--output=json", *arguments))
        return answer

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the objects that a selection finds."""
        found: list[dict[str, Any]] = self.get(*arguments)["items"]
        return found

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply manifests as a person would."""
        self.kubectl(
            "apply", "--filename=-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        )

    def operator_pods(self) -> list[dict[str, Any]]:
        """Return the operator's Pods, those left out that are on their way out."""
        pods = self.items("pods", "--namespace", OPERATOR_NAMESPACE, _OPERATOR_PODS)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def complaints(self, pod: dict[str, Any]) -> list[str]:
        """Return what an operator's Pod logs above `info`, but for a request that an API server out of breath failed.

        Losing the lease, a reconcile that is made again and all else count.
        """
        lines = self.kubectl("logs", pod["metadata"]["name"], "--namespace", OPERATOR_NAMESPACE).splitlines()
        records = [json.loads(line) for line in lines]
        return [
            json.dumps(record)
            for record in records
            if record["level"] not in {"debug", "info"} and not any(words in record["message"] for words in _HEALED)
        ]

    def make_namespaces(self) -> None:
        """Make both namespaces; the API server refuses Pods there that do not pass Pod Security `restricted`."""
        for name in _NAMESPACES:
            labels = {"pod-security.kubernetes.io/enforce": "restricted", "app.kubernetes.io/part-of": "mogulsync-e2e"}
            self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def refuse_if_used(self) -> None:
        """Fail when someone else's destinations are in the cluster."""
        if self.kubectl("get", "crd", CRD, "--ignore-not-found"):
            used = {item["metadata"]["namespace"] for item in self.items(CRD, "--all-namespaces")} - {NAMESPACE}
            assert not used, f"the cluster has IntercomDestinations in {sorted(used)}; use another one"

    def remove(self) -> None:
        """Remove everything that the story makes, whatever of it there is."""
        if self.kubectl("get", "namespace", OPERATOR_NAMESPACE, "--ignore-not-found"):
            for release in ("second", "mogulsync"):
                self.helm("uninstall", release, "--ignore-not-found", "--wait")
        self.kubectl("delete", "namespace", *_NAMESPACES, "--ignore-not-found", "--timeout=120s")
        self.kubectl("delete", "crd", CRD, *MONITORING, "--ignore-not-found", "--timeout=60s")

    def leftovers(self) -> list[str]:
        """Return what is in the story's namespaces or, outside of any, carries the project's name."""
        found = []
        for namespace in _NAMESPACES:
            names = self._list("--namespaced=true", "--namespace", namespace)
            found += [f"{namespace}: {name}" for name in names if not name.startswith(_NOT_OURS)]
        outside = self._list("--namespaced=false")
        return found + [name for name in outside if "mogulsync" in name and not name.startswith("namespace/")]

    def report(self) -> str:
        """Return what a person would look at when something went wrong."""
        looks = [
            ("kubectl", "--namespace", namespace, *arguments)
            for namespace in _NAMESPACES
            for arguments in (
                ("get", "icd,cronjobs,jobs,pods", "--output=wide"),
                ("get", "icd", "--output=yaml"),
                ("describe", "pods"),
                ("get", "events", "--sort-by=.lastTimestamp"),
                ("logs", "--selector=app.kubernetes.io/part-of=mogulsync", "--tail=60", "--prefix"),
            )
        ]
        return "\n".join(f"$ {shlex.join(look)}\n{_output(look, self._environment())}" for look in looks)

    def _list(self, scope: str, *where: str) -> list[str]:
        resources = self.kubectl("api-resources", "--verbs=list", "--output=name", scope).split()
        return self.kubectl("get", ",".join(resources), "--output=name", "--ignore-not-found", *where).split()

    def _environment(self) -> dict[str, str]:
        return os.environ | {"KUBECONFIG": self.kubeconfig}


def _output(command: tuple[str, ...], env: Mapping[str, str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    return result.stdout + result.stderr


@contextmanager
def a_cluster(folder: Path) -> Iterator[Cluster]:
    """Yield the cluster that the environment names, or a kind cluster of our own that is deleted afterwards."""
    kubeconfig, load = os.environ.get("KUBECONFIG"), os.environ.get("E2E_LOAD_IMAGE")
    if kubeconfig and load:
        _require("kubectl", "helm")
        yield Cluster(kubeconfig=kubeconfig, load_command=tuple(shlex.split(load)))
        return
    _require("kubectl", "helm", "docker", "kind")
    own = str(folder / "kubeconfig")
    try:
        image = os.environ.get("E2E_KIND_IMAGE")
        given = ("--image", image) if image else ()
        run("kind", "create", "cluster", "--name", _KIND_CLUSTER, "--kubeconfig", own, "--wait", "120s", *given)
        yield Cluster(kubeconfig=own, load_command=("kind", "load", "docker-image", "--name", _KIND_CLUSTER))
    finally:
        run("kind", "delete", "cluster", "--name", _KIND_CLUSTER, "--kubeconfig", own)


def _require(*programs: str) -> None:
    missing = [program for program in programs if not shutil.which(program)]
    assert not missing, (
        f"not on the PATH: {', '.join(missing)}. Install what is missing, or set KUBECONFIG and E2E_LOAD_IMAGE (a "
        "command that brings an image into that cluster, given its name), for which kubectl and helm suffice."
    )

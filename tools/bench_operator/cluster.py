"""A control plane of its own, with what every measurement needs in it."""

import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_operator.api import Api
from bench_operator.audit import ACCOUNT, Audit
from bench_operator.destinations import NAMESPACE
from bench_operator.observer import Observer, observing
from localkube import ControlPlane
from localkube.process import Process
from mogulsync.resource.names import PLURAL

_CRDS: Final = Path(__file__).parents[2] / "crds"
_TOOLS: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A control plane with our resource, a namespace, and Pods that end at once."""

    api: Api
    """As the admin."""
    observer: Observer
    audit: Audit
    kubeconfig: Path
    """Of the service account that what is measured acts as."""
    folder: Path


@asynccontextmanager
async def cluster() -> AsyncIterator[Cluster]:
    """Start a fresh control plane; everything in it is removed when the context ends."""
    with _control_plane() as (plane, audit):
        kubelet = Process(
            "kubelet",
            [sys.executable, "-m", "bench_operator.kubelet", str(plane.kubeconfig)],
            log=plane.folder / "kubelet.log",
            environment={**plane.environment(), "PYTHONPATH": str(_TOOLS)},
        )
        kubelet.start()
        try:
            async with Api(plane.kubeconfig) as api, observing(api) as observer:
                kubeconfig = plane.service_account_kubeconfig(NAMESPACE, ACCOUNT)
                yield Cluster(api, observer, audit, kubeconfig, plane.folder)
        finally:
            kubelet.stop()


@contextmanager
def _control_plane() -> Iterator[tuple[ControlPlane, Audit]]:
    with tempfile.TemporaryDirectory(prefix="mogulsync-bench-") as folder:
        audit = Audit(Path(folder))
        with ControlPlane(api_server_flags=audit.flags) as plane:
            plane.apply_crds(_CRDS)
            plane.kubectl("create", "namespace", NAMESPACE)
            plane.kubectl("wait", "--for=create", "serviceaccount/default", "--namespace", NAMESPACE, "--timeout=30s")
            plane.kubectl("create", "serviceaccount", ACCOUNT, "--namespace", NAMESPACE)
            # What it may do is the chart's tests' concern.
            plane.kubectl(
                "create", "clusterrolebinding", "bench", "--clusterrole=cluster-admin",
                f"--serviceaccount={NAMESPACE}:{ACCOUNT}",
            )  # fmt: skip
            # Its storage begins a moment after it is established; until then watches are refused. kubectl asks again.
            plane.kubectl("get", PLURAL, "--namespace", NAMESPACE)
            yield plane, audit

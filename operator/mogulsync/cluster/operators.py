"""The operators of a cluster: their Deployments, their Pods, and the Lease by which one of several acts."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from mogulsync.cluster.access import Access
from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.kube.objects import PODS, GroupVersionResource, Object
from mogulsync.resource import names

DEPLOYMENTS: Final = GroupVersionResource("apps", "v1", "deployments", "Deployment")
LEASES: Final = GroupVersionResource("coordination.k8s.io", "v1", "leases", "Lease")

_LABEL_VERSION: Final = "app.kubernetes.io/version"
_COMPONENT: Final = f"{names.LABEL_COMPONENT}=operator"
_PRODUCT: Final = "mogulsync"
_LOOK_SECONDS: Final = 0.5
_LEASE_SECONDS: Final = 10
"""How long a Lease lasts that has no leaseDurationSeconds."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """A Deployment of the operator."""

    namespace: str
    name: str
    version: str
    """By its label, else by its image's tag; empty when neither has one."""
    wanted: int
    ready: int
    lease: str
    """Name of its Lease; empty when it elects no leader."""
    watched: tuple[str, ...]
    """Namespaces that it serves; none: all."""
    service_account: str
    selector: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


async def find_operators(access: Access, namespace: str | None) -> list[Operator]:
    """Return the operators of a namespace, or of the cluster, by the label of their Deployments."""
    found = await access.read_all(DEPLOYMENTS, namespace, label_selector=_COMPONENT)
    return [operator_of(each) for each in found if _is_ours(each["metadata"].get("labels") or {})]


def _is_ours(labels: Object) -> bool:
    return _PRODUCT in {labels.get(names.LABEL_PART_OF), labels.get(names.LABEL_NAME)}


def operator_of(deployment: Object) -> Operator:
    """Return the operator that a Deployment runs."""
    metadata, spec, status = deployment["metadata"], deployment["spec"], deployment.get("status") or {}
    pod = spec["template"]["spec"]
    container = _container(pod)
    arguments = [str(each) for each in container.get("args") or ()]
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    elects = "--no-leader-elect" not in arguments
    return Operator(
        namespace=metadata["namespace"],
        name=metadata["name"],
        version=(metadata.get("labels") or {}).get(_LABEL_VERSION) or _tag(str(container.get("image") or "")),
        wanted=1 if spec.get("replicas") is None else spec["replicas"],
        ready=status.get("readyReplicas") or 0,
        lease=(_values(arguments, "--lease-name") or [names.LEASE_NAME])[-1] if elects else "",
        watched=tuple(_values(arguments, "--namespace")),
        service_account=pod.get("serviceAccountName") or "default",
        selector=",".join(f"{key}={value}" for key, value in labels.items()),
    )


def _container(pod: Object) -> Object:
    containers: list[Object] = pod["containers"]
    return next((each for each in containers if each["name"] == "operator"), containers[0])


def _values(arguments: list[str], option: str) -> list[str]:
    """Return the values that an option is given, as --option=value or as two arguments."""
    values = [each.partition("=")[2] for each in arguments if each.startswith(f"{option}=")]
    return [*values, *(value for name, value in pairwise(arguments) if name == option)]


def _tag(image: str) -> str:
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return tag.removeprefix("v")


async def trouble_of_pods(access: Access, operator: Operator) -> str:
    """Return why the operator's Pods do not run, in Kubernetes' words; empty when not known."""
    try:
        pods = await access.read_all(PODS, operator.namespace, label_selector=operator.selector)
    except ClusterProblemError as error:
        return str(error)
    return next(filter(None, map(_trouble, pods)), "" if pods else "there is no Pod of it")


def _trouble(pod: Object) -> str:
    status: Object = pod.get("status") or {}
    for container in status.get("containerStatuses") or ():
        state: dict[str, Any] = container.get("state") or {}
        for part in (
            state.get("waiting"),
            state.get("terminated"),
            (container.get("lastState") or {}).get("terminated"),
        ):
            if part and part.get("reason") not in {None, "Completed", "ContainerCreating"}:
                return f"{part['reason']}: {part.get('message') or pod['metadata']['name']}"
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{condition.get('reason')}: {condition.get('message')}"
    return ""


@dataclass(frozen=True, kw_only=True)
class LeaseSeen:
    """The holder of a Lease, and whether it renews it."""

    holder: str
    alive: bool
    """Whether the holder renews it."""
    renewed: datetime | None


async def look_at_lease(access: Access, namespace: str, name: str) -> LeaseSeen:
    """Return whether the holder of a Lease renews it.

    A renewal that is recent by this machine's clock is enough; else the Lease is looked at until it changes or has run
    out, because the clocks of two machines differ.
    """
    first = (await access.read(LEASES, namespace, name)).get("spec") or {}
    holder, renewed = first.get("holderIdentity") or "", _time(first.get("renewTime"))
    lasts = float(first.get("leaseDurationSeconds") or _LEASE_SECONDS)
    if not holder or renewed is None:
        return LeaseSeen(holder="", alive=False, renewed=renewed)
    if abs(datetime.now(UTC) - renewed) < timedelta(seconds=lasts):
        return LeaseSeen(holder=holder, alive=True, renewed=renewed)
    end = asyncio.get_running_loop().time() + lasts
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(_LOOK_SECONDS)
        now = (await access.read(LEASES, namespace, name)).get("spec") or {}
        if now.get("renewTime") != first.get("renewTime") and now.get("holderIdentity"):
            return LeaseSeen(holder=now["holderIdentity"], alive=True, renewed=_time(now.get("renewTime")))
    return LeaseSeen(holder=holder, alive=False, renewed=renewed)


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None

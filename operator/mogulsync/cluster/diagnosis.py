"""The checks of `doctor`: whether the cluster is fit, the operator at work, and the person allowed to use it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from mogulsync import __version__
from mogulsync.cluster.access import DESTINATIONS, NAMESPACES, Access
from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.cluster.operators import Operator, find_operators, look_at_lease, trouble_of_pods
from mogulsync.kube.objects import CRONJOBS, PODS, GroupVersionResource, NamespacedName, Object
from mogulsync.resource import names
from mogulsync.resource.crd import custom_resource_definition

OLDEST_KUBERNETES: Final = (1, 29)
"""The same as the chart's kubeVersion."""

_CRDS: Final = GroupVersionResource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"
)
_CRD_NAME: Final = f"{names.PLURAL}.{names.GROUP}"
_OWN_REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_OBSERVED_WITHIN: Final = timedelta(minutes=1)
"""How long the operator may take to see a change of a destination."""
_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    ok: bool
    message: str
    fix: str = ""


class Right(NamedTuple):
    """One thing that a person, or the operator, may do."""

    verb: str
    group: str
    resource: str
    use: str = ""
    """What it is needed for."""

    @property
    def name(self) -> str:
        """The right in words: `patch intercomdestinations.mogulsync.dev`."""
        plural, _, subresource = self.resource.partition("/")
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {plural}{group}" + (f"/{subresource}" if subresource else "")


PERSONS_RIGHTS: Final = (
    Right("get", names.GROUP, names.PLURAL, "status, sync-now --wait, preview"),
    Right("list", names.GROUP, names.PLURAL, "status, -A, -l, --all"),
    Right("patch", names.GROUP, names.PLURAL, "sync-now, check-now, preview, suspend, resume"),
    Right("list", "", "pods", "logs"),
    Right("get", "", "pods/log", "logs"),
    Right("create", "", "secrets", "connect --apply"),
    Right("patch", "", "secrets", "connect --apply"),
)
INSTALLERS_RIGHTS: Final = (
    Right("create", "apiextensions.k8s.io", "customresourcedefinitions", "the CustomResourceDefinition"),
    Right("create", "rbac.authorization.k8s.io", "clusterroles", "the operator's rights"),
    Right("create", "rbac.authorization.k8s.io", "clusterrolebindings", "the operator's rights"),
)
INSTALLERS_RIGHTS_IN_NAMESPACE: Final = (
    Right("create", "apps", "deployments", "the operator"),
    Right("create", "", "serviceaccounts", "the operator"),
    Right("create", "", "services", "the operator's metrics"),
    Right("create", "rbac.authorization.k8s.io", "roles", "the operator's Lease"),
    Right("create", "rbac.authorization.k8s.io", "rolebindings", "the operator's Lease"),
    Right("create", "", "secrets", "helm's record of the release"),
)
OPERATORS_RIGHTS: Final = (
    Right("list", names.GROUP, names.PLURAL),
    Right("watch", names.GROUP, names.PLURAL),
    Right("patch", names.GROUP, f"{names.PLURAL}/status"),
    Right("list", "batch", "cronjobs"),
    Right("patch", "batch", "cronjobs"),
    Right("list", "batch", "jobs"),
    Right("create", "batch", "jobs"),
    Right("list", "", "pods"),
)

Check = Callable[[], Awaitable[list[Finding]]]


async def diagnose(access: Access, *, operator_namespace: str | None, pre: bool) -> AsyncIterator[Finding]:
    """Yield what each check found, as soon as it is known; the first ends the rest where the cluster is not reached."""
    try:
        yield await _kubernetes(access)
    except ClusterProblemError as error:
        yield Finding(
            check="cluster", ok=False, message=str(error).partition("; ")[0], fix=str(error).partition("; ")[2]
        )
        return
    checks = _before_install(access, operator_namespace) if pre else _after_install(access, operator_namespace)
    for title, check in checks:
        try:
            for finding in await check():
                yield finding
        except ClusterProblemError as error:
            what, _, fix = str(error).partition("; ")
            yield Finding(check=title, ok=False, message=f"not known: {what}", fix=fix)


def _before_install(access: Access, operator_namespace: str | None) -> list[tuple[str, Check]]:
    place = operator_namespace or access.namespace
    return [
        ("CRD", lambda: _crd(access, required=False)),
        ("rights", lambda: _rights(access, INSTALLERS_RIGHTS, None)),
        ("rights", lambda: _rights(access, INSTALLERS_RIGHTS_IN_NAMESPACE, place)),
    ]


def _after_install(access: Access, operator_namespace: str | None) -> list[tuple[str, Check]]:
    return [
        ("CRD", lambda: _crd(access, required=True)),
        ("operator", lambda: _operators(access, operator_namespace)),
        ("rights", lambda: _rights(access, PERSONS_RIGHTS, access.namespace)),
        ("destinations", lambda: _destinations(access)),
    ]


# --- the cluster ---


async def _kubernetes(access: Access) -> Finding:
    version = await access.read_path("/version")
    digits = [int("".join(filter(str.isdigit, str(version.get(part, "")))) or 0) for part in ("major", "minor")]
    version_text = f"Kubernetes {version.get('gitVersion')} at {access.server}"
    if tuple(digits) >= OLDEST_KUBERNETES:
        return Finding(check="cluster", ok=True, message=version_text)
    oldest = ".".join(map(str, OLDEST_KUBERNETES))
    return Finding(
        check="cluster",
        ok=False,
        message=f"{version_text} is older than {oldest}",
        fix=f"upgrade the cluster to {oldest} or later",
    )


async def _crd(access: Access, *, required: bool) -> list[Finding]:
    try:
        live = await access.read(_CRDS, None, _CRD_NAME)
    except ClusterProblemError as error:
        if error.not_found:
            return [_no_crd(required=required)]
        if error.forbidden:
            return [await _crd_by_discovery(access, required=required)]
        raise
    ours = custom_resource_definition()["spec"]["versions"]
    theirs = {each["name"]: each for each in live["spec"]["versions"]}
    same = all(each["name"] in theirs and each["schema"] == theirs[each["name"]].get("schema") for each in ours)
    if not _established(live):
        message = f"{_CRD_NAME} is there, but the API server does not serve it"
        return [Finding(check="CRD", ok=False, message=message, fix=f"see kubectl describe crd {_CRD_NAME}")]
    if same:
        return [Finding(check="CRD", ok=True, message=f"{_CRD_NAME} is that of {__version__}")]
    message = f"{_CRD_NAME} is of another version than this program ({__version__})"
    if not required:
        return [Finding(check="CRD", ok=True, message=f"{message}; the install brings it up to date")]
    fix = "upgrade the chart's release (crds.enabled), or kubectl apply --server-side -f crds/"
    return [Finding(check="CRD", ok=False, message=message, fix=fix)]


def _established(live: Object) -> bool:
    conditions = (live.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _no_crd(*, required: bool) -> Finding:
    if required:
        fix = "install the chart (README, Install)"
        return Finding(check="CRD", ok=False, message=f"there is no {_CRD_NAME}", fix=fix)
    return Finding(check="CRD", ok=True, message=f"{_CRD_NAME} is not there yet; the chart brings it")


async def _crd_by_discovery(access: Access, *, required: bool) -> Finding:
    """Look for the kind where everyone may, for a person who may not read CustomResourceDefinitions."""
    try:
        served = await access.read_path(f"/apis/{names.API_VERSION}")
    except ClusterProblemError as error:
        if error.not_found:
            return _no_crd(required=required)
        raise
    if all(each["name"] != names.PLURAL for each in served.get("resources") or ()):
        return _no_crd(required=required)
    message = (
        f"{names.KIND} is served; whether its schema is that of {__version__} takes the right to get " + _CRDS.resource
    )
    return Finding(check="CRD", ok=True, message=message)


# --- the operator ---


async def _operators(access: Access, namespace: str | None) -> list[Finding]:
    try:
        found = await find_operators(access, namespace)
    except ClusterProblemError as error:
        if error.forbidden and namespace is None:
            message = f"not looked for: {str(error).partition('; ')[0]}"
            return [
                Finding(
                    check="operator",
                    ok=False,
                    message=message,
                    fix="give --operator-namespace NAMESPACE, or ask for the right",
                )
            ]
        raise
    if not found:
        return [await _operator_without_deployment(access, namespace)]
    findings = []
    for operator in found:
        findings += [await _operator(access, operator), *_version(operator), *await _served(access, operator)]
    return findings


async def _operator_without_deployment(access: Access, namespace: str | None) -> Finding:
    """Look for a Lease that something renews: an operator that was started by hand."""
    place = namespace or access.namespace
    try:
        lease = await look_at_lease(access, place, names.LEASE_NAME)
    except ClusterProblemError as error:
        if not error.not_found and not error.forbidden:
            raise
    else:
        if lease.alive:
            message = f"{lease.holder} leads in namespace {place}; it has no Deployment, so its version is not known"
            return Finding(check="operator", ok=True, message=message)
    where = f"namespace {namespace}" if namespace else "the cluster"
    return Finding(
        check="operator",
        ok=False,
        message=f"there is no Deployment of the operator in {where}",
        fix="install the chart (README, Install), or name its namespace with --operator-namespace",
    )


async def _operator(access: Access, operator: Operator) -> Finding:
    """Distinguish an operator that is down from one that runs and does not lead."""
    where = f"deployment {operator.name} in namespace {operator.namespace}"
    if operator.wanted == 0:
        fix = f"kubectl scale -n {operator.namespace} deploy/{operator.name} --replicas=1"
        return Finding(check="operator", ok=False, message=f"{where} is down: it is scaled to 0", fix=fix)
    if operator.ready == 0:
        trouble = await trouble_of_pods(access, operator)
        message = f"{where} is down: no Pod is ready" + (f" ({trouble})" if trouble else "")
        return Finding(check="operator", ok=False, message=message, fix=f"{_see_log(operator)}, and kubectl get pods")
    running = f"{where} runs ({operator.ready} of {operator.wanted} ready)"
    if not operator.lease:
        return Finding(check="operator", ok=True, message=f"{running} and elects no leader")
    return await _leader(access, operator, running)


async def _leader(access: Access, operator: Operator, running: str) -> Finding:
    """Find out whether one of the operator's Pods holds its Lease, and renews it."""
    fix = _see_log(operator)
    try:
        lease = await look_at_lease(access, operator.namespace, operator.lease)
    except ClusterProblemError as error:
        if not error.not_found:
            raise
        message = f"{running}, but does not lead: there is no Lease {operator.lease}"
        return Finding(check="operator", ok=False, message=message, fix=fix)
    holder = lease.holder or "nobody"
    if not lease.alive:
        renewing = " and does not renew it" if lease.holder else ""
        message = f"{running}, but does not lead: {holder} holds the Lease {operator.lease}{renewing}"
        return Finding(check="operator", ok=False, message=message, fix=fix)
    if await _is_foreign(access, operator, lease.holder):
        message = f"{running}, but is not the leader: {holder} holds the Lease {operator.lease}"
        fix = "stop that other operator, or give one of the two another --lease-name and namespaces of its own"
        return Finding(check="operator", ok=False, message=message, fix=fix)
    return Finding(check="operator", ok=True, message=f"{running}; {holder.partition('_')[0]} leads and is alive")


def _see_log(operator: Operator) -> str:
    return f"see kubectl logs -n {operator.namespace} deploy/{operator.name}"


async def _is_foreign(access: Access, operator: Operator, holder: str) -> bool:
    """Return whether the holder is none of the operator's Pods, as far as they can be seen."""
    try:
        pods = await access.read_all(PODS, operator.namespace, label_selector=operator.selector)
    except ClusterProblemError:
        return False
    return bool(pods) and holder.partition("_")[0] not in {pod["metadata"]["name"] for pod in pods}


def _version(operator: Operator) -> list[Finding]:
    if not operator.version:
        return []
    if operator.version == __version__:
        return [Finding(check="version", ok=True, message=f"operator {operator} and this program are {__version__}")]
    return [
        Finding(
            check="version",
            ok=False,
            message=f"operator {operator} is {operator.version}, this program is {__version__}",
            fix="upgrade the older of the two",
        )
    ]


async def _served(access: Access, operator: Operator) -> list[Finding]:
    """Name the namespaces that the operator cannot read or write in."""
    user = f"system:serviceaccount:{operator.namespace}:{operator.service_account}"
    findings = []
    for namespace in operator.watched or (None,):
        where = f"namespace {namespace}" if namespace else "all namespaces"
        if namespace and await _is_missing(access, namespace):
            fix = "create it, or take it out of the operator's watchNamespaces"
            findings.append(
                Finding(
                    check="namespaces",
                    ok=False,
                    message=f"{where}, which operator {operator} is to serve, does not exist",
                    fix=fix,
                )
            )
            continue
        try:
            missing = [
                right.name for right in OPERATORS_RIGHTS if not await _allowed(access, right, namespace, user=user)
            ]
        except ClusterProblemError as error:
            if not error.forbidden:
                raise
            message = "whether the operator can read what it serves takes the right to create subjectaccessreviews"
            return [Finding(check="namespaces", ok=True, message=message)]
        if missing:
            message = f"operator {operator} cannot serve {where}: {user} may not {', '.join(missing)}"
            fix = (
                "upgrade the chart's release, which makes the RoleBinding"
                if namespace
                else "upgrade the chart's release, which makes the ClusterRoleBinding"
            )
            findings.append(Finding(check="namespaces", ok=False, message=message, fix=fix))
        else:
            findings.append(Finding(check="namespaces", ok=True, message=f"operator {operator} can serve {where}"))
    return findings


async def _is_missing(access: Access, namespace: str) -> bool:
    try:
        await access.read(NAMESPACES, None, namespace)
    except ClusterProblemError as error:
        return error.not_found
    return False


# --- rights ---


async def _rights(access: Access, rights: tuple[Right, ...], namespace: str | None) -> list[Finding]:
    allowed = await asyncio.gather(*(_allowed(access, right, namespace) for right in rights))
    where = f"in namespace {namespace}" if namespace else "in the cluster"
    missing = [right for right, yes in zip(rights, allowed, strict=True) if not yes]
    if not missing:
        return [
            Finding(check="rights", ok=True, message=f"you may {', '.join(right.name for right in rights)} {where}")
        ]
    return [
        Finding(
            check="rights",
            ok=False,
            message=f"you may not {right.name} {where} (for {right.use})",
            fix=_grant(right, namespace),
        )
        for right in missing
    ]


def _grant(right: Right, namespace: str | None) -> str:
    plural, _, subresource = right.resource.partition("/")
    resource = f"{plural}{f'.{right.group}' if right.group else ''}{f'/{subresource}' if subresource else ''}"
    kind, place = ("role", f" -n {namespace}") if namespace else ("clusterrole", "")
    return f"ask for a Role with it: kubectl create {kind} NAME --verb={right.verb} --resource={resource}{place}"


async def _allowed(access: Access, right: Right, namespace: str | None, *, user: str | None = None) -> bool:
    """Return whether the person, or another user, has a right."""
    plural, _, subresource = right.resource.partition("/")
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": plural,
        "subresource": subresource,
        "namespace": namespace or "",
    }
    kind = "SubjectAccessReview" if user else "SelfSubjectAccessReview"
    spec: Object = {"resourceAttributes": attributes} | ({"user": user, "groups": _groups(user)} if user else {})
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    answer = await access.review(_REVIEWS if user else _OWN_REVIEWS, body)
    return bool(answer["status"].get("allowed"))


def _groups(user: str) -> list[str]:
    namespace = user.split(":")[2]
    return ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]


# --- destinations ---


async def _destinations(access: Access) -> list[Finding]:
    """Name destinations that nobody serves, and CronJobs whose destination is gone."""
    namespace, found = await _widest(access, DESTINATIONS)
    _, cronjobs = await _widest(access, CRONJOBS, label_selector=names.LABEL_DESTINATION, namespace=namespace)
    where = f"in namespace {namespace}" if namespace else "in all namespaces"
    findings = [
        Finding(
            check="destinations",
            ok=False,
            message=f"the operator does not serve namespace {place}: {', '.join(listed)} waits for it",
            fix="see whether the operator is to serve that namespace (watchNamespaces), and its log",
        )
        for place, listed in _unserved(found, datetime.now(UTC)).items()
    ]
    there = {NamespacedName.of(each) for each in found}
    findings += [
        Finding(
            check="destinations",
            ok=False,
            message=f"CronJob {each.name} in namespace {each.namespace} is orphaned: its destination is gone",
            fix=f"kubectl delete cronjob -n {each.namespace} {each.name}",
        )
        for each in orphans(cronjobs, there)
    ]
    return findings or [
        Finding(check="destinations", ok=True, message=f"{len(found)} {where}, none unserved, no CronJob orphaned")
    ]


async def _widest(
    access: Access, resource: GroupVersionResource, *, label_selector: str = "", namespace: str | None = None
) -> tuple[str | None, list[Object]]:
    """Return all objects of the cluster, or of the person's namespace where they may not list more."""
    try:
        return namespace, await access.read_all(resource, namespace, label_selector=label_selector)
    except ClusterProblemError as error:
        if not error.forbidden or namespace is not None:
            raise
    return access.namespace, await access.read_all(resource, access.namespace, label_selector=label_selector)


def _unserved(destinations: list[Object], now: datetime) -> dict[str, list[str]]:
    """Return, by namespace, the destinations whose spec nobody has looked at for longer than that takes."""
    waiting: dict[str, list[str]] = {}
    for each in destinations:
        metadata = each["metadata"]
        seen = (each.get("status") or {}).get("observedGeneration", -1)
        if seen < metadata["generation"] and now - _changed(metadata) > _OBSERVED_WITHIN:
            waiting.setdefault(metadata["namespace"], []).append(metadata["name"])
    return {
        place: [*listed[:_SHOWN], *([f"and {len(listed) - _SHOWN} more"] if len(listed) > _SHOWN else [])]
        for place, listed in waiting.items()
    }


def _changed(metadata: Object) -> datetime:
    """Return when an object was last written, but for its status."""
    times = [
        each["time"] for each in metadata.get("managedFields") or () if each.get("time") and not each.get("subresource")
    ]
    return max(map(datetime.fromisoformat, [metadata["creationTimestamp"], *times]))


def orphans(cronjobs: list[Object], destinations: set[NamespacedName]) -> list[NamespacedName]:
    """Return the CronJobs of ours whose destination does not exist, and that Kubernetes is not about to collect."""
    return [
        NamespacedName.of(each)
        for each in cronjobs
        if NamespacedName(each["metadata"]["namespace"], each["metadata"]["labels"][names.LABEL_DESTINATION])
        not in destinations
        and not each["metadata"].get("deletionTimestamp")
    ]

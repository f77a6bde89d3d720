"""Which tool of GitOps applies an object, as its labels, annotations and managed fields show."""

import json
from typing import Any, Final, NamedTuple

from mogulsync.kube.objects import Object

_FLUX_KUSTOMIZATION: Final = "kustomize.toolkit.fluxcd.io"
_FLUX_HELM: Final = "helm.toolkit.fluxcd.io"
_ARGO_TRACKING: Final = "argocd.argoproj.io/tracking-id"
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_HELM_RELEASE: Final = "meta.helm.sh/release-name"
_ARGO_MANAGERS: Final = frozenset({"argocd-controller", "argocd-application-controller"})
_FLUX_MANAGERS: Final = frozenset({"kustomize-controller", "helm-controller"})


class GitOpsOwner(NamedTuple):
    """A tool that applies an object again and again."""

    tool: str
    """With what of it applies the object: `Flux (Kustomization flux-system/apps)`."""
    managers: frozenset[str]
    """Names under which it manages fields."""


def gitops_owner(seen: Object) -> GitOpsOwner | None:
    """Return the tool that applies the object; None when no trace of one is there."""
    metadata = seen["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    managers = {entry.get("manager") for entry in metadata.get("managedFields") or ()}
    traces = (
        (_flux(labels, "Kustomization", _FLUX_KUSTOMIZATION), _FLUX_MANAGERS),
        (_flux(labels, "HelmRelease", _FLUX_HELM), _FLUX_MANAGERS | {"helm"}),
        (_argo(annotations), _ARGO_MANAGERS),
        ("Argo CD" if managers & _ARGO_MANAGERS else "", _ARGO_MANAGERS),
        ("Flux" if managers & _FLUX_MANAGERS else "", _FLUX_MANAGERS),
        (f"Helm (release {annotations[_HELM_RELEASE]})" if _HELM_RELEASE in annotations else "", frozenset({"helm"})),
    )
    return next((GitOpsOwner(tool, own) for tool, own in traces if tool), None)


def _flux(labels: Object, kind: str, group: str) -> str:
    name = labels.get(f"{group}/name")
    return f"Flux ({kind} {labels.get(f'{group}/namespace', '')}/{name})" if name else ""


def _argo(annotations: Object) -> str:
    tracking = annotations.get(_ARGO_TRACKING)
    return f"Argo CD (Application {tracking.partition(':')[0]})" if tracking else ""


def declares(owner: GitOpsOwner, seen: Object, *path: str) -> bool:
    """Return whether the tool's own manifest has the field at the path, such as `spec`, `suspend`.

    What was applied server-side is in the managed fields. Those of an update list the API server's defaults
    too, so that for a client-side apply only the annotation that kubectl and Argo CD leave shows what was in the
    manifest.
    """
    for entry in seen["metadata"].get("managedFields") or ():
        applied = entry.get("manager") in owner.managers and entry.get("operation") == "Apply"
        if applied and _reaches(entry.get("fieldsV1"), [f"f:{part}" for part in path]):
            return True
    text = (seen["metadata"].get("annotations") or {}).get(_LAST_APPLIED)
    try:
        return text is not None and _reaches(json.loads(text), list(path))
    except ValueError:
        return False


def _reaches(document: Any, path: list[str]) -> bool:
    for part in path:
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return True

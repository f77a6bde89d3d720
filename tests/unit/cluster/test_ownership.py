"""Which GitOps tool applies an object, and what its manifest sets."""

import json
from typing import Any

import pytest

from mogulsync.cluster.ownership import declares, gitops_owner


def seen(
    *, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, managers: Any = ()
) -> dict[str, Any]:
    fields = [
        {"manager": name, "operation": operation, "fieldsV1": {"f:spec": {f"f:{key}": {} for key in keys}}}
        for name, operation, keys in managers
    ]
    return {"metadata": {"labels": labels or {}, "annotations": annotations or {}, "managedFields": fields}}


FLUX = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
HELM_RELEASE = {"helm.toolkit.fluxcd.io/name": "crm", "helm.toolkit.fluxcd.io/namespace": "sales"}
TRACKED = {"argocd.argoproj.io/tracking-id": "crm:mogulsync.dev/IntercomDestination:sales/production"}


@pytest.mark.parametrize(
    ("resource", "tool"),
    [
        (seen(), None),
        (seen(managers=[("kubectl", "Update", ["suspend"])]), None),
        (seen(labels=FLUX), "Flux (Kustomization flux-system/apps)"),
        (seen(labels=HELM_RELEASE), "Flux (HelmRelease sales/crm)"),
        (seen(annotations=TRACKED), "Argo CD (Application crm)"),
        (seen(managers=[("argocd-controller", "Apply", [])]), "Argo CD"),
        (seen(managers=[("kustomize-controller", "Apply", [])]), "Flux"),
        (seen(annotations={"meta.helm.sh/release-name": "crm"}), "Helm (release crm)"),
    ],
)
def test_the_tool_is_known_by_its_traces(resource: dict[str, Any], tool: str | None) -> None:
    owner = gitops_owner(resource)
    assert (owner.tool if owner else None) == tool


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (seen(labels=FLUX, managers=[("kustomize-controller", "Apply", ["suspend"])]), True),
        (seen(labels=FLUX, managers=[("kustomize-controller", "Apply", ["schedule"])]), False),
        (seen(labels=FLUX, managers=[("kubectl-mogulsync", "Update", ["suspend"])]), False),
        (seen(annotations=TRACKED, managers=[("argocd-controller", "Update", ["suspend"])]), False),
        (
            seen(
                annotations={
                    **TRACKED,
                    "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"spec": {"suspend": False}}),
                }
            ),
            True,
        ),
        (seen(annotations={**TRACKED, "kubectl.kubernetes.io/last-applied-configuration": "no json"}), False),
    ],
)
def test_defaults_of_the_api_server_do_not_count_as_the_manifests(resource: dict[str, Any], *, expected: bool) -> None:
    owner = gitops_owner(resource)
    assert owner is not None
    assert declares(owner, resource, "spec", "suspend") is expected

"""A real API server accepts everything that the examples of installing apply, with unknown fields refused.

The kinds of others come from `published/`: of each definition what the examples and the chart use.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from localkube import ControlPlane
from mogulsync.resource.manifest import parse_job
from scan import manifests
from tests.support import helm
from tests.support.documents import Block, blocks

_ROOT: Final = Path(__file__).parents[3]
_EXAMPLES: Final = _ROOT / "examples" / "install"
_PUBLISHED: Final = Path(__file__).parent / "published"
_VALUES: Final = sorted(_EXAMPLES.glob("*/values.yaml"))
_OVERLAYS: Final = sorted(path.parent for path in _EXAMPLES.glob("*/kustomization.yaml"))
_MANIFESTS: Final = sorted(
    path for path in _EXAMPLES.glob("*/*.yaml") if path.name not in {"values.yaml", "kustomization.yaml"}
)
_MANIFEST_BLOCKS: Final = [block for block in blocks("yaml") if "\nkind:" in f"\n{block.text}"]
_EVERYTHING: Final[dict[str, Any]] = {
    "replicas": 2,
    "watchNamespaces": ["crm"],
    "image": {"digest": f"sha256:{64 * 'a'}"},
    "jobs": {"imagePullSecrets": [{"name": "registry"}], "networkPolicy": {"enabled": True}},
    "metrics": {"service": {"annotations": {"a": "b"}}},
    "serviceMonitor": {"enabled": True, "interval": "30s", "scrapeTimeout": "10s"},
    "podMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
    "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
    "networkPolicy": {"enabled": True, "metricsFrom": [{"podSelector": {}}]},
    "commonLabels": {"team": "data"},
    "commonAnnotations": {"owner": "data"},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    ],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}],
}

needs_helm = pytest.mark.skipif(shutil.which("helm") is None, reason="no helm on the PATH")


@pytest.fixture(scope="session")
def cluster(plane: ControlPlane) -> ControlPlane:
    """The control plane with the kinds and the namespaces that the examples name."""
    plane.apply_crds(_PUBLISHED)
    for name in ("mogulsync", "crm", "flux-system", "argocd"):
        plane.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(_namespace(name)))
        plane.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=60s")
    return plane


def _namespace(name: str) -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


_OUTSIDE: Final = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}
"""Kinds of objects that are in no namespace."""


def _dry_run(cluster: ControlPlane, text: str, namespace: str = "crm") -> str:
    """Apply manifests without effect; those that name no namespace go to the given one."""
    documents = [document for document in yaml.safe_load_all(text) if document]
    for document in documents:
        if document["kind"] not in _OUTSIDE:
            document["metadata"].setdefault("namespace", namespace)
    return cluster.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--filename=-",
        stdin=yaml.safe_dump_all(documents),
    )  # fmt: skip


def _relative(path: Path) -> str:
    return str(path.relative_to(_EXAMPLES))


@pytest.mark.parametrize("file", _MANIFESTS, ids=_relative)
def test_the_api_server_accepts_an_example(cluster: ControlPlane, file: Path) -> None:
    assert "serverside-applied (server dry run)" in _dry_run(cluster, file.read_text())


def test_the_api_server_would_refuse_a_misspelt_field(cluster: ControlPlane) -> None:
    text = (_EXAMPLES / "flux" / "operator.yaml").read_text().replace("chartRef:", "chartReference:")
    with pytest.raises(Exception, match="chartReference"):
        _dry_run(cluster, text)


@pytest.mark.parametrize("folder", [_ROOT / "kustomize" / "base", *_OVERLAYS], ids=lambda path: str(path.name))
def test_the_api_server_accepts_what_kustomize_builds(cluster: ControlPlane, folder: Path) -> None:
    _dry_run(cluster, cluster.kubectl("kustomize", str(folder)))


@needs_helm
@pytest.mark.parametrize("file", _VALUES, ids=_relative)
def test_the_api_server_accepts_the_chart_with_an_examples_values(cluster: ControlPlane, file: Path) -> None:
    _accepts_the_chart(cluster, yaml.safe_load(file.read_text()))


@needs_helm
def test_the_api_server_accepts_the_chart_with_everything_on(cluster: ControlPlane) -> None:
    _accepts_the_chart(cluster, _EVERYTHING)


def _accepts_the_chart(cluster: ControlPlane, values: dict[str, Any]) -> None:
    documents = helm.render({**values, "namespaceOverride": "mogulsync"})
    _dry_run(cluster, yaml.safe_dump_all(documents), "mogulsync")
    (deployment,) = [document for document in documents if document["kind"] == "Deployment"]
    template = deployment["spec"]["template"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": template["metadata"] | {"name": "operator"},
        "spec": template["spec"] | {"serviceAccountName": "default"},
    }
    # The namespace enforces Pod Security `restricted`, which a Deployment is only warned of.
    _dry_run(cluster, json.dumps(pod), "mogulsync")


@pytest.mark.parametrize("block", _MANIFEST_BLOCKS, ids=lambda block: str(block.where))
def test_the_api_server_accepts_what_a_page_shows(cluster: ControlPlane, block: Block) -> None:
    assert "serverside-applied (server dry run)" in _dry_run(cluster, block.text)


@needs_helm
@pytest.mark.parametrize("file", _VALUES, ids=_relative)
def test_the_jobs_that_the_operator_makes_with_an_examples_defaults_are_restricted(
    cluster: ControlPlane, file: Path
) -> None:
    """Their Pods pass in a namespace that enforces Pod Security `restricted`; a destination may say the same."""
    defaults = [
        document["data"]["job-defaults.yaml"]
        for document in helm.render(yaml.safe_load(file.read_text()))
        if document["kind"] == "ConfigMap" and document["metadata"]["name"].endswith("job-defaults")
    ]
    destination = yaml.safe_load((_EXAMPLES / "argocd" / "destination.yaml").read_text())
    for text in defaults or ["{}"]:
        made = manifests.jobs(parse_job(text))
        _, job = yaml.safe_load_all(made)
        pod = job["spec"]["template"] | {"apiVersion": "v1", "kind": "Pod"}
        pod["metadata"]["name"] = "run"
        destination["spec"]["job"] = yaml.safe_load(text)
        _dry_run(cluster, f"{made}---\n{json.dumps(pod)}\n---\n{json.dumps(destination)}")

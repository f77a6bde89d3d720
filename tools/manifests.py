"""Renders the chart for those who do without Helm: `kustomize/base/` and, by kubectl, `install.yaml`.

`python tools/manifests.py base FOLDER` writes the base's files, `… install FILE` all of it as one file.
Needs helm, and kubectl for `install`.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from mogulsync.resource.crd import to_yaml

ROOT: Final = Path(__file__).parents[1]
BASE: Final = ROOT / "kustomize" / "base"
NAMESPACE: Final = "mogulsync"

_HEADER: Final = "# Generated from charts/mogulsync by `make manifests`; do not edit.\n"
_HELMS_LABELS: Final = ("helm.sh/chart", "app.kubernetes.io/managed-by")

Manifest = dict[str, Any]


def base() -> dict[str, str]:
    """Return the text of each file of the base by its name."""
    rendered = [_without_helm(manifest) for manifest in _rendered()]
    files = {"namespace.yaml": _dump([_namespace()]), "crd.yaml": to_yaml(), "operator.yaml": _dump(rendered)}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(files),
    }
    return files | {"kustomization.yaml": _dump([kustomization])}


def install(folder: Path = BASE) -> str:
    """Return what `kubectl kustomize` makes of a folder."""
    return _output("kubectl", "kustomize", str(folder))


def _rendered() -> list[Manifest]:
    text = _output(
        "helm", "template", "mogulsync", str(ROOT / "charts" / "mogulsync"), "--namespace", NAMESPACE, "--skip-tests",
        "--set", "crds.enabled=false",
    )  # fmt: skip
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def _namespace() -> Manifest:
    labels = {"app.kubernetes.io/part-of": "mogulsync", "pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _without_helm(manifest: Manifest) -> Manifest:
    """Return the manifest without the labels that are Helm's, Pod templates included."""
    cleaned: Manifest = manifest | {"metadata": _metadata(manifest["metadata"])}
    if manifest["kind"] == "Deployment":
        template = manifest["spec"]["template"]
        cleaned["spec"] = manifest["spec"] | {"template": template | {"metadata": _metadata(template["metadata"])}}
    return cleaned


def _metadata(metadata: Manifest) -> Manifest:
    labels = {name: value for name, value in metadata["labels"].items() if name not in _HELMS_LABELS}
    return metadata | {"labels": labels}


def _dump(manifests: Iterable[Manifest]) -> str:
    return _HEADER + yaml.safe_dump_all(manifests, sort_keys=False, width=110, allow_unicode=True)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "base":
        where.mkdir(parents=True, exist_ok=True)
        for name, text in base().items():
            (where / name).write_text(text, encoding="utf-8")
    else:
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(install(), encoding="utf-8")

"""Prints the chart's template of the CustomResourceDefinition: the one below `crds/`, made optional and kept."""

import json
from typing import Any, Final

import yaml

from mogulsync.resource.crd import custom_resource_definition, to_yaml

_HEAD: Final = """\
{{- if .Values.crds.enabled }}
{{- $annotations := fromJson `%(annotations)s` }}
{{- if .Values.crds.keep }}
{{- $_ := set $annotations "helm.sh/resource-policy" "keep" }}
{{- end }}
"""
_METADATA: Final = """\
metadata:
  {{- include "mogulsync.metadata" (dict
    "root" .
    "name" "%(name)s"
    "annotations" (merge (dict) .Values.crds.annotations $annotations)) | nindent 2 }}
"""


def chart_template() -> str:
    """Return the CustomResourceDefinition as a Helm template that the values `crds` and `common…` govern.

    Raises:
        ValueError: Its metadata has a key that the template would drop.
    """
    manifest = custom_resource_definition()
    metadata: dict[str, Any] = manifest["metadata"]
    if unknown := set(metadata) - {"name", "annotations"}:
        raise ValueError(f"the CustomResourceDefinition's metadata has {sorted(unknown)}, which the template drops")
    values = {"name": metadata["name"], "annotations": json.dumps(metadata.get("annotations", {}), sort_keys=True)}
    header = to_yaml().partition("\n")[0] + "\n"
    before = {key: manifest[key] for key in ("apiVersion", "kind")}
    after = {key: part for key, part in manifest.items() if key not in {*before, "metadata"}}
    return f"{_HEAD % values}{header}{_dump(before)}{_METADATA % values}{_dump(after)}{{{{- end }}}}\n"


def _dump(part: dict[str, Any]) -> str:
    """Return YAML in which Helm finds no template."""
    text = yaml.safe_dump(part, sort_keys=False, width=110, allow_unicode=True)
    return text.replace("{{", '{{ "{{" }}')


if __name__ == "__main__":
    print(chart_template(), end="")

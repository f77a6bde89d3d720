"""Prints the chart's template of the CustomResourceDefinition: the one below `crds/`, made optional and kept."""

from mogulsync.resource.crd import to_yaml

_KEPT = """\
metadata:
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
  labels: {{- include "mogulsync.labels" . | nindent 4 }}
"""


def chart_template() -> str:
    """Return the CustomResourceDefinition as a Helm template that `crds.enabled` and `crds.keep` govern."""
    literal = to_yaml().replace("{{", '{{ "{{" }}')
    header, separator, rest = literal.partition("metadata:\n")
    if not separator:
        raise ValueError("the CustomResourceDefinition has no metadata to annotate")
    return "{{- if .Values.crds.enabled }}\n" + header + _KEPT + rest + "{{- end }}\n"


if __name__ == "__main__":
    print(chart_template(), end="")

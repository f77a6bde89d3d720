"""What helm makes of the chart. Needs helm on the PATH."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path(__file__).parents[2] / "charts" / "mogulsync"
NAMESPACE: Final = "operators"

Manifest = dict[str, Any]


def template(values: Manifest, *arguments: str, release: str = "mogulsync") -> subprocess.CompletedProcess[str]:
    """Run `helm template` with these values and return how it ended."""
    return subprocess.run(  # noqa: S603 - helm, as the PATH has it
        ["helm", "template", release, str(CHART), "--namespace", NAMESPACE, "--values", "-", *arguments],  # noqa: S607
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )


def render(values: Manifest, *arguments: str, release: str = "mogulsync") -> list[Manifest]:
    """Return every manifest that helm renders from these values."""
    result = template(values, *arguments, release=release)
    assert result.returncode == 0, result.stderr
    return [document for document in yaml.load_all(result.stdout, Loader=_StrictLoader) if document]


def of_kind(values: Manifest, kind: str) -> list[Manifest]:
    """Return the manifests of a kind."""
    return [document for document in render(values) if document["kind"] == kind]


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is there twice, as the API server's own YAML reader does in strict mode."""


def _unique_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"duplicate keys {sorted(twice)}", node.start_mark)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)

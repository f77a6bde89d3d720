"""The image leaves out the synchronous half of the Kubernetes client, so nothing of ours may import it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).parents[3] / "operator" / "mogulsync"
_MODULES = sorted(_PACKAGE.rglob("*.py"))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", _MODULES, ids=lambda path: str(path.relative_to(_PACKAGE)))
def test_of_the_kubernetes_client_only_the_asynchronous_half_is_imported(module: Path) -> None:
    names = {name for name in _imported(ast.parse(module.read_text())) if name.partition(".")[0] == "kubernetes"}
    assert {name for name in names if not name.startswith("kubernetes.aio.")} == set()

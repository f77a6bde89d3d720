"""The image leaves out the synchronous half of the Kubernetes client, so nothing of ours may import it."""

import ast
import subprocess
import sys
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
def test_the_kubernetes_client_is_imported_in_one_place_and_there_its_asynchronous_half(module: Path) -> None:
    names = {name for name in _imported(ast.parse(module.read_text())) if name.partition(".")[0] == "kubernetes"}
    if module == _PACKAGE / "kube" / "aio.py":
        assert names
        assert all(name.startswith("kubernetes.aio.") for name in names)
    else:
        assert names == set()


def test_the_synchronous_half_is_not_imported_as_a_whole() -> None:
    code = "import sys, mogulsync.controller.operator, mogulsync.cluster.access; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603 - ours
    assert "kubernetes.aio.client" in modules
    assert {"kubernetes.config", "kubernetes.dynamic", "kubernetes.stream", "requests"} & set(modules) == set()

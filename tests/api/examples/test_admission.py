"""A real API server takes every example as it stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

_EXAMPLES: Final = Path(__file__).parents[3] / "examples"
_MANIFESTS: Final = [
    path.relative_to(_EXAMPLES) for folder in ("", "sandbox") for path in (_EXAMPLES / folder).glob("*.yaml")
]
"""Those of examples/install have tests of their own: several need what others install."""


@pytest.mark.parametrize("name", sorted(map(str, _MANIFESTS)))
def test_an_example_is_accepted_strictly(name: str, kubectl: Callable[..., str]) -> None:
    answer = kubectl("apply", "--dry-run=server", "--validate=strict", "--filename", str(_EXAMPLES / name))
    assert "created (server dry run)" in answer

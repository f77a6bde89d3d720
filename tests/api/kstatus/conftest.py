"""kstatus, compiled before the first test (tests/api/conftest.py)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

import kstatus

Compute = Callable[[Iterable[Mapping[str, Any]]], list[kstatus.Answer]]


@pytest.fixture(scope="session")
def compute() -> Compute:
    """Computes kstatus' answer for each of several resources."""
    program = kstatus.find_program()
    return lambda resources: kstatus.compute(program, resources)

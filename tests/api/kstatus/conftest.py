"""kstatus, compiled before the first test: that takes longer than a test may."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

import kstatus

Compute = Callable[[Iterable[Mapping[str, Any]]], list[kstatus.Answer]]

_HERE = Path(__file__).parent


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile it, or end the session: a machine that cannot must not pass for one on which kstatus agrees."""
    if session.config.option.collectonly or not any(item.path.is_relative_to(_HERE) for item in session.items):
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        try:
            kstatus.find_program()
        except kstatus.UnavailableError as error:
            pytest.exit(f"kstatus: {error}", returncode=pytest.ExitCode.INTERNAL_ERROR)


@pytest.fixture(scope="session")
def compute() -> Compute:
    """Computes kstatus' answer for each of several resources."""
    program = kstatus.find_program()
    return lambda resources: kstatus.compute(program, resources)

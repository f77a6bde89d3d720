"""Brings the programs of the unit tests."""

import shutil

import pytest

import robfigcron
from tests.support.programs import prepare


def pytest_configure(config: pytest.Config) -> None:
    """Build robfig/cron's program before the first test, where there is a Go to do so: a test may not take so long."""
    if config.option.collectonly or hasattr(config, "workerinput") or shutil.which("go") is None:
        return
    prepare(config, robfigcron.find_program, robfigcron.UnavailableError)

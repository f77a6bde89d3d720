"""Programs that tests need and that take minutes to download or build."""

from collections.abc import Callable

import pytest


def prepare(config: pytest.Config, find: Callable[[], object], unavailable: type[Exception]) -> None:
    """Call `find`, its progress shown; end the session when it raises `unavailable`.

    A machine that cannot provide a program must not pass for one on which its tests passed.
    """
    capture = config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        try:
            find()
        except unavailable as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)

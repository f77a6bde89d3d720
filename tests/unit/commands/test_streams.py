"""Standard streams that the caller closed (`<&-`, `>&-`), as some schedulers of jobs do."""

import subprocess
import sys
from pathlib import Path

import pytest


def call(redirection: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command from a shell that closes streams for it."""
    return subprocess.run(  # noqa: S603 - the program under test
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "mogulsync", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("validate", "-"), "standard input holds no IntercomDestination"),
        (("preview", "-"), "-: "),
        (("connect", "chartmogul"), "standard input holds no API key"),
        (("connect", "intercom", "--token"), "standard input holds no access token"),
        (("sync", "--destination", "-"), "InvalidDestination"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_closed_standard_input_is_an_empty_one(arguments: tuple[str, ...], said: str) -> None:
    ended = call("<&-", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_closed_standard_output_takes_nothing() -> None:
    for arguments in (("fields",), ("fields", "-o", "json"), ("version", "--client")):
        ended = call(">&-", *arguments)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device")
def test_a_full_disk_is_named() -> None:
    for arguments in (("fields",), ("fields", "-o", "yaml"), ("version", "--client")):
        ended = call(">/dev/full", *arguments)
        assert ended.returncode == 1
        assert ended.stderr.startswith("Error: the output cannot be written (No space left on device)")
        assert "Traceback" not in ended.stderr


def test_closed_streams_leave_the_exit_code_alone() -> None:
    assert call("<&- >&- 2>&-", "validate", "-").returncode == 2

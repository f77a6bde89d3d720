"""The progress lines and the error that the ways to the programs share."""

import sys


class UnavailableError(Exception):
    """A way to the programs does not work here and now; the text says why."""


def say(line: str) -> None:
    """Print one line to standard error."""
    print(f"localkube: {line}", file=sys.stderr, flush=True)

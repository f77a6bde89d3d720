"""How the ways to the programs tell what they do, and that they cannot."""

import sys


class UnavailableError(Exception):
    """A way does not lead to the programs here and now; the text says why."""


def say(line: str) -> None:
    """Print one line to standard error."""
    print(f"localkube: {line}", file=sys.stderr, flush=True)

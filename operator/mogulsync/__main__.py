"""`mogulsync` and `kubectl mogulsync`: the same commands under both names."""

import gc
import os
from typing import Final

from mogulsync.commands.root import root

_COLLECT_AFTER: Final = 10_000
"""New objects after which Python looks for garbage in cycles. Its own 700 cost a run and the operator about a twentieth
of their CPU, as both keep much and leave few cycles; 50,000 save no more and cost the operator 8 MiB."""


def main() -> None:
    """Run the command that the arguments name.

    Plug-ins of pydantic see what is validated, so none is loaded; looking for them takes longer than validating.
    """
    gc.set_threshold(_COLLECT_AFTER)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    root()


def complete() -> None:
    """Answer kubectl's completion of `kubectl mogulsync`."""
    from mogulsync.commands.completion import complete_for_kubectl  # noqa: PLC0415 - for this alone

    complete_for_kubectl()


if __name__ == "__main__":
    main()

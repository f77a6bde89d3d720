"""`mogulsync` and `kubectl mogulsync`: the same commands under both names."""

import os

from mogulsync.commands.root import root


def main() -> None:
    """Run the command that the arguments name.

    Plug-ins of pydantic see what is validated, so none is loaded; looking for them takes longer than validating.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    root()


def complete() -> None:
    """Answer kubectl's completion of `kubectl mogulsync`."""
    from mogulsync.commands.completion import complete_for_kubectl  # noqa: PLC0415 - for this alone

    complete_for_kubectl()


if __name__ == "__main__":
    main()

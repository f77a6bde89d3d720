"""`mogulsync` and `kubectl mogulsync`: the same commands under both names."""

from mogulsync.commands.root import root


def main() -> None:
    """Run the command that the arguments name."""
    root()


def complete() -> None:
    """Answer kubectl's completion of `kubectl mogulsync`."""
    from mogulsync.commands.completion import complete_for_kubectl  # noqa: PLC0415 - for this alone

    complete_for_kubectl()


if __name__ == "__main__":
    main()

"""`mogulsync` and `kubectl mogulsync`: the same commands under both names."""

from mogulsync.commands.root import root


def main() -> None:
    """Run the command that the arguments name."""
    root()


if __name__ == "__main__":
    main()

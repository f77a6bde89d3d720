"""How results are printed: columns as kubectl writes them, tables on a terminal, JSON and YAML for programs."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from mogulsync.commands.clusterarguments import OutputFormat

_GAP: Final = "   "
_PADDING: Final = 2
"""Blanks behind each column of a table."""
_LAST_COLUMN: Final = 20
"""Characters that the last column, which wraps, gets at least."""


def print_document(document: Any, output: "OutputFormat") -> None:
    """Print a document for programs."""
    if output == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    import yaml  # noqa: PLC0415 - slow to import

    click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)


def on_terminal() -> bool:
    """Return whether a person reads standard output as it comes."""
    return sys.stdout.isatty()


def columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns that are as wide as what is in them; nothing is cut."""
    lines = [list(titles), *map(list, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(titles))]
    return "\n".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def narrowed(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, width: int, drop: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Return the columns that fit a terminal's width: those of `drop` go first, in that order; the last one wraps."""
    kept = list(titles)

    def needed() -> int:
        places = [place for place, title in enumerate(titles) if title in kept]
        return sum(_widths(titles, rows)[place] + _PADDING for place in places[:-1]) + _LAST_COLUMN + _PADDING

    for title in drop:
        if needed() <= width:
            break
        kept.remove(title)
    return kept, [[cell for title, cell in zip(titles, row, strict=True) if title in kept] for row in rows]


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, width: int, styles: Sequence[str] = ()) -> "Table":
    """Return a table for a terminal: the last column wraps, a long word too, and the first where that is not enough.

    Args:
        titles: Of the columns.
        rows: The cells, taken as they are.
        width: The terminal's.
        styles: One for each row, such as `red`; none: plain.
    """
    from rich.table import Table  # noqa: PLC0415 - never where output is piped
    from rich.text import Text  # noqa: PLC0415 - as above

    shown = Table(box=None, pad_edge=False, padding=(0, _PADDING, 0, 0), header_style="bold")
    widths = _widths(titles, rows)
    room = width - sum(widths[1:-1]) - _PADDING * len(titles) - _LAST_COLUMN
    for place, title in enumerate(titles):
        shown.add_column(
            title,
            overflow="fold",
            no_wrap=0 < place < len(titles) - 1,
            min_width=len(title),
            max_width=max(room, len(title)) if place == 0 and room < widths[0] and len(titles) > 1 else None,
        )
    for place, row in enumerate(rows):
        style = styles[place] if styles else ""
        shown.add_row(*(Text(cell, overflow="fold") for cell in row), style=style)
    return shown


def _widths(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return how wide each column is when nothing wraps."""
    return [max(map(len, column)) for column in zip(titles, *rows, strict=True)]


def wrapped(lines: Sequence[str], *, width: int, indent: int) -> list[str]:
    """Return the lines wrapped to a terminal's width; the lines that follow a cut are indented."""
    import textwrap  # noqa: PLC0415 - never where output is piped

    found: list[str] = []
    for line in lines:
        following = " " * (indent if line.startswith("  ") else 0)
        found += textwrap.wrap(
            line, width, subsequent_indent=following, drop_whitespace=True, break_on_hyphens=False
        ) or [""]
    return found


def console() -> "Console":
    """Return the terminal to print on; rich honours NO_COLOR."""
    from rich.console import Console  # noqa: PLC0415 - never where output is piped

    return Console(highlight=False, markup=False, emoji=False)

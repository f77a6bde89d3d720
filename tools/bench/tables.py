"""How figures are shown: in colour on a terminal, otherwise as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.table import Table as RichTable

from bench.targets import Target

Cell = str | int | float | None
"""None: not measured."""

_WHOLE: Final = 1000
_TENTHS: Final = 10


@dataclass(frozen=True, slots=True)
class Table:
    """A table of figures."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The tables and targets of a scenario."""

    tables: list[Table]
    targets: list[Target] = field(default_factory=list)


def show(table: Table, console: Console) -> None:
    """Print a table."""
    cells = [[shown(cell) for cell in row] for row in table.rows]
    if console.is_terminal:
        rich = RichTable(title=table.title, title_justify="left", title_style="bold")
        for at, column in enumerate(table.columns):
            rich.add_column(column, justify="left" if _is_text(table, at) else "right")
        for row in cells:
            rich.add_row(*row)
        console.print(rich)
        console.print()
    else:
        rule = ["---" if _is_text(table, at) else "---:" for at in range(len(table.columns))]
        print(f"### {table.title}\n")
        for line in (table.columns, rule, *cells):
            print("| " + " | ".join(line) + " |")
        print()
    if table.note:
        console.print(table.note, highlight=False, soft_wrap=not console.is_terminal)
        console.print()


def targets_table(targets: Sequence[Target]) -> Table:
    """Return the list of targets, met or missed."""
    rows: list[tuple[Cell, ...]] = [
        (
            each.name,
            f"{each.sense} {shown(each.bound)}{each.unit}",
            f"{shown(each.figure)}{each.unit}",
            "met" if each.met else "MISSED",
        )
        for each in targets
    ]
    return Table("Targets", ("target", "bound", "measured", ""), rows)


def shown(cell: Cell) -> str:
    """Return a cell as text: whole numbers grouped, others with about three digits."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= _WHOLE:
        return f"{cell:,.0f}"
    if abs(cell) >= _TENTHS:
        return f"{cell:.1f}"
    return f"{cell:.3f}"


def _is_text(table: Table, at: int) -> bool:
    return any(isinstance(row[at], str) for row in table.rows)

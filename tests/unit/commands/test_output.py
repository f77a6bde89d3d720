"""Columns, tables and lines for any width."""

from io import StringIO

import pytest
from rich.console import Console

from mogulsync.commands.output import columns, narrowed, table, wrapped

TITLES = ["NAME", "READY", "ATTENTION"]


def test_columns_are_as_wide_as_what_is_in_them_and_nothing_is_cut() -> None:
    assert columns(TITLES, [["a", "True", "-"], ["n" * 52, "False", "long " * 20]]).splitlines() == [
        f"{'NAME':<52}   READY   ATTENTION",
        f"{'a':<52}   True    -",
        f"{'n' * 52}   False   {('long ' * 20).rstrip()}",
    ]


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (200, ["NAME", "READY", "ATTENTION"]),
        (40, ["NAME", "READY", "ATTENTION"]),
        (30, ["NAME", "ATTENTION"]),
        (5, ["NAME", "ATTENTION"]),
    ],
)
def test_a_narrow_terminal_does_without_the_columns_that_matter_least(width: int, kept: list[str]) -> None:
    titles, rows = narrowed(TITLES, [["short", "True", "-"]], width=width, drop=["READY"])
    assert titles == kept
    assert [len(row) for row in rows] == [len(kept)]


@pytest.mark.parametrize("width", [30, 40, 80, 200])
def test_a_table_keeps_to_any_width_with_the_widest_names_and_cuts_nothing(width: int) -> None:
    out = StringIO()
    console = Console(file=out, width=width)
    console.print(table(TITLES, [["n" * 52, "False", "reason " * 30], ["日本" * 10, "True", "-"]], width=width))
    printed = out.getvalue()
    assert all(len(line.rstrip()) <= width for line in printed.splitlines())
    assert (sum(len(word) for word in printed.split() if set(word) == {"n"}), printed.count("reason")) == (52, 30)
    assert "False" in printed
    assert "[" not in printed


def test_what_looks_like_markup_stays_text() -> None:
    out = StringIO()
    Console(file=out, width=80).print(table(["NAME"], [["[red]x[/red]"]], width=80))
    assert "[red]x[/red]" in out.getvalue()


def test_a_long_line_goes_on_under_its_text() -> None:
    assert wrapped(["Title", "  key  one two three"], width=15, indent=7) == ["Title", "  key  one two", "       three"]

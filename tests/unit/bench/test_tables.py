"""Figures and targets read as they should."""

from typing import Literal

import pytest
from rich.console import Console

from bench.tables import Cell, Table, show, shown, targets_table
from bench.targets import Target


@pytest.mark.parametrize(
    ("figure", "sense", "bound", "met"),
    [
        (1.02, "<=", 1.02, True),
        (1.021, "<=", 1.02, False),
        (0.9, ">=", 0.9, True),
        (0.899, ">=", 0.9, False),
        (0.6, "<", 0.6, False),
        (0.59, "<", 0.6, True),
    ],
)
def test_a_target_is_met_within_its_bound(
    figure: float, sense: Literal["<=", ">=", "<"], bound: float, met: Literal[True, False]
) -> None:
    assert Target("x", figure, sense, bound).met is met


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "-"), ("text", "text"), (1234567, "1,234,567"), (0.12345, "0.123"), (12.345, "12.3"), (1234.5, "1,234")],
)
def test_a_cell_shows_about_three_digits(cell: Cell, text: str) -> None:
    assert shown(cell) == text


def test_a_table_is_markdown_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show(Table("Title", ("what", "number"), [("a", 1)], "A note."), Console(force_terminal=False))
    assert capsys.readouterr().out == "### Title\n\n| what | number |\n| --- | ---: |\n| a | 1 |\n\nA note.\n\n"


def test_a_missed_target_stands_out() -> None:
    rows = targets_table([Target("rate", 0.7, ">=", 0.8), Target("memory", 100.0, "<=", 300, " MiB")]).rows
    assert [row[-1] for row in rows] == ["MISSED", "met"]
    assert rows[1][2] == "100.0 MiB"

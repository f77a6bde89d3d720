"""The list as CSV."""

import csv
import io

import pytest

from mogulsync.preview.rows import Cell, PlannedRows, Row, changes_of, shown
from mogulsync.preview.table import cell_text, write_table
from mogulsync.resource.sources import Source
from mogulsync.sync.fields import Field


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("", ""),
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+49 30 1", "'+49 30 1"),
        ("-dash", "'-dash"),
        ("@name", "'@name"),
        ("\ttab", "'\ttab"),
        ("\rreturn", "'\rreturn"),
        (" =1", " =1"),
        (-5, "-5"),
        (-0.5, "-0.5"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_a_text_that_a_spreadsheet_would_calculate_gets_an_apostrophe(cell: Cell, text: str) -> None:
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    ("value", "data_type", "cell"),
    [
        (20.0, "float", 20),
        (20.5, "float", 20.5),
        (0, "float", 0),
        (1732694400, "date", "2024-11-27T08:00:00Z"),
        (1e30, "date", 1e30),
        ("Active", "string", "Active"),
        (True, "boolean", True),
        (None, "float", None),
        ([1], "string", "[1]"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value: object, data_type: str, cell: Cell) -> None:
    assert shown(value, data_type) == cell


def planned() -> PlannedRows:
    fields = (Field(Source.MRR, "=mrr", "float"), Field(Source.CUSTOMER_STATUS, "status", "string"))
    rows = [
        Row("cus_1", "a@example.com", ("x", "y"), "matched", "c1", (1, "Active"), (2, "Active")),
        Row("cus_2", "=cmd@example.com", (), "unmatched", "", (None, None), (None, None)),
        Row("", "b@example.com", (), "cleared", "c2", (3, None), (None, None)),
    ]
    return PlannedRows(fields, rows)


def test_there_is_a_row_for_each_with_the_values_now_and_then() -> None:
    stream = io.StringIO()
    write_table(planned(), stream)
    assert list(csv.reader(io.StringIO(stream.getvalue(), newline=""))) == [
        [
            "uuid",
            "email",
            "external_ids",
            "outcome",
            "contact_id",
            "'=mrr now",
            "'=mrr then",
            "status now",
            "status then",
        ],
        ["cus_1", "a@example.com", "x, y", "matched", "c1", "1", "2", "Active", "Active"],
        ["cus_2", "'=cmd@example.com", "", "unmatched", "", "", "", "", ""],
        ["", "b@example.com", "", "cleared", "c2", "3", "", "", ""],
    ]


def test_changes_are_counted_by_field_with_some_samples() -> None:
    first, second = changes_of(planned(), samples=1)
    assert (first.contacts, [row.contact_id for row in first.samples]) == (2, ["c1"])
    assert (second.contacts, second.samples) == (0, [])

"""The rows as CSV, safe to open in a spreadsheet."""

import csv
from typing import Final, TextIO

from mogulsync.preview.rows import Cell, PlannedRows

_FIXED: Final = ("uuid", "email", "external_ids", "outcome", "contact_id")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would calculate (OWASP, CSV injection)."""


def write_table(planned: PlannedRows, stream: TextIO) -> None:
    """Write the header and all rows."""
    writer = csv.writer(stream)
    attributes = [f"{each.attribute} {moment}" for each in planned.fields for moment in ("now", "then")]
    writer.writerow([cell_text(title) for title in (*_FIXED, *attributes)])
    for row in planned.rows:
        pairs = zip(row.now, row.then, strict=True)
        fixed = (row.uuid, row.email, ", ".join(row.external_ids), row.outcome, row.contact_id)
        writer.writerow([cell_text(cell) for cell in (*fixed, *(value for pair in pairs for value in pair))])


def cell_text(cell: Cell) -> str:
    """Return a cell's text; one that a spreadsheet would take for a formula gets a leading apostrophe."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return str(cell)

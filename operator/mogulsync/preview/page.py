"""The rows as one HTML page: the shares as bars, and the list to search, sort and filter. It loads nothing."""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mogulsync import __version__
from mogulsync.preview.rows import CLEARED, MATCHED, PlannedRows, changes_of
from mogulsync.resource.report import Report

_HUNDRED: Final = 100.0
_KEYS: Final = {
    "Email": "email address",
    "ExternalID": "external id",
    "UUID": "uuid",
    "CustomAttribute": "custom attribute",
}


class Share(NamedTuple):
    """A part of a whole, as a bar shows it."""

    name: str
    """As the list's filter knows it; empty when it cannot be filtered by."""
    title: str
    number: int
    percent: float
    start: float
    """Sum of the shares before it, in percent."""
    why: str


def shares(parts: Sequence[tuple[str, str, int, str]], total: int) -> list[Share]:
    """Return parts of a whole, given as name, title, count and why, with their percentages."""
    found, start = [], 0.0
    for name, title, count, why in parts:
        percent = _HUNDRED * count / total if total else 0.0
        found.append(Share(name, title, count, percent, start, why))
        start += percent
    return found


def page(planned: PlannedRows, report: Report, *, destination: str, matched_by: str) -> str:
    """Return the page.

    Args:
        planned: What the dry run found.
        report: What it reported.
        destination: Its name.
        matched_by: The spec's `matching.chartmogulField`.
    """
    environment = Environment(
        loader=PackageLoader("mogulsync.preview"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    style, script = _asset("page.css"), _asset("page.js")
    changed = changes_of(planned, samples=0)
    return environment.get_template("page.html").render(
        destination=destination,
        version=__version__,
        report=report,
        customers=shares(_customers(report, _KEYS.get(matched_by, matched_by)), report.customers.total),
        contacts=shares(_contacts(report), report.contacts.matched + report.contacts.cleared),
        changed=[(place, each) for place, each in enumerate(changed)],
        widest=max((each.contacts for each in changed), default=0) or 1,
        total=len(planned.rows),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=_embedded(_data(planned)),
    )


def _customers(report: Report, key: str) -> list[tuple[str, str, int, str]]:
    counts = report.customers
    return [
        (MATCHED, "matched", counts.matched, f"A contact has the customer's {key}, and takes its data from it."),
        ("ambiguous", "ambiguous", counts.ambiguous, "Several contacts match, and matching.ambiguous is Skip."),
        ("unmatched", "unmatched", counts.unmatched, f"No contact has the customer's {key}."),
        ("unmatchable", "unmatchable", counts.unmatchable, f"The customer has no {key} in ChartMogul."),
        (
            "conflicts",
            "conflicts",
            counts.conflicts,
            "Its contacts match another customer too, and take that one's data.",
        ),
    ]


def _contacts(report: Report) -> list[tuple[str, str, int, str]]:
    counts = report.contacts
    return [
        ("changed", "would be updated", counts.updated, "At least one attribute would get another value."),
        ("unchanged", "stay as they are", counts.unchanged, "Intercom has every value already."),
        ("", "cannot be compared", counts.failed, "What is needed to compare them could not be read."),
        (CLEARED, "would be cleared", counts.cleared, "No customer matches; unmatchedContacts is Clear."),
    ]


def _data(planned: PlannedRows) -> dict[str, Any]:
    """Return the list for the page's script: outcomes by number, because they repeat."""
    outcomes = list(dict.fromkeys(row.outcome for row in planned.rows))
    number = {outcome: place for place, outcome in enumerate(outcomes)}
    return {
        "outcomes": outcomes,
        "attributes": [each.attribute for each in planned.fields],
        "rows": [
            [number[row.outcome], row.uuid, row.email, ", ".join(row.external_ids), row.contact_id, row.now, row.then]
            for row in planned.rows
        ],
    }


def _embedded(document: Any) -> Markup:
    """Return JSON that can stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped above


def _asset(name: str) -> str:
    return files("mogulsync.preview").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the hash by which the page's policy lets a style or script run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

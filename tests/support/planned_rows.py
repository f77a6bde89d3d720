"""Made-up rows of a preview, as many as wanted."""

import random

from mogulsync.preview.rows import PlannedRows, Row
from mogulsync.resource.reasons import Outcome, RunReason
from mogulsync.resource.report import Contacts, Customers, Report, WorkspaceName
from mogulsync.resource.sources import Source
from mogulsync.sync.fields import Field

_FIELDS = (
    Field(Source.MRR, "chartmogul_mrr", "float"),
    Field(Source.CUSTOMER_STATUS, "chartmogul_status", "string"),
    Field(Source.PLAN, "chartmogul_plan", "string"),
    Field(Source.SUBSCRIBER_SINCE, "chartmogul_subscriber_since", "date"),
)
_OUTCOMES = ("matched",) * 14 + ("unmatched",) * 3 + ("unmatchable", "conflicts", "ambiguous", "cleared")
_STATUSES = ("Active", "Past Due", "Cancelled", "Lead")


def planned_rows(count: int, *, seed: int = 1) -> PlannedRows:
    """Return so many rows: most matched, a third of these with changes."""
    chance = random.Random(seed)  # noqa: S311 - made-up data
    rows = []
    for number in range(count):
        outcome = chance.choice(_OUTCOMES)
        has_contact = outcome in {"matched", "cleared"}
        then = (
            (
                chance.randrange(0, 90_000) / 100,
                chance.choice(_STATUSES),
                chance.choice(("Pro", "Basic, Add-on", "Enterprise <EU> & more", None)),
                f"20{chance.randrange(10, 27)}-0{chance.randrange(1, 10)}-11T00:00:00Z",
            )
            if outcome == "matched"
            else (None,) * 4
        )
        now = tuple(value if chance.random() < 0.9 else None for value in then)
        rows.append(
            Row(
                uuid="" if outcome == "cleared" else f"cus_{number:08x}-0000-4000-8000-{number:012x}",
                email=f"person{number}@company{number % 997}.example" if outcome != "unmatchable" else "",
                external_ids=(f"ext-{number}",),
                outcome=outcome,
                contact_id=f"{number:024x}" if has_contact else "",
                now=("old", *now[1:]) if outcome == "cleared" else now,
                then=then,
            )
        )
    return PlannedRows(_FIELDS, rows)


def report_of_rows(planned: PlannedRows) -> Report:
    """Return the report that goes with the rows."""
    counts = {kind: sum(row.outcome == kind for row in planned.rows) for kind in set(_OUTCOMES)}
    matched = [row for row in planned.rows if row.outcome == "matched"]
    updated = sum(row.now != row.then for row in matched)
    customers = {kind: counts[kind] for kind in ("matched", "ambiguous", "unmatched", "unmatchable", "conflicts")}
    return Report(
        outcome=Outcome.SUCCEEDED,
        reason=RunReason.SUCCEEDED,
        message=f"{len(matched)} customers matched, {updated} contacts would be updated",
        dry_run=True,
        start_time="2026-11-26T08:00:00Z",
        completion_time="2026-11-26T08:00:09Z",
        workspace=WorkspaceName(id="abc123", name="Example", region="EU"),
        customers=Customers(total=sum(customers.values()), **customers),
        contacts=Contacts(
            matched=len(matched), updated=updated, unchanged=len(matched) - updated, cleared=counts["cleared"]
        ),
    )

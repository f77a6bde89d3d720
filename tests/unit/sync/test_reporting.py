import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.intercom.models import Workspace
from mogulsync.resource.reasons import AttributeReason, ExitCode, Outcome, RunReason, WarningReason
from mogulsync.resource.report import Contacts, Customers, Example, RefusedAttribute, Report
from mogulsync.resource.sources import Source
from mogulsync.sync.failures import RunError
from mogulsync.sync.reporting import check_ending, report_of, run_ending
from mogulsync.sync.statistics import RunStatistics
from mogulsync.transport.stats import RequestStats

MOMENT = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
CUSTOMERS = Customers(total=500, matched=412, unmatched=80, unmatchable=8)
TRIPPED = RunError(RunReason.GUARD_TRIPPED, "would update too many")


def close(statistics: RunStatistics, failure: RunError | None = None, *, dry_run: bool = False) -> Report:
    ending = run_ending(statistics, failure, CUSTOMERS, dry_run=dry_run)
    return report_of(
        statistics,
        ending,
        customers=CUSTOMERS,
        requests=RequestStats(),
        start=MOMENT,
        completion=MOMENT,
        dry_run=dry_run,
    )


def test_a_clean_run_succeeds_and_says_what_it_did() -> None:
    statistics = RunStatistics(workspace=Workspace("abc", "Example", "US"), unchanged=377)
    for _ in range(37):
        statistics.count_updated([Source.MRR])
    statistics.vanished = 1
    report = close(statistics)
    assert (report.outcome, report.reason, report.exit_code) == (
        Outcome.SUCCEEDED,
        RunReason.SUCCEEDED,
        ExitCode.SUCCEEDED,
    )
    assert report.message == "412 of 500 customers matched, 37 contacts updated, 1 vanished"
    assert report.fields == {Source.MRR: 37}
    assert report.start_time == report.completion_time == "2026-11-24T08:00:00Z"


def test_a_failed_contact_makes_it_partial_and_counts_what_was_stored() -> None:
    statistics = RunStatistics()
    statistics.count_updated([Source.MRR, Source.CUSTOMER_STATUS])
    statistics.count_failed("NotStored", Example(contact="c1", request_id="r1"), [Source.MRR])
    statistics.count_failed("NotStored", Example(contact="c2", request_id="r2"))
    report = close(statistics)
    assert report.reason == RunReason.PARTIALLY_SUCCEEDED
    assert report.exit_code is ExitCode.PARTIALLY_SUCCEEDED
    assert report.message == "412 of 500 customers matched, 1 contacts updated, 2 failed"
    assert report.fields == {Source.MRR: 2, Source.CUSTOMER_STATUS: 1}
    assert [(error.reason, error.count, error.example) for error in report.errors] == [
        ("NotStored", 2, Example(contact="c1", request_id="r1"))
    ]


def test_a_refused_attribute_makes_it_partial_and_is_named_with_the_fix() -> None:
    statistics = RunStatistics(refused=[RefusedAttribute(attribute="chartmogul_mrr", reason=AttributeReason.ARCHIVED)])
    report = close(statistics)
    assert report.outcome is Outcome.PARTIALLY_SUCCEEDED
    assert "chartmogul_mrr: Archived. Unarchive the attribute" in report.message


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_run_that_ends_early_leaves_the_rest_failed_for_its_own_reason(*, dry_run: bool) -> None:
    statistics = RunStatistics(unchanged=3)
    statistics.count_unreached(7, TRIPPED.reason)
    report = close(statistics, TRIPPED, dry_run=dry_run)
    assert (report.outcome, report.reason, report.exit_code) == (
        Outcome.FAILED,
        RunReason.GUARD_TRIPPED,
        ExitCode.FAILED,
    )
    assert report.contacts == Contacts(matched=10, unchanged=3, failed=7)
    assert [(error.reason, error.count) for error in report.errors] == [("GuardTripped", 7)]
    assert report.message.startswith("would update too many; 412 of 500")
    assert report.dry_run is dry_run


def test_a_dry_run_says_what_would_be_updated() -> None:
    statistics = RunStatistics()
    statistics.count_updated([Source.MRR])
    assert close(statistics, dry_run=True).message == "412 of 500 customers matched, 1 contacts would be updated"


def test_a_workspace_elsewhere_is_a_warning_and_no_failure() -> None:
    statistics = RunStatistics()
    statistics.found_workspace(Workspace("abc", "Example", "EU"), "US")
    report = close(statistics)
    assert report.outcome is Outcome.SUCCEEDED
    assert [(each.reason, each.count) for each in report.warnings] == [(WarningReason.REGION_MISMATCH, 1)]
    assert report.workspace is not None
    assert report.workspace.region == "EU"


def test_a_workspace_of_unknown_region_is_no_warning() -> None:
    statistics = RunStatistics()
    statistics.found_workspace(Workspace("abc", None, None), "US")
    assert close(statistics).warnings == []


def test_a_workspace_of_which_nothing_is_known_is_absent() -> None:
    statistics = RunStatistics()
    statistics.found_workspace(Workspace(None, None, None), "US")
    assert "workspace" not in json.loads(close(statistics).to_json())


def test_a_check_with_refused_attributes_succeeds_and_names_them() -> None:
    statistics = RunStatistics(refused=[RefusedAttribute(attribute="x", reason=AttributeReason.WRONG_TYPE)])
    ending = check_ending(statistics, None, usable=2)
    assert (ending.outcome, ending.reason) == (Outcome.SUCCEEDED, RunReason.SUCCEEDED)
    assert "x: WrongType" in ending.message


EVENTS = st.lists(
    st.sampled_from(["unchanged", "updated", "vanished", "NotStored", "Rejected", "Unavailable", "Throttled"]),
    max_size=50,
)


@given(events=EVENTS, unreached=st.integers(0, 20), failure=st.none() | st.just(TRIPPED))
def test_contacts_add_up_whatever_happens(events: list[str], unreached: int, failure: Any) -> None:
    statistics = RunStatistics()
    for event in events:
        if event == "updated":
            statistics.count_updated([Source.MRR])
        elif event in {"unchanged", "vanished"}:
            setattr(statistics, event, getattr(statistics, event) + 1)
        else:
            statistics.count_failed(event, Example(contact="c"))
    if failure is not None:
        statistics.count_unreached(unreached, failure.reason)
    report = close(statistics, failure)
    contacts = report.contacts
    assert contacts.matched == contacts.updated + contacts.unchanged + contacts.failed + contacts.vanished
    assert contacts.matched == len(events) + (unreached if failure else 0)
    assert contacts.failed == sum(error.count for error in report.errors)
    assert (report.outcome is Outcome.SUCCEEDED) == (failure is None and not contacts.failed)

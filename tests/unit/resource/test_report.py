"""The report: its shape on the wire, its size, its exit code."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.resource.reasons import AttributeReason, ExitCode, Outcome, RunReason, WarningReason
from mogulsync.resource.report import (
    Attributes,
    Contacts,
    Customers,
    ErrorCount,
    Example,
    RefusedAttribute,
    Report,
    Requests,
    WarningCount,
    WorkspaceName,
    shorten,
)
from mogulsync.resource.sources import Source
from mogulsync.resource.times import timestamp

START, END = "2026-11-24T08:00:00Z", "2026-11-24T08:01:30Z"

counts = st.integers(min_value=0, max_value=10**12)
# One character many times over: as hard on sizes as any text, and quick to make.
texts = st.builds(str.__mul__, st.characters(codec=None), st.integers(min_value=0, max_value=600))
names = st.builds(str.__mul__, st.characters(), st.integers(min_value=1, max_value=255))


def report(**more: Any) -> Report:
    return Report(
        **{
            "outcome": Outcome.SUCCEEDED,
            "reason": RunReason.SUCCEEDED,
            "message": "412 of 500 customers matched",
            "start_time": START,
            "completion_time": END,
        }
        | more
    )


reports = st.builds(
    report,
    outcome=st.sampled_from(Outcome),
    reason=st.sampled_from(RunReason),
    message=texts,
    dry_run=st.booleans(),
    workspace=st.none() | st.builds(WorkspaceName, id=texts, name=st.none() | texts, region=texts),
    customers=st.builds(Customers, total=counts, matched=counts, unmatched=counts),
    contacts=st.builds(Contacts, matched=counts, updated=counts),
    attributes=st.builds(
        Attributes,
        created=st.lists(names, max_size=13),
        refused=st.lists(
            st.builds(
                RefusedAttribute,
                attribute=names,
                reason=st.sampled_from(AttributeReason),
                message=st.none() | texts,
            ),
            max_size=13,
        ),
    ),
    requests=st.builds(Requests, chartmogul=counts, intercom=counts),
    fields=st.dictionaries(st.sampled_from(Source), counts),
    errors=st.lists(
        st.builds(
            ErrorCount,
            reason=names,
            count=counts,
            example=st.none() | st.builds(Example, contact=names, request_id=names),
        ),
        max_size=60,
    ),
    warnings=st.lists(st.builds(WarningCount, reason=st.sampled_from(WarningReason), count=counts), max_size=40),
)


def lists_of(document: dict[str, Any]) -> dict[str, list[Any]]:
    return {
        "created": document["attributes"]["created"],
        "refused": document["attributes"]["refused"],
        "errors": document["errors"],
        "warnings": document["warnings"],
    }


def entries_and_more(listed: list[Any]) -> tuple[int, int]:
    if listed and isinstance(listed[-1], dict) and set(listed[-1]) == {"more"}:
        return len(listed) - 1, listed[-1]["more"]
    return len(listed), 0


@given(reports)
def test_report_and_the_end_of_its_line_always_fit_a_termination_message(made: Report) -> None:
    encoded = made.to_json()
    assert len(encoded.encode()) + len("\n") <= 4096
    assert "\n" not in encoded
    assert isinstance(json.loads(encoded), dict)


@given(reports)
def test_counts_survive_whatever_is_cut(made: Report) -> None:
    document = json.loads(made.to_json())
    assert document["customers"] == made.customers.model_dump(by_alias=True)
    assert document["contacts"] == made.contacts.model_dump(by_alias=True)
    assert document["requests"] == made.requests.model_dump(by_alias=True)
    assert document["fields"] == {source.value: count for source, count in made.fields.items()}
    assert (document["outcome"], document["reason"]) == (made.outcome, made.reason)


@given(reports)
def test_cut_lists_say_how_much_is_missing(made: Report) -> None:
    whole = lists_of(made.model_dump(mode="json"))
    for name, listed in lists_of(json.loads(made.to_json())).items():
        kept, more = entries_and_more(listed)
        assert kept + more == len(whole[name])


def test_list_is_cut_to_what_fits_and_not_further() -> None:
    attributes = Attributes(created=[f"attribute_number_{number:04}" for number in range(500)])
    encoded = report(attributes=attributes).to_json()
    assert 4096 - 40 < len(encoded.encode()) <= 4096
    *kept, last = json.loads(encoded)["attributes"]["created"]
    assert kept == attributes.created[: len(kept)]
    assert last == {"more": 500 - len(kept)}


@pytest.mark.parametrize("length", range(1, 40))
def test_cut_report_leaves_room_for_the_end_of_its_line(length: int) -> None:
    attributes = Attributes(created=["a" * length, *(f"attribute_number_{number:04}" for number in range(500))])
    assert len(report(attributes=attributes).to_json().encode()) + len("\n") <= 4096


def test_longest_list_is_cut_first() -> None:
    errors = [ErrorCount(reason=f"Reason{number}", count=1) for number in range(300)]
    document = json.loads(report(errors=errors, attributes=Attributes(created=["chartmogul_mrr"])).to_json())
    assert document["attributes"]["created"] == ["chartmogul_mrr"]
    assert "more" in document["errors"][-1]


def test_report_has_the_documented_shape() -> None:
    full = report(
        outcome=Outcome.PARTIALLY_SUCCEEDED,
        reason=RunReason.PARTIALLY_SUCCEEDED,
        workspace=WorkspaceName(id="abc", name="Example", region="US"),
        customers=Customers(total=500, matched=412, unmatched=80, unmatchable=8),
        contacts=Contacts(matched=415, updated=37, unchanged=377, failed=1),
        attributes=Attributes(
            created=["chartmogul_mrr"],
            refused=[RefusedAttribute(attribute="plan", reason=AttributeReason.WRONG_TYPE)],
        ),
        requests=Requests(chartmogul=3, intercom=41),
        fields={Source.MRR: 30, Source.CUSTOMER_STATUS: 9},
        errors=[ErrorCount(reason="NotStored", count=1, example=Example(contact="c1", request_id="r1"))],
        warnings=[WarningCount(reason=WarningReason.MIXED_CURRENCIES, count=2)],
    )
    assert json.loads(full.to_json()) == {
        "version": 1,
        "outcome": "PartiallySucceeded",
        "reason": "PartiallySucceeded",
        "message": "412 of 500 customers matched",
        "dryRun": False,
        "startTime": START,
        "completionTime": END,
        "workspace": {"id": "abc", "name": "Example", "region": "US"},
        "customers": {
            "total": 500,
            "matched": 412,
            "ambiguous": 0,
            "unmatched": 80,
            "unmatchable": 8,
            "conflicts": 0,
        },
        "contacts": {"matched": 415, "updated": 37, "unchanged": 377, "failed": 1, "vanished": 0, "cleared": 0},
        "attributes": {"created": ["chartmogul_mrr"], "refused": [{"attribute": "plan", "reason": "WrongType"}]},
        "requests": {"chartmogul": 3, "intercom": 41, "throttled": 0, "retried": 0},
        "fields": {"MRR": 30, "CustomerStatus": 9},
        "errors": [{"reason": "NotStored", "count": 1, "example": {"contact": "c1", "requestId": "r1"}}],
        "warnings": [{"reason": "MixedCurrencies", "count": 2}],
    }


@pytest.mark.parametrize(
    ("outcome", "reason", "code"),
    [
        (Outcome.SUCCEEDED, RunReason.SUCCEEDED, 0),
        (Outcome.FAILED, RunReason.INVALID_DESTINATION, 2),
        (Outcome.FAILED, RunReason.MISSING_CREDENTIALS, 2),
        (Outcome.PARTIALLY_SUCCEEDED, RunReason.PARTIALLY_SUCCEEDED, 3),
        (Outcome.FAILED, RunReason.CREDENTIALS_REJECTED, 4),
        (Outcome.FAILED, RunReason.GUARD_TRIPPED, 4),
        (Outcome.FAILED, RunReason.ATTRIBUTES_NOT_USABLE, 4),
        (Outcome.FAILED, RunReason.CHARTMOGUL_UNAVAILABLE, 5),
        (Outcome.FAILED, RunReason.INTERCOM_UNAVAILABLE, 5),
        (Outcome.FAILED, RunReason.INTERRUPTED, 5),
        (Outcome.FAILED, RunReason.INTERNAL_ERROR, 5),
    ],
)
def test_exit_code(outcome: Outcome, reason: RunReason, code: int) -> None:
    assert report(outcome=outcome, reason=reason).exit_code is ExitCode(code)


@given(st.text(max_size=50), st.integers(min_value=1, max_value=60))
def test_shortened_text_is_the_beginning_of_the_whole(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text or text.startswith(short.removesuffix("…"))


def test_times_are_written_as_kubernetes_writes_them() -> None:
    moment = datetime(2026, 11, 24, 9, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert timestamp(moment) == "2026-11-24T08:00:00Z"
    assert timestamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05Z"

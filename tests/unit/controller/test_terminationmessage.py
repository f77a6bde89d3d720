"""A termination message is untrusted input: whatever is in it, the status can hold what is made of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.controller.terminationmessage import read_report
from mogulsync.resource.report import Report
from mogulsync.resource.status import LastSync

REPORT: dict[str, Any] = {
    "version": 1,
    "outcome": "Succeeded",
    "reason": "Succeeded",
    "message": "8 of 10 customers matched",
    "startTime": "2026-11-24T09:00:05Z",
    "completionTime": "2026-11-24T09:01:00Z",
    "workspace": {"id": "abc123", "name": "Example", "region": "EU"},
    "customers": {"total": 10, "matched": 8},
    "attributes": {"created": ["mrr"], "refused": [{"attribute": "arr", "reason": "Archived"}]},
    "errors": [{"reason": "NotStored", "count": 1}],
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(10**400), 2**63, 1e300, float("inf"), float("nan")])
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["\ud83d", "\x00", "9999-12-31T23:59:59-12:00", "12026-01-01T00:00:00Z", "Succeeded"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all parts of a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [*([path] if path else []), *(found for key, part in inner for found in places(part, (*path, key)))]


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    copied = json.loads(json.dumps(document))
    home = copied
    for part in path[:-1]:
        home = home[part]
    home[path[-1]] = value
    return copied


def is_storable(value: Any, depth: int = 0) -> bool:
    """Return whether the API server can store the value, and every JSON parser read it again."""
    assert depth < 32
    if isinstance(value, dict):
        return all(is_storable(key) and is_storable(part, depth + 1) for key, part in value.items())
    if isinstance(value, list):
        return all(is_storable(part, depth + 1) for part in value)
    if isinstance(value, str):
        value.encode()
    return not isinstance(value, int) or abs(value) < 2**53


def judge(message: str) -> None:
    found = read_report(message)
    if found is None:
        return
    assert is_storable(found.document)
    json.dumps(found.document, allow_nan=False)
    LastSync.model_validate_json(json.dumps(found.document), strict=True)
    assert isinstance(found.report, Report)
    assert 1 <= len(found.report.reason) <= 128


@given(st.sampled_from(places(REPORT)), VALUES)
def test_any_value_anywhere_in_a_report_leaves_one_that_the_status_can_hold(path: tuple[Any, ...], value: Any) -> None:
    judge(json.dumps(put(REPORT, path, value)))


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=4))
def test_any_field_that_a_newer_worker_adds_leaves_one_that_the_status_can_hold(added: dict[str, Any]) -> None:
    judge(json.dumps(REPORT | added))


@given(st.text(st.characters(), max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode(errors="replace")))
def test_any_text_is_read(message: str) -> None:
    judge(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "killed",
        "[]",
        '{"outcome": "Splendid"}',
        '{"outcome": ["Succeeded"]}',
        '{"level": "info"}',
        json.dumps(REPORT)[:-9],
        "null",
        "1e999",
        "[" * 4000,
        '{"a":' * 800,
        "9" * 4000,
        '{"outcome": "Succeeded", "customers": NaN}',
    ],
)
def test_what_is_no_report_is_none(message: str) -> None:
    assert read_report(message) is None


@pytest.mark.parametrize(
    "added",
    [
        {"later": "\ud83d"},
        {"half \udc00 of a key": 1},
        {"later": [{"deeper": "\ud83d and more"}]},
        {"later": 10**30},
        {"later": {"deeper": -(10**400)}},
        {"startTime": "9999-12-31T23:59:59-12:00", "completionTime": "12026-01-01T00:00:00Z"},
        {"startTime": 7, "completionTime": {"a": 1}},
        {"contacts": "many", "errors": 7, "workspace": ["\ud83d"]},
    ],
    ids=json.dumps,
)
def test_what_the_status_cannot_hold_costs_nothing_else_of_the_report(added: dict[str, Any]) -> None:
    message = json.dumps(REPORT | added)
    judge(message)
    found = read_report(message)
    assert found is not None
    kept = ("outcome", "reason", "message", "customers", "attributes")
    assert {key: found.document[key] for key in kept} == {key: REPORT[key] for key in kept}


def test_half_of_a_surrogate_pair_costs_no_more_than_itself() -> None:
    found = read_report(json.dumps(REPORT | {"message": "half \ud83d of a pair"}))
    assert found is not None
    assert found.report.message == "half ? of a pair"
    assert found.report.customers.matched == 8


def test_deep_nesting_is_left_out_and_the_rest_kept() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    found = read_report(json.dumps(REPORT | {"deep": deep}))
    assert found is not None
    assert found.document["customers"] == REPORT["customers"]
    assert is_storable(found.document)


def test_what_a_newer_worker_added_survives_and_is_no_part_of_what_is_known() -> None:
    newer = {"later": {"version": 2}, "fields": {"Novelty": 3, "MRR": 1}, "warnings": [{"reason": "New", "count": 1}]}
    found = read_report(json.dumps(REPORT | newer | {"reason": "NewReason", "outcome": "Failed"}))
    assert found is not None
    assert {key: found.document[key] for key in newer} == newer
    assert found.report.reason == "NewReason"
    assert found.report.customers.matched == 8

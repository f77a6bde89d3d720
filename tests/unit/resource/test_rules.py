"""What the worker accepts and refuses: the tables that the API server runs too."""

import json

import pytest
import yaml

from mogulsync.resource.manifest import InvalidDestinationError, parse_destination
from mogulsync.resource.sources import SOURCES
from tests.support.destinations import ACCEPTED, REFUSED, UNKNOWN, Accepted, Refused, Unknown, destination, field_list


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row.case)
def test_worker_accepts(row: Accepted) -> None:
    manifest = destination(row.changes)
    assert parse_destination(yaml.safe_dump(manifest)).name == manifest["metadata"]["name"]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.case)
def test_worker_refuses_and_names_field_and_fix(row: Refused) -> None:
    with pytest.raises(InvalidDestinationError) as refusal:
        parse_destination(json.dumps(destination(row.changes)))
    said = [problem for problem in refusal.value.problems if problem.startswith(f"{row.where}: ")]
    assert said
    assert any(row.worker_fix in problem for problem in said), said


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: row.case)
def test_worker_refuses_an_unknown_key_by_name(row: Unknown) -> None:
    with pytest.raises(InvalidDestinationError) as refusal:
        parse_destination(json.dumps(destination(row.changes)))
    assert [problem for problem in refusal.value.problems if problem.startswith(f"{row.where}: unknown field")]


def test_a_source_that_is_there_twice_is_one_problem() -> None:
    with pytest.raises(InvalidDestinationError) as refusal:
        parse_destination(json.dumps(destination(field_list("MRR", "ARR", "MRR"))))
    assert len(refusal.value.problems) == 1


def test_defaults_are_different_attributes_and_none_is_a_contact_s_own() -> None:
    """The CEL rules on attributes look at defaults only where a field names an attribute."""
    defaults = [info.attribute for info in SOURCES.values()]
    assert len(set(defaults)) == len(defaults)
    assert {"email", "external_id"} & set(defaults) == set()

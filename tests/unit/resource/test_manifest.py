"""Reading a manifest: what it gives, and what is said of one that is wrong."""

import json
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.resource.manifest import InvalidDestinationError, destination_from, parse_destination, parse_documents
from mogulsync.resource.spec import Spec
from mogulsync.resource.syncspec import SyncSpec
from tests.support.destinations import REMOVED, destination, field_list


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidDestinationError) as refusal:
        parse_destination(text)
    return list(refusal.value.problems)


def problems_of(changes: dict[str, Any]) -> list[str]:
    return problems(yaml.safe_dump(destination(changes)))


def test_manifest_is_read_with_every_default() -> None:
    read = parse_destination(yaml.safe_dump(destination({"metadata.namespace": "growth"})))
    assert (read.name, read.namespace) == ("production", "growth")
    spec = read.spec
    assert spec.chartmogul.api_key_secret_ref.key == "api-key"
    assert spec.intercom.base_url == "https://api.intercom.io"
    assert spec.matching.intercom_fields == ["email"]
    assert [field.attribute_name for field in spec.fields] == ["chartmogul_mrr"]
    assert (spec.schedule, spec.time_zone, spec.suspend) == ("0 9 * * *", "CET", False)
    assert (spec.max_changed_percent, spec.rate_limit_percent) == (100, 80)


def test_json_is_read_like_yaml() -> None:
    manifest = destination({"spec.suspend": True})
    assert parse_destination(json.dumps(manifest)) == parse_destination(yaml.safe_dump(manifest))


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ('{\n\t"a": [1, 1.5, 1e3, true, null],\n\t"b": {}\n}\n', [{"a": [1, 1.5, 1000.0, True, None], "b": {}}]),
        (r'{"a": "\ud83d\ude00 \u00e9 \/"}', [{"a": "\U0001f600 \u00e9 /"}]),
        ('{"a": "2026-11-24", "b": "yes"}', [{"a": "2026-11-24", "b": "yes"}]),
        ('\n {"a": 1}\n---\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        ("{a: 1, b: yes}", [{"a": 1, "b": True}]),
        ('{"a": 1e999}', [{"a": "1e999"}]),
        ('{"a": NaN, "b": -Infinity}', [{"a": "NaN", "b": "-Infinity"}]),
    ],
    ids=["blanks and numbers", "escapes", "texts", "two documents", "YAML in braces", "no finite number", "no number"],
)
def test_what_begins_like_json(text: str, documents: list[Any]) -> None:
    assert parse_documents(text) == documents


def test_spec_job_alone_brings_its_models() -> None:
    assert type(parse_destination(json.dumps(destination())).spec) is SyncSpec
    assert type(parse_destination(json.dumps(destination({"spec.job": {}}))).spec) is Spec


def test_a_misspelt_spec_job_is_still_recognized() -> None:
    assert problems_of({"spec.jobs": {}}) == ["spec.jobs: unknown field, did you mean job?; remove it or fix its name"]


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"spec.intercom.region": "EU"}, "https://api.eu.intercom.io"),
        ({"spec.intercom.region": "AU"}, "https://api.au.intercom.io"),
        ({"spec.intercom.region": "EU", "spec.intercom.url": "http://localhost:1/"}, "http://localhost:1"),
    ],
)
def test_region_picks_the_host_unless_a_url_is_given(changes: dict[str, Any], url: str) -> None:
    assert destination_from(destination(changes)).spec.intercom.base_url == url


def test_manifest_that_the_cluster_filled_in_is_taken() -> None:
    stored = destination(
        {
            "metadata.uid": "1",
            "metadata.managedFields": [],
            "spec.job": {},
            "status": {"observedGeneration": 1, "anything": []},
        }
    )
    assert destination_from(stored).name == "production"


def test_manifest_of_another_version_has_that_problem_alone() -> None:
    said = problems_of({"apiVersion": "mogulsync.dev/v1beta1", "spec.fields": REMOVED, "spec.sources": []})
    assert said == ['apiVersion: "mogulsync.dev/v1beta1" is not mogulsync.dev/v1alpha1; set it to that']


def test_what_only_a_newer_version_may_have_is_told_apart() -> None:
    changes = {"spec.plan": 1, "spec.intercom.pace": 2, "spec.emptyValues": "Ask", "spec.suspend": "no"}
    with pytest.raises(InvalidDestinationError) as refusal:
        destination_from(destination(changes | field_list("Mood")))
    assert set(refusal.value.unknown) == {
        "spec.plan",
        "spec.intercom.pace",
        "spec.emptyValues",
        "spec.fields[0].source",
    }


def test_every_problem_is_named_at_once() -> None:
    said = problems_of({"spec.intercom.region": "eu", "spec.schedule": "@daily", "metadata.name": "a" * 60})
    assert [problem.split(":")[0] for problem in said] == ["metadata.name", "spec.intercom.region", "spec.schedule"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spec.intercom.regoin": "EU"}, "spec.intercom.regoin: unknown field, did you mean region?"),
        ({"spec.rate_limit_percent": 1}, "spec.rate_limit_percent: unknown field, did you mean rateLimitPercent?"),
        ({"spec.fields": [{"source": "MRR", "attr": "a"}]}, "spec.fields[0].attr: unknown field"),
        ({"spec.job.enviroment": []}, "spec.job.enviroment: unknown field"),
        ({"spec.colour": "red"}, "spec.colour: unknown field; remove it or fix its name"),
        ({"sepc": {}}, "sepc: unknown; a manifest has apiVersion, kind, metadata and spec"),
        ({"kind": "Destination"}, 'kind: "Destination" is not IntercomDestination; set it to that'),
        ({"apiVersion": "v1"}, 'apiVersion: "v1" is not mogulsync.dev/v1alpha1'),
        ({"metadata": {}}, "metadata.name: missing"),
        ({"metadata": None}, "metadata.name: missing"),
        ({"spec": []}, "spec: input should be an object"),
        ({"spec": None}, "spec: missing"),
    ],
)
def test_problem_names_the_field_and_the_fix(changes: dict[str, Any], said: str) -> None:
    assert any(problem.startswith(said) for problem in problems_of(changes)), problems_of(changes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not valid YAML or JSON at line 1, column 5"),
        ("spec:\n  a: 1\n  b: 2\n  a: 3\n", "not valid YAML or JSON at line 4, column 3: a is there twice"),
        ('{"spec": {"a": 1, "a": 2}}', "a is there twice"),
        ('{"spec": {"a": 1,}', "not valid YAML or JSON at line 1, column 19"),
        ('{"a":' * 5000, "not valid YAML or JSON"),
        ('{"a": %s}' % ("1" * 5000), "not valid YAML or JSON"),
        ("", "holds 0 documents"),
        ("---\n---\n", "holds 0 documents"),
        ("a: 1\n---\nb: 2\n", "holds 2 documents"),
        ("just words", "the manifest is not a mapping"),
        ("[1, 2]", "the manifest is not a mapping"),
        ("a: 0x_", "not valid YAML or JSON"),
        ("spec: &a {chartmogul: *a}", "write the values out"),
        ("kind: &a [*a]", "write the values out"),
        (
            "a: &a [1, 1]\n"
            + "\n".join(f"{n}: &{n} [*{m}, *{m}]" for m, n in pairwise(["a", *(f"b{i}" for i in range(30))])),
            "write the values out",
        ),
        ("\x00", "not valid YAML or JSON"),
        ("[" * 5000, "not valid YAML or JSON"),
    ],
)
def test_text_that_is_no_manifest(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(text)), problems(text)


def test_number_that_json_does_not_know_is_a_problem() -> None:
    said = problems(yaml.safe_dump(destination()).replace("MRR", ".nan"))
    assert any(problem.startswith("spec") for problem in said)


@pytest.mark.parametrize(
    "changes",
    [
        {"spec.chartmogul.apiKeySecretRef": "sk_live_hush"},
        {"spec.chartmogul.apiKeySecretRef.name": 7_000_000_000_000_000_001, "spec.intercom.oauthSecretRef": "hush"},
        {"spec.intercom.url": "https://user:hush@api.intercom.io"},
        {"spec.job": {"env": [{"name": "A", "value": ["hush"]}, {"name": "hush"}, "hush"]}},
    ],
)
def test_value_where_a_credential_may_stand_is_not_repeated(changes: dict[str, Any]) -> None:
    said = " ".join(problems_of(changes))
    assert "hush" not in said
    assert "7000000000000000001" not in said


def test_long_value_is_shortened() -> None:
    [said] = problems_of({"spec.timeZone": "x" * 500})
    assert len(said) < 200


def test_times_stay_text_as_in_the_cluster() -> None:
    read = parse_destination(
        yaml.safe_dump(destination()).replace("source: MRR", "{source: MRR, attribute: 2026-11-24}")
    )
    assert read.spec.fields[0].attribute == "2026-11-24"


def test_several_documents_can_be_read() -> None:
    assert parse_documents("a: 1\n---\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
paths = st.sampled_from(
    [
        "spec",
        "spec.chartmogul",
        "spec.intercom",
        "spec.matching",
        "spec.matching.intercomFields",
        "spec.fields",
        "spec.schedule",
        "spec.suspend",
        "spec.job",
        "spec.job.env",
        "spec.job.resources",
        "spec.job.tolerations",
        "spec.rateLimitPercent",
        "metadata",
    ]
)


def refusals(manifest: Any) -> tuple[str, ...]:
    try:
        destination_from(manifest)
    except InvalidDestinationError as refusal:
        return refusal.problems or ("a refusal without a problem",)
    return ()


@given(paths, json_values)
def test_whatever_stands_in_a_field_is_read_or_refused_by_name(path: str, value: Any) -> None:
    for problem in refusals(destination({path: value})):
        assert problem.partition(":")[0].startswith(("spec", "metadata"))

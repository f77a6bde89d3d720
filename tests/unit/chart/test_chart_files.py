"""The chart's files agree with the distribution and with each other; rendering is tested in tests/chart."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import chart_crd
from mogulsync import __version__

_CHART = Path(__file__).parents[3] / "charts" / "mogulsync"
_VALUES: dict[str, Any] = yaml.safe_load((_CHART / "values.yaml").read_text())
_SCHEMA: dict[str, Any] = json.loads((_CHART / "values.schema.json").read_text())


def test_chart_and_application_carry_the_distributions_version() -> None:
    chart = yaml.safe_load((_CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_the_charts_crd_is_the_generated_one() -> None:
    assert (_CHART / "templates" / "crd.yaml").read_text() == chart_crd.chart_template(), "run `make generate`"


def test_the_default_values_satisfy_their_schema() -> None:
    Draft202012Validator.check_schema(_SCHEMA)
    Draft202012Validator(_SCHEMA).validate(_VALUES)


def test_the_schema_names_the_same_values_as_the_file() -> None:
    top = set(_SCHEMA["properties"]) - {"global"}
    assert top == set(_VALUES)
    for group in ("image", "crds", "rbac", "serviceAccount"):
        assert set(_SCHEMA["properties"][group]["properties"]) == set(_VALUES[group])


@pytest.mark.parametrize("name", sorted(_VALUES))
def test_the_readme_tells_of_every_value(name: str) -> None:
    assert f"`{name}" in (_CHART / "README.md").read_text()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"watchNamespace": "a"}, "watchNamespace"),
        ({"image": {"tags": "1"}}, "tags"),
        ({"image": {"pullPolicy": "Sometimes"}}, "Sometimes"),
        ({"image": {"repository": "registry.example.com/mogulsync:1"}}, "mogulsync:1"),
        ({"watchNamespaces": "a"}, "a"),
        ({"watchNamespaces": ["a", "a"]}, "non-unique"),
        ({"watchNamespaces": ["Not_A_Namespace"]}, "Not_A_Namespace"),
        ({"replicas": -1}, "-1"),
        ({"extraEnv": [{"name": "POD_NAMESPACE", "value": "x"}]}, "POD_NAMESPACE"),
    ],
)
def test_a_wrong_value_is_refused_by_name(values: dict[str, Any], named: str) -> None:
    messages = [error.message for error in Draft202012Validator(_SCHEMA).iter_errors(values)]
    assert len(messages) == 1
    assert named in messages[0]


def test_a_registry_with_a_port_is_a_repository() -> None:
    Draft202012Validator(_SCHEMA).validate({"image": {"repository": "registry.example.com:5000/team/mogulsync"}})

"""The chart's files agree with the distribution and with each other; rendering is tested in tests/chart."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import chart_crd
import chart_values
from mogulsync import __version__
from mogulsync.resource.crd import FILE_NAME

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


def test_the_values_schema_is_the_generated_one() -> None:
    assert (_CHART / "values.schema.json").read_text() == chart_values.schema(), "run `make generate`"


def test_the_readme_lists_every_value_with_its_default() -> None:
    assert (_CHART / "README.md").read_text() == chart_values.readme(), "run `make generate`"


def _described(schema: dict[str, Any], values: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield each value of the file that the schema does not describe, and the reverse outside of `jobs`."""
    for name, value in values.items():
        part = schema.get("properties", {}).get(name, {})
        if not part.get("description"):
            yield path + name
        if isinstance(value, dict) and "properties" in part:
            yield from _described(part, value, f"{path}{name}.")
    if path not in {"jobs.", "resources."}:
        yield from (f"{path}{name}: not in values.yaml" for name in set(schema["properties"]) - set(values))


def test_schema_and_file_have_the_same_values_and_the_schema_describes_each() -> None:
    assert list(_described(_SCHEMA, _VALUES)) == ["global: not in values.yaml"]


def test_the_defaults_of_the_jobs_take_every_key_of_spec_job() -> None:
    (version,) = yaml.safe_load((_CHART.parents[1] / "crds" / FILE_NAME).read_text())["spec"]["versions"]
    job = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["job"]
    assert set(_SCHEMA["properties"]["jobs"]["properties"]) == {*job["properties"], "networkPolicy"}


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
        ({"image": {"digest": "sha256:short"}}, "sha256:short"),
        ({"jobs": {"imagePullSecret": "registry"}}, "imagePullSecret"),
        ({"jobs": {"resources": {"limit": {"memory": "1Gi"}}}}, "limit"),
        ({"jobs": {"networkPolicy": {"enable": True}}}, "enable"),
        ({"logLevel": "loud"}, "loud"),
        ({"metrics": {"service": {"enabled": "yes"}}}, "yes"),
        ({"serviceMonitor": {"intervall": "30s"}}, "intervall"),
        ({"podMonitor": {"interval": "often"}}, "often"),
        ({"prometheusRule": {"runbookUrl": "runbooks"}}, "runbooks"),
        ({"grafanaDashboard": {"folder": "x"}}, "folder"),
        ({"podDisruptionBudget": {"maxUnavailable": -1}}, "-1"),
        ({"networkPolicy": {"apiServerPorts": [70000]}}, "70000"),
        ({"commonLabels": {"team": 1}}, "1"),
        ({"namespaceOverride": "Not_A_Namespace"}, "Not_A_Namespace"),
    ],
)
def test_a_wrong_value_is_refused_by_name(values: dict[str, Any], named: str) -> None:
    messages = [error.message for error in Draft202012Validator(_SCHEMA).iter_errors(values)]
    assert len(messages) == 1
    assert named in messages[0]


@pytest.mark.parametrize(
    "values",
    [
        {"image": {"repository": "registry.example.com:5000/team/mogulsync"}},
        {"image": {"tag": 20261126}},
        {"image": {"tag": 0.2}},
        {"image": {"digest": f"sha256:{64 * 'a'}"}},
        {"global": {"imagePullSecrets": ["registry", {"name": "other"}], "of": "another chart"}},
        {"podDisruptionBudget": {"minAvailable": "50%"}},
        {"jobs": {"resources": {"limits": {"memory": "1Gi", "cpu": 0.5}}, "networkPolicy": {"enabled": True}}},
        {"extraObjects": ["kind: ConfigMap", {"kind": "ConfigMap"}]},
    ],
    ids=str,
)
def test_what_people_write_is_accepted(values: dict[str, Any]) -> None:
    Draft202012Validator(_SCHEMA).validate(values)


@pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
def test_alerts_and_dashboard_ask_for_metrics_that_there_are(name: str) -> None:
    documented = set(re.findall(r"`(mogulsync_\w+)`", (_CHART.parents[1] / "docs" / "metrics.md").read_text()))
    asked = set(re.findall(r"mogulsync_\w+", (_CHART / "files" / name).read_text()))
    assert {metric for metric in asked if re.sub(r"_(bucket|count|sum)$", "", metric) not in documented} == set()


def test_every_alert_has_its_line_in_the_list_of_runbooks() -> None:
    groups = yaml.safe_load((_CHART / "files" / "alerts.yaml").read_text())["groups"]
    listed = (_CHART.parents[1] / "docs" / "runbooks" / "README.md").read_text()
    for alert in (rule for group in groups for rule in group["rules"]):
        assert f"| [{alert['alert']}]({alert['alert']}.md) | {alert['labels']['severity']} |" in listed

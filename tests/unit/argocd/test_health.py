"""Argo CD's health check distinguishes the states."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import state_table

_ARGOCD = Path(__file__).parents[3] / "argocd"
_CASES = list(state_table.cases())
_EXAMPLES = yaml.safe_load((_ARGOCD / "health_test.yaml").read_text(encoding="utf-8"))["tests"]


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_every_state_has_the_health_that_the_table_says(case: state_table.Case, scripts: Path, run_lua: Any) -> None:
    health = run_lua(scripts / "health.lua", case.resource)

    assert health["status"] == case.state.argo
    assert health["message"]


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda example: example["inputPath"])
def test_argo_cds_own_tests_pass(example: dict[str, Any], scripts: Path, run_lua: Any) -> None:
    resource = yaml.safe_load((scripts / example["inputPath"]).read_text(encoding="utf-8"))

    assert run_lua(scripts / "health.lua", resource) == example["healthStatus"]


def test_every_example_is_used(scripts: Path) -> None:
    files = {f"testdata/{path.name}" for path in (scripts / "testdata").iterdir()}

    assert {example["inputPath"] for example in _EXAMPLES} == files


@pytest.mark.parametrize("status", [None, {}, {"observedGeneration": 3, "conditions": []}], ids=repr)
def test_a_resource_without_conditions_is_progressing(status: Any, scripts: Path, run_lua: Any) -> None:
    resource = {"metadata": {"name": "production", "generation": 3}, "spec": {}, "status": status}

    assert run_lua(scripts / "health.lua", resource)["status"] == "Progressing"


def test_a_change_that_the_operator_has_not_seen_hides_the_old_conditions(scripts: Path, run_lua: Any) -> None:
    for case in _CASES:
        stale = {**case.resource, "metadata": {**case.resource["metadata"], "generation": state_table.GENERATION + 1}}

        assert run_lua(scripts / "health.lua", stale)["status"] == "Progressing"


def test_rejected_credentials_show_though_the_schedule_is_suspended(scripts: Path, run_lua: Any) -> None:
    (case,) = [case for case in _CASES if case.state.name == "credentials rejected" and case.synced == "True"]
    suspended = {**case.resource, "spec": {"suspend": True}}

    assert run_lua(scripts / "health.lua", suspended)["status"] == "Degraded"

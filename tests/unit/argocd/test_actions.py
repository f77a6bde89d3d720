"""Argo CD offers and performs the actions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from mogulsync.resource import names

_ACTIONS = Path(__file__).parents[3] / "argocd" / "actions"
_TESTS = yaml.safe_load((_ACTIONS / "action_test.yaml").read_text(encoding="utf-8"))
_PLACEHOLDER = "0001-01-01T00:00:00Z"
_REQUESTS = {
    "sync-now": names.ANNOTATION_SYNC_REQUESTED_AT,
    "check": names.ANNOTATION_CHECK_REQUESTED_AT,
    "preview": f"{names.GROUP}/preview-requested-at",
}


def _load(path: str) -> dict[str, Any]:
    resource: dict[str, Any] = yaml.safe_load((_ACTIONS / path).read_text(encoding="utf-8"))
    return resource


def _without_empties(value: Any) -> Any:
    """Drop empty lists and maps, which Lua cannot tell apart and Argo CD restores."""
    if isinstance(value, dict):
        return {key: _without_empties(item) for key, item in value.items() if item not in ({}, [])}
    return [_without_empties(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("example", _TESTS["discoveryTests"], ids=lambda example: example["inputPath"])
def test_the_actions_offered_fit_the_resource(example: dict[str, Any], scripts: Path, run_lua: Any) -> None:
    offered = run_lua(scripts / "actions" / "discovery.lua", _load(example["inputPath"]))

    assert offered == {action.pop("name"): action for action in map(dict, example["result"])}


@pytest.mark.parametrize(
    "example", _TESTS["actionTests"], ids=lambda example: f"{example['action']}-{example['inputPath']}"
)
def test_an_action_changes_what_it_should_and_nothing_else(
    example: dict[str, Any], scripts: Path, run_lua: Any
) -> None:
    changed = run_lua(scripts / "actions" / example["action"] / "action.lua", _load(example["inputPath"]))

    annotations = changed["metadata"].get("annotations", {})
    annotations |= dict.fromkeys(annotations, _PLACEHOLDER)
    assert _without_empties(changed) == _without_empties(_load(example["expectedOutputPath"]))


@pytest.mark.parametrize(("action", "annotation"), _REQUESTS.items())
def test_a_request_names_the_present_time(action: str, annotation: str, scripts: Path, run_lua: Any) -> None:
    changed = run_lua(scripts / "actions" / action / "action.lua", _load("testdata/scheduled.yaml"))

    requested = datetime.fromisoformat(changed["metadata"]["annotations"][annotation])
    assert abs(datetime.now(UTC) - requested) < timedelta(minutes=1)


def test_sync_now_keeps_other_annotations_and_replaces_an_older_request(scripts: Path, run_lua: Any) -> None:
    resource = _load("testdata/scheduled-requested.yaml")
    resource["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "crm:production"

    changed = run_lua(scripts / "actions" / "sync-now" / "action.lua", resource)

    assert changed["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] == "crm:production"
    assert changed["metadata"]["annotations"]["mogulsync.dev/sync-requested-at"] != _PLACEHOLDER


def test_every_action_is_offered_and_defined(scripts: Path, run_lua: Any) -> None:
    offered = run_lua(scripts / "actions" / "discovery.lua", _load("testdata/scheduled.yaml"))

    assert set(offered) == {path.parent.name for path in (scripts / "actions").glob("*/action.lua")}

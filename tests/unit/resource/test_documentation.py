"""docs/destination.md says what the models say."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mogulsync.resource.job import Job
from mogulsync.resource.manifest import destination_from
from mogulsync.resource.report import Report
from mogulsync.resource.rules import SpecModel
from mogulsync.resource.sources import SOURCES
from mogulsync.resource.spec import Spec
from mogulsync.resource.status import Condition, Status
from mogulsync.resource.syncspec import ChartMogul, Intercom, Matching
from tests.support.destinations import destination

TEXT = (Path(__file__).parents[3] / "docs" / "destination.md").read_text()
BLOCKS: list[Any] = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
SPECS = [block["spec"] for block in BLOCKS if "spec" in block]
CONDITIONS = [block["conditions"] for block in BLOCKS if "conditions" in block]


def test_every_source_has_a_row_with_its_attribute_and_type() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(chartmogul_\w+)` \| (\w+) \|", TEXT, re.MULTILINE)
    assert rows == [(source, info.attribute, info.data_type) for source, info in SOURCES.items()]
    assert "| `CustomAttribute` | none | as `type` |" in TEXT


@pytest.mark.parametrize("spec", SPECS, ids="+".join)
def test_every_manifest_in_it_is_valid(spec: dict[str, Any]) -> None:
    destination_from(destination({f"spec.{key}": part for key, part in spec.items()}))


@pytest.mark.parametrize("conditions", CONDITIONS, ids=lambda conditions: conditions[0]["reason"])
def test_every_condition_in_it_is_one(conditions: list[dict[str, Any]]) -> None:
    for condition in conditions:
        assert not Condition.model_validate(condition).model_extra


def test_the_report_in_it_is_one() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    report = Report.model_validate_json(block)
    assert report.customers.total == sum(report.customers.model_dump().values()) - report.customers.total


@pytest.mark.parametrize("model", [Spec, ChartMogul, Intercom, Matching, Job, Status])
def test_every_key_is_told(model: type[SpecModel | Status]) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}
    if model is Status:
        keys -= {"observedGeneration", "message", "cronJob", "lastSuccessfulSyncStartTime"}  # kubectl explain says them
    assert {key for key in keys if f"`{key}" not in TEXT and f".{key}`" not in TEXT and f".{key}." not in TEXT} == set()

"""The values that pages show are the chart's."""

import json
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.support.documents import ROOT, Block, blocks

_SCHEMA: Final[dict[str, Any]] = json.loads((ROOT / "charts" / "mogulsync" / "values.schema.json").read_text())
_VALUES: Final = [
    block
    for block in blocks("yaml")
    if isinstance(content := yaml.safe_load(block.text), dict) and set(content) <= set(_SCHEMA["properties"])
]


def test_values_were_found() -> None:
    assert len(_VALUES) > 3


@pytest.mark.parametrize("block", _VALUES, ids=lambda block: str(block.where))
def test_the_chart_takes_the_values_that_a_page_shows(block: Block) -> None:
    Draft202012Validator(_SCHEMA).validate(yaml.safe_load(block.text))

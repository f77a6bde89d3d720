"""What docs/argocd.md tells people to install is what the files say."""

import re
from pathlib import Path
from typing import Any

import yaml

import argocd_config

_KIND = "mogulsync.dev_IntercomDestination"


def _documented() -> dict[str, str]:
    text = (Path(__file__).parents[3] / "docs" / "argocd.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(data:.*?)```", text, re.DOTALL)
    assert block
    data: dict[str, str] = yaml.safe_load(block[1])["data"]
    return data


def test_the_documented_health_check_is_the_file(scripts: Path) -> None:
    documented = _documented()[f"resource.customizations.health.{_KIND}"]

    assert documented == (scripts / "health.lua").read_text(encoding="utf-8")


def test_the_documented_actions_are_the_files(scripts: Path) -> None:
    documented: dict[str, Any] = yaml.safe_load(_documented()[f"resource.customizations.actions.{_KIND}"])

    assert documented["discovery.lua"] == (scripts / "actions" / "discovery.lua").read_text(encoding="utf-8")
    assert {item["name"]: item["action.lua"].strip() for item in documented["definitions"]} == {
        path.parent.name: path.read_text(encoding="utf-8").strip()
        for path in (scripts / "actions").glob("*/action.lua")
    }


def test_the_file_to_patch_with_is_the_generated_one_and_what_the_page_shows(scripts: Path) -> None:
    text = (scripts / "argocd-cm.yaml").read_text(encoding="utf-8")

    assert text == argocd_config.config(), "run `make generate`"
    assert yaml.safe_load(text)["data"] == _documented()

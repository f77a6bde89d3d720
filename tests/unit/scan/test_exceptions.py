"""A finding needs an exception, and an exception a finding."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import scan
from scan.__main__ import Finding, unexplained

_FINDING = Finding("checkov", "CKV_1", "Deployment.operators.mogulsync")
_EXCEPTION: dict[str, Any] = {"scanner": "checkov", "rule": "CKV_1", "where": "Deployment.*", "why": "it must"}


@pytest.mark.parametrize(
    ("findings", "exceptions", "count"),
    [
        ([_FINDING], [_EXCEPTION], 0),
        ([_FINDING], [], 1),
        ([_FINDING._replace(rule="CKV_2")], [_EXCEPTION], 2),
        ([_FINDING._replace(where="Pod.operators.mogulsync")], [_EXCEPTION], 2),
        ([_FINDING._replace(scanner="kube-score")], [_EXCEPTION], 2),
        ([_FINDING], [_EXCEPTION, _EXCEPTION | {"rule": "CKV_3"}], 1),
        ([], [_EXCEPTION], 1),
    ],
    ids=["explained", "none", "another rule", "elsewhere", "another scanner", "unneeded", "nothing found"],
)
def test_what_is_not_explained_is_named(findings: list[Finding], exceptions: list[dict[str, Any]], count: int) -> None:
    assert len(unexplained(findings, exceptions)) == count


def test_every_exception_says_why_in_one_line() -> None:
    text = (Path(scan.__file__).parent / "exceptions.yaml").read_text(encoding="utf-8")
    for exception in yaml.safe_load(text):
        assert set(exception) == {"scanner", "rule", "where", "why"}
        assert exception["why"].endswith(".")
        assert "\n" not in exception["why"]

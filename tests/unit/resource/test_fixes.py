"""What can be done about each reason, in the program and in the documentation."""

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path

import pytest

from mogulsync.resource.fixes import (
    ATTRIBUTE_FIXES,
    CONDITION_FIXES,
    KUBERNETES_FIXES,
    NOTICE_FIXES,
    RECORD_FIXES,
    RUN_FIXES,
    WARNING_FIXES,
    fix_for,
)
from mogulsync.resource.reasons import (
    AttributeReason,
    ConditionReason,
    NoticeReason,
    RecordReason,
    RunReason,
    WarningReason,
)

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "destination.md"
TABLES: tuple[tuple[type[StrEnum], Collection[str]], ...] = (
    (RunReason, RUN_FIXES),
    (AttributeReason, ATTRIBUTE_FIXES),
    (RecordReason, RECORD_FIXES),
    (WarningReason, WARNING_FIXES),
    (ConditionReason, CONDITION_FIXES),
    (NoticeReason, NOTICE_FIXES),
)


@pytest.mark.parametrize(("reasons", "fixes"), TABLES, ids=lambda part: getattr(part, "__name__", ""))
def test_every_reason_has_a_fix(reasons: type[StrEnum], fixes: Collection[str]) -> None:
    assert set(fixes) == set(reasons)


def test_no_two_kinds_of_reasons_share_a_name() -> None:
    names = [reason for _, fixes in TABLES for reason in fixes] + list(KUBERNETES_FIXES)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("reason", [reason for _, fixes in TABLES for reason in fixes] + list(KUBERNETES_FIXES))
def test_documentation_has_the_fix(reason: str) -> None:
    assert f"| `{reason}` | {fix_for(reason)} |" in DOCUMENTATION.read_text().splitlines()


def test_commands_in_a_fix_name_the_destination() -> None:
    assert "preview production." in (fix_for("GuardTripped", name="production") or "")


def test_reason_of_somebody_elses_has_no_fix() -> None:
    assert fix_for("BecauseISaySo") is None

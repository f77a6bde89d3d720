"""How the API server keeps and shows an IntercomDestination."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from localkube import KubectlError
from tests.support.destinations import custom_attribute, destination, field_list
from tests.support.stored import DEFAULT_SPEC

Kubectl = Callable[..., str]

NAME = "production"


def apply(kubectl: Kubectl, manifest: dict[str, Any], *flags: str) -> str:
    return kubectl("apply", "-f", "-", *flags, stdin=json.dumps(manifest))


def read(kubectl: Kubectl) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(kubectl("get", "icd", NAME, "-o", "json"))
    return document


def write_status(kubectl: Kubectl, status: dict[str, Any], manager: str = "mogulsync") -> str:
    identity = {"apiVersion": "mogulsync.dev/v1alpha1", "kind": "IntercomDestination", "metadata": {"name": NAME}}
    return kubectl(
        "apply",
        "--server-side",
        "--subresource=status",
        f"--field-manager={manager}",
        "-f",
        "-",
        stdin=json.dumps(identity | {"status": status}),
    )


def condition(kind: str, status: str = "True", **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": kind,
        "message": f"{kind} it is",
        "lastTransitionTime": "2026-11-24T08:00:00Z",
        "observedGeneration": 1,
    } | more


def test_api_server_fills_in_every_default(kubectl: Kubectl) -> None:
    apply(kubectl, destination())
    assert read(kubectl)["spec"] == DEFAULT_SPEC


def test_resource_that_no_operator_has_seen_is_not_current(kubectl: Kubectl) -> None:
    apply(kubectl, destination())
    assert read(kubectl)["status"] == {"observedGeneration": -1}


def test_keys_that_came_later_are_stored_only_when_written(kubectl: Kubectl) -> None:
    apply(kubectl, destination(field_list(custom_attribute("crm_id"))))
    spec = read(kubectl)["spec"]
    assert spec["fields"] == [custom_attribute("crm_id")]
    assert "unmatchedContacts" not in spec
    assert "exchangeRates" not in spec["chartmogul"]


def test_unknown_keys_are_refused_by_name_under_strict_validation(kubectl: Kubectl) -> None:
    with pytest.raises(KubectlError, match=r'unknown field "spec\.intercom\.regoin"'):
        apply(kubectl, destination({"spec.intercom.regoin": "EU"}))


def test_unknown_keys_are_pruned_without_strict_validation(kubectl: Kubectl) -> None:
    apply(kubectl, destination({"spec.intercom.regoin": "EU", "spec.plan": 1}), "--validate=ignore")
    spec = read(kubectl)["spec"]
    assert "regoin" not in spec["intercom"]
    assert "plan" not in spec


def test_affinity_and_sources_of_variables_are_kept_whole(kubectl: Kubectl) -> None:
    job = {
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}},
        "env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
    }
    apply(kubectl, destination({"spec.job": job}))
    assert read(kubectl)["spec"]["job"] == job


def test_status_is_a_subresource(kubectl: Kubectl) -> None:
    apply(kubectl, destination({"status": {"cronJob": "mine"}}))
    assert "cronJob" not in read(kubectl)["status"]
    kubectl("patch", "icd", NAME, "--type=merge", "--subresource=status", "-p", '{"spec":{"suspend":true}}')
    assert read(kubectl)["spec"]["suspend"] is False


def test_generation_counts_changes_of_the_spec_alone(kubectl: Kubectl) -> None:
    apply(kubectl, destination())
    write_status(kubectl, {"observedGeneration": 1})
    kubectl("annotate", "icd", NAME, "mogulsync.dev/sync-requested-at=now")
    assert read(kubectl)["metadata"]["generation"] == 1
    kubectl("patch", "icd", NAME, "--type=merge", "-p", '{"spec":{"suspend":true}}')
    assert read(kubectl)["metadata"]["generation"] == 2


def test_report_of_a_newer_worker_survives(kubectl: Kubectl) -> None:
    apply(kubectl, destination())
    report = {
        "version": 2,
        "job": "production-1",
        "trigger": "manual",
        "outcome": "Succeeded",
        "customers": {"total": 3, "matched": 2, "archived": 1},
        "contacts": {"matched": 2, "updated": 2, "snoozed": 0},
        "attributes": {"created": ["chartmogul_mrr"], "refused": [{"more": 3}]},
        "errors": [{"reason": "NotStored", "count": 1, "example": {"contact": "c", "shard": 7}}],
        "companies": {"updated": [1, 2]},
    }
    write_status(kubectl, {"lastSync": report, "lastPreview": report})
    status = read(kubectl)["status"]
    assert status["lastSync"] == status["lastPreview"] == report


def test_conditions_are_merged_by_type(kubectl: Kubectl) -> None:
    apply(kubectl, destination())
    write_status(kubectl, {"conditions": [condition("Ready", "False"), condition("Synced")]})
    write_status(kubectl, {"conditions": [condition("example.com/Approved")]}, manager="another")
    write_status(kubectl, {"conditions": [condition("Ready")]})
    shown = {each["type"]: each["status"] for each in read(kubectl)["status"]["conditions"]}
    assert shown == {"Ready": "True", "example.com/Approved": "True"}


@pytest.mark.parametrize(
    ("status", "complaint"),
    [
        ({"conditions": [condition("Ready", "Maybe")]}, r'supported values: "True", "False", "Unknown"'),
        ({"nextSyncTime": "tomorrow"}, r"must be of type date-time"),
        ({"history": [{"job": f"j{number}"} for number in range(11)]}, "must have at most 10 items"),
    ],
)
def test_status_of_the_wrong_shape_is_refused(kubectl: Kubectl, status: dict[str, Any], complaint: str) -> None:
    apply(kubectl, destination())
    with pytest.raises(KubectlError, match=complaint):
        write_status(kubectl, status)


@pytest.mark.parametrize(
    "name", ["icd", "intercomdestinations", "intercomdestination", "mogulsync", "intercomdestinations.mogulsync.dev"]
)
def test_names_that_kubectl_knows_it_by(kubectl: Kubectl, name: str) -> None:
    apply(kubectl, destination())
    assert kubectl("get", name, "-o", "name").strip() == f"intercomdestination.mogulsync.dev/{NAME}"


FULL_STATUS: dict[str, Any] = {
    "observedGeneration": 1,
    "conditions": [condition("Ready"), condition("Synced", "False")],
    "message": "the last run failed",
    "workspace": {"id": "abc123", "name": "Example", "region": "EU"},
    "nextSyncTime": "2126-11-25T08:00:00Z",
    "lastSyncTime": "2026-11-24T08:00:00Z",
    "lastSync": {"customers": {"matched": 412}, "contacts": {"updated": 37}},
}


def table(text: str) -> tuple[list[str], list[str]]:
    """Return the titles and the one row of what `kubectl get` prints, whose columns are three blanks apart or more."""
    titles, row = text.strip().splitlines()
    return re.split(r"\s{3,}", titles.strip()), re.split(r"\s{3,}", row.strip())


def test_columns_of_kubectl_get(kubectl: Kubectl) -> None:
    apply(kubectl, destination())
    write_status(kubectl, FULL_STATUS)
    titles, row = table(kubectl("get", "icd"))
    assert titles == ["NAME", "READY", "SYNCED", "WORKSPACE", "MATCHED", "UPDATED", "LAST SYNC", "NEXT SYNC", "AGE"]
    shown = dict(zip(titles, row, strict=True))
    assert shown | {"LAST SYNC": "", "AGE": ""} == {
        "NAME": NAME,
        "READY": "True",
        "SYNCED": "False",
        "WORKSPACE": "Example",
        "MATCHED": "412",
        "UPDATED": "37",
        "LAST SYNC": "",
        "NEXT SYNC": "2126-11-25T08:00:00Z",
        "AGE": "",
    }
    assert re.fullmatch(r"(\d+[dhms])+", shown["AGE"])


def test_wide_columns_of_kubectl_get(kubectl: Kubectl) -> None:
    apply(kubectl, destination())
    write_status(kubectl, FULL_STATUS)
    titles, row = table(kubectl("get", "icd", "-o", "wide"))
    assert titles[9:] == ["SCHEDULE", "TIME ZONE", "SUSPENDED", "MESSAGE"]
    assert row[9:] == ["0 9 * * *", "CET", "false", "the last run failed"]


def test_kubectl_explain_describes_every_field(kubectl: Kubectl) -> None:
    assert "<no description>" not in kubectl("explain", "icd")
    for path in ("icd.spec", "icd.spec.matching", "icd.spec.job.env", "icd.status", "icd.status.lastSync"):
        said = kubectl("explain", path)
        assert "<no description>" not in said, said
    assert "Default: 0 9 * * *." in " ".join(kubectl("explain", "icd.spec.schedule").split())
    assert "Default: chartmogul_" in " ".join(kubectl("explain", "icd.spec.fields.attribute").split())


def test_columns_of_a_resource_that_never_ran(kubectl: Kubectl) -> None:
    apply(kubectl, destination())
    assert "<invalid>" not in kubectl("get", "icd", "-o", "wide")

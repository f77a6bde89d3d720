"""What the operator makes of a destination: the CronJob, the Jobs and their Pods."""

import json
from copy import deepcopy
from typing import Any

import pytest

from mogulsync.controller.cronjob import annotated, as_applied, build_cronjob, due_since
from mogulsync.controller.job import build_check_job, build_job, check_inputs, check_name, run_name
from mogulsync.kube.objects import covers
from mogulsync.resource import names
from mogulsync.resource.manifest import parse_destination
from tests.support.stored import destination

IMAGE = "registry.example/mogulsync:1"


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    return spec


def test_a_jobs_memory_has_a_limit_by_default() -> None:
    template = build_cronjob(destination(), image="mogulsync:1")["spec"]["jobTemplate"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert container["resources"]["limits"] == {"memory": "512Mi"}


def test_pods_pass_pod_security_restricted_and_have_no_way_into_the_api() -> None:
    for job in (build_cronjob(destination(), image=IMAGE)["spec"]["jobTemplate"], check(destination())):
        pod = pod_of(job)
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
        (container,) = pod["containers"]
        assert container["name"] == "sync"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }


def check(resource: dict[str, Any], *, request: str | None = None, previous: str | None = None) -> dict[str, Any]:
    return build_check_job(resource, image=IMAGE, inputs=check_inputs(resource), request=request, previous=previous)


def test_the_worker_reads_the_same_destination_whatever_kubernetes_expands() -> None:
    resource = destination(job={"podAnnotations": {"note": "$(CHARTMOGUL_API_KEY) $$ 5 $"}})
    (container,) = pod_of(build_job(resource, image=IMAGE, request="one"))["containers"]
    environment = {variable["name"]: variable for variable in container["env"]}
    inline = environment[names.ENV_DESTINATION]["value"]
    assert "$" not in inline
    assert json.loads(inline)["spec"] == resource["spec"]
    parsed = parse_destination(inline)
    assert (parsed.name, parsed.namespace) == ("production", "crm")


def test_credentials_come_from_the_secrets_by_reference() -> None:
    (container,) = pod_of(build_job(destination(), image=IMAGE, request="one"))["containers"]
    environment = {variable["name"]: variable for variable in container["env"]}
    assert environment["CHARTMOGUL_API_KEY"]["valueFrom"] == {"secretKeyRef": {"name": "chartmogul", "key": "api-key"}}
    assert environment["INTERCOM_ACCESS_TOKEN"]["valueFrom"] == {
        "secretKeyRef": {"name": "intercom", "key": "access-token"}
    }


def test_every_wish_of_spec_job_reaches_the_cronjob() -> None:
    wishes: dict[str, Any] = {
        "image": "own:2",
        "resources": {"limits": {"memory": "1Gi"}},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "batch", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"x": []}},
        "podLabels": {"team": "crm", names.LABEL_DESTINATION: "another"},
        "podAnnotations": {"cost": "low"},
        "env": [{"name": "HTTPS_PROXY", "value": "http://proxy"}],
        "activeDeadlineSeconds": 60,
        "startingDeadlineSeconds": 61,
        "successfulJobsHistoryLimit": 0,
        "failedJobsHistoryLimit": 7,
        "priorityClassName": "low",
    }
    spec = build_cronjob(destination(job=wishes), image=IMAGE)["spec"]
    assert (spec["startingDeadlineSeconds"], spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (
        61,
        0,
        7,
    )
    job = spec["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] == 60
    metadata, pod = job["template"]["metadata"], job["template"]["spec"]
    assert metadata["annotations"] == {"cost": "low"}
    assert (metadata["labels"]["team"], metadata["labels"][names.LABEL_DESTINATION]) == ("crm", "production")
    assert {key: pod[key] for key in ("nodeSelector", "tolerations", "affinity", "priorityClassName")} == {
        key: wishes[key] for key in ("nodeSelector", "tolerations", "affinity", "priorityClassName")
    }
    (container,) = pod["containers"]
    assert (container["image"], container["resources"], container["env"][-1]) == (
        "own:2",
        wishes["resources"],
        wishes["env"][0],
    )


def test_the_defaults_catch_up_after_hours_and_retry_only_what_may_help() -> None:
    spec = build_cronjob(destination(), image=IMAGE)["spec"]
    job = spec["jobTemplate"]["spec"]
    assert (spec["concurrencyPolicy"], spec["startingDeadlineSeconds"]) == ("Forbid", 8 * 3600)
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 3)
    assert (job["activeDeadlineSeconds"], job["backoffLimit"]) == (6 * 3600, 4)
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [2, 4]
    (container,) = pod_of(spec["jobTemplate"])["containers"]
    assert container["image"] == IMAGE
    assert container["args"] == [
        *("sync", "--report", "/dev/termination-log", "--progress", "off", "--partial-exit-code", "0")
    ]


def test_names_follow_from_their_cause_and_fit_a_label() -> None:
    long = destination("a" * 45 + ".-." + "b" * 4)
    for resource in (destination(), long):
        one, two = run_name(resource, "one"), run_name(resource, "two")
        assert one == run_name(resource, "one") != two
        checks = {
            check_name(resource, inputs=inputs, request=request, previous=previous)
            for inputs in ("a", "b")
            for request in (None, "a")
            for previous in (None, "a")
        }
        assert len(checks) == 8
        for name in {one, two, *checks}:
            assert len(name) <= 63
            assert "--" not in name
            assert ".-" not in name
    other = destination()
    other["metadata"]["uid"] = "another"
    assert run_name(other, "one") != run_name(destination(), "one")


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        ({"intercom": {"oauthSecretRef": {"name": "other", "key": "access-token"}, "region": "US"}}, True),
        ({"intercom": {"oauthSecretRef": {"name": "intercom", "key": "access-token"}, "region": "EU"}}, True),
        ({"fields": [{"source": "MRR", "attribute": "mrr"}]}, True),
        ({"matching": {"chartmogulField": "ExternalID", "intercomFields": ["external_id"]}}, True),
        ({"schedule": "1 2 3 4 5"}, False),
        ({"suspend": True, "rateLimitPercent": 5, "emptyValues": "Keep"}, False),
        ({"job": {"image": "other"}}, False),
    ],
)
def test_a_check_is_due_only_when_what_it_looks_at_changes(change: dict[str, Any], *, matters: bool) -> None:
    assert (check_inputs(destination(**change)) != check_inputs(destination())) == matters


def test_children_belong_to_the_destination_and_carry_its_labels() -> None:
    resource = destination()
    for child, trigger, controlled in (
        (build_cronjob(resource, image=IMAGE), None, True),
        (build_job(resource, image=IMAGE, request="one"), "manual", False),
        (check(resource), "check", False),
    ):
        (owner,) = child["metadata"]["ownerReferences"]
        assert (owner["uid"], owner.get("controller", False)) == (resource["metadata"]["uid"], controlled)
        assert child["metadata"]["labels"].get(names.LABEL_TRIGGER) == trigger
        assert child["metadata"]["labels"][names.LABEL_DESTINATION] == "production"
    template = build_cronjob(resource, image=IMAGE)["spec"]["jobTemplate"]
    assert template["metadata"]["labels"][names.LABEL_TRIGGER] == "schedule"


def test_a_cronjob_is_as_applied_until_it_or_the_spec_changes() -> None:
    desired = build_cronjob(destination(), image=IMAGE)
    live = deepcopy(annotated(desired, None, now="2026-11-24T09:00:00Z"))
    live["spec"]["jobTemplate"]["spec"]["template"]["spec"]["dnsPolicy"] = "ClusterFirst"  # a default
    assert as_applied(live, desired)
    assert not as_applied(live, build_cronjob(destination(), image="other:1"))
    drifted = deepcopy(live)
    drifted["spec"]["suspend"] = True
    assert not as_applied(drifted, desired)
    shorn = deepcopy(live)
    del shorn["metadata"]["annotations"]
    assert not as_applied(shorn, desired)


@pytest.mark.parametrize(
    ("live", "desired", "covered"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, 2], [1], False),
        ([{"a": 1, "b": 1}], [{"a": 1}], True),
        ("1", 1, False),
        (None, {}, False),
    ],
)
def test_what_is_desired_must_be_there_and_more_may_be(live: Any, desired: Any, *, covered: bool) -> None:
    assert covers(live, desired) == covered


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({}, False),
        ({"rateLimitPercent": 5}, False),
        ({"schedule": "1 9 * * *"}, True),
        ({"timeZone": "UTC"}, True),
        ({"suspend": True}, True),
    ],
)
def test_due_times_count_anew_when_schedule_zone_or_suspension_change(change: dict[str, Any], *, moved: bool) -> None:
    live = annotated(build_cronjob(destination(), image=IMAGE), None, now="then")
    changed = annotated(build_cronjob(destination(**change), image=IMAGE), live, now="now")
    assert due_since(changed) == ("now" if moved else "then")

"""What the operator makes of a destination: the CronJob, the Jobs and their Pods."""

import json
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest

from mogulsync.controller.cronjob import annotated, as_applied, build_cronjob, due_since
from mogulsync.controller.job import (
    build_check_job,
    build_preview_job,
    build_run_job,
    check_inputs,
    check_name,
    check_template,
    preview_name,
    run_name,
)
from mogulsync.kube.objects import covers
from mogulsync.resource import names
from mogulsync.resource.manifest import parse_destination
from tests.support.stored import IMAGE, destination, parsed, spec_of


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    return spec


def cronjob(stored: dict[str, Any]) -> dict[str, Any]:
    seen = parsed(stored)
    return build_cronjob(seen, spec_of(seen))


def run(stored: dict[str, Any]) -> dict[str, Any]:
    seen = parsed(stored)
    return build_run_job(seen, spec_of(seen), request="one")


def preview(stored: dict[str, Any]) -> dict[str, Any]:
    seen = parsed(stored)
    return build_preview_job(seen, spec_of(seen), request="one")


def test_pods_pass_pod_security_restricted_and_have_no_way_into_the_api() -> None:
    for job in (cronjob(destination())["spec"]["jobTemplate"], check(destination()), preview(destination())):
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


def check(stored: dict[str, Any], *, request: str | None = None, previous: str | None = None) -> dict[str, Any]:
    seen = parsed(stored)
    spec = spec_of(seen)
    inputs, template = check_inputs(spec), check_template(seen, spec)
    name = check_name(seen, inputs=inputs, template=template, request=request, previous=previous)
    return build_check_job(seen, spec, name=name, inputs=inputs, request=request)


def test_a_check_under_way_is_superseded_by_another_pod_and_not_by_another_schedule() -> None:
    name = check(destination())["metadata"]["name"]
    for change in ({"schedule": "5 5 * * *"}, {"timeZone": "Asia/Tokyo"}, {"suspend": True}, {"maxChangedPercent": 5}):
        assert check(destination(**change))["metadata"]["name"] == name
    for job in (
        {"image": "own:2"},
        {"priorityClassName": "batch"},
        {"env": [{"name": "HTTPS_PROXY", "value": "http://p"}]},
    ):
        assert check(destination(job=job))["metadata"]["name"] != name


def test_the_worker_reads_the_same_destination_whatever_kubernetes_expands() -> None:
    resource = destination(job={"podAnnotations": {"note": "$(X)"}})
    resource["spec"]["chartmogul"]["dataSources"] = ["$(CHARTMOGUL_API_KEY) $$ 5 $"]
    (container,) = pod_of(run(resource))["containers"]
    environment = {variable["name"]: variable for variable in container["env"]}
    inline = environment[names.ENV_DESTINATION]["value"]
    assert "$" not in inline
    assert json.loads(inline)["spec"] == {key: value for key, value in resource["spec"].items() if key != "job"}
    read = parse_destination(inline)
    assert (read.name, read.namespace) == ("production", "crm")


def test_a_job_loads_neither_yaml_nor_the_models_of_spec_job() -> None:
    (container,) = pod_of(run(destination(job={"nodeSelector": {"pool": "jobs"}})))["containers"]
    (inline,) = (each["value"] for each in container["env"] if each["name"] == names.ENV_DESTINATION)
    code = (
        "import sys, mogulsync.sync.run; from mogulsync.commands import worker; worker.parse_destination(sys.argv[1]); "
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, inline]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603 - ours
    assert "mogulsync.resource.syncspec" in modules
    assert {"yaml", "mogulsync.resource.job", "mogulsync.resource.spec"} & set(modules) == set()


def test_credentials_come_from_the_secrets_by_reference() -> None:
    (container,) = pod_of(run(destination()))["containers"]
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
        "imagePullPolicy": "Always",
        "imagePullSecrets": [{"name": "registry"}],
        "serviceAccountName": "worker",
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2}
        ],
        "volumes": [{"name": "ca", "configMap": {"name": "ca"}}, {"name": "tmp", "emptyDir": {}}],
        "volumeMounts": [{"name": "ca", "mountPath": "/ca", "readOnly": True}],
        "podSecurityContext": {"runAsUser": 7, "fsGroup": 8, "seLinuxOptions": {"level": "s0:c1"}},
        "securityContext": {"runAsGroup": 9},
        "runtimeClassName": "gvisor",
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["proxy"]}],
    }
    spec = cronjob(destination(job=wishes))["spec"]
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
    as_given = {
        "nodeSelector",
        "tolerations",
        "affinity",
        "priorityClassName",
        "imagePullSecrets",
        "serviceAccountName",
        "topologySpreadConstraints",
        "volumes",
        "runtimeClassName",
        "hostAliases",
    }
    assert {key: pod[key] for key in as_given} == {key: wishes[key] for key in as_given}
    assert pod["securityContext"] == {
        **wishes["podSecurityContext"],
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    (container,) = pod["containers"]
    assert (container["volumeMounts"], container["imagePullPolicy"]) == (wishes["volumeMounts"], "Always")
    assert container["securityContext"]["runAsGroup"] == 9
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert (container["image"], container["resources"], container["env"][-1]) == (
        "own:2",
        wishes["resources"],
        wishes["env"][0],
    )


def test_the_defaults_catch_up_after_hours_and_retry_only_what_may_help() -> None:
    spec = cronjob(destination())["spec"]
    job = spec["jobTemplate"]["spec"]
    assert (spec["concurrencyPolicy"], spec["startingDeadlineSeconds"]) == ("Forbid", 8 * 3600)
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 3)
    assert (job["activeDeadlineSeconds"], job["backoffLimit"]) == (6 * 3600, 4)
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [2, 4]
    (container,) = pod_of(spec["jobTemplate"])["containers"]
    assert container["image"] == IMAGE
    assert container["resources"]["limits"] == {"memory": "512Mi"}
    assert "runAsUser" not in pod_of(spec["jobTemplate"])["securityContext"]
    assert container["args"] == [
        *("sync", "--report", "/dev/termination-log", "--progress", "off", "--partial-exit-code", "0")
    ]


def test_names_follow_from_their_cause_and_fit_a_label() -> None:
    long = destination("a" * 45 + ".-." + "b" * 4)
    for resource in (parsed(), parsed(long)):
        one, two = run_name(resource, "one"), run_name(resource, "two")
        assert one == run_name(resource, "one") != two
        checks = {
            check_name(resource, inputs=inputs, template=template, request=request, previous=previous)
            for inputs in ("a", "b")
            for template in ("a", "b")
            for request in (None, "a")
            for previous in (None, "a")
        }
        assert len(checks) == 16
        for name in {one, two, preview_name(resource, "one"), *checks}:
            assert len(name) <= 63
            assert "--" not in name
            assert ".-" not in name
    other = destination()
    other["metadata"]["uid"] = "another"
    assert run_name(parsed(other), "one") != run_name(parsed(), "one")


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
    changed, before = (check_inputs(spec_of(parsed(stored))) for stored in (destination(**change), destination()))
    assert (changed != before) == matters


def test_a_check_under_way_is_superseded_when_its_pod_would_be_another() -> None:
    name = check(destination())["metadata"]["name"]
    for change in ({"image": "other"}, {"priorityClassName": "low"}, {"env": [{"name": "HTTPS_PROXY", "value": "x"}]}):
        assert check(destination(job=change))["metadata"]["name"] != name
    assert check(destination(job={"failedJobsHistoryLimit": 1}))["metadata"]["name"] == name


def test_checks_end_and_the_operators_own_jobs_are_removed_by_kubernetes() -> None:
    assert check(destination())["spec"]["activeDeadlineSeconds"] == 600
    for job in (check(destination()), run(destination()), preview(destination())):
        assert job["spec"]["ttlSecondsAfterFinished"] > 0


def test_a_preview_is_a_dry_run() -> None:
    (container,) = pod_of(preview(destination()))["containers"]
    assert container["args"][:2] == ["sync", "--dry-run"]
    assert preview(destination())["metadata"]["labels"][names.LABEL_TRIGGER] == "preview"


def test_a_long_spec_job_does_not_lengthen_the_workers_variable() -> None:
    job = {"env": [{"name": f"V{number}", "value": "x" * 30_000} for number in range(5)]}
    (container,) = pod_of(run(destination(job=job)))["containers"]
    environment = {variable["name"]: variable for variable in container["env"]}
    assert len(environment[names.ENV_DESTINATION]["value"]) < 2000


def test_children_belong_to_the_destination_and_carry_its_labels() -> None:
    resource = destination()
    for child, trigger, controlled in (
        (cronjob(resource), None, True),
        (run(resource), "manual", False),
        (check(resource), "check", False),
        (preview(resource), "preview", False),
    ):
        (owner,) = child["metadata"]["ownerReferences"]
        assert (owner["uid"], owner.get("controller", False)) == (resource["metadata"]["uid"], controlled)
        assert child["metadata"]["labels"].get(names.LABEL_TRIGGER) == trigger
        assert child["metadata"]["labels"][names.LABEL_DESTINATION] == "production"
    template = cronjob(resource)["spec"]["jobTemplate"]
    assert template["metadata"]["labels"][names.LABEL_TRIGGER] == "schedule"


def test_a_cronjob_is_as_applied_until_it_or_the_spec_changes() -> None:
    desired = cronjob(destination())
    live = deepcopy(annotated(desired, None, now="2026-11-24T09:00:00Z"))
    live["spec"]["jobTemplate"]["spec"]["template"]["spec"]["dnsPolicy"] = "ClusterFirst"  # a default
    assert as_applied(live, desired)
    assert not as_applied(live, cronjob(destination(job={"image": "other:1"})))
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
        ({}, {"env": [], "value": "", "emptyDir": {}, "optional": None}, True),
        ({}, {"suspend": False}, False),
        ({}, {"backoffLimit": 0}, False),
        ({}, {"readOnly": False}, True),
        ({}, {"readOnly": True}, False),
        ({"limits": {"cpu": "500m"}}, {"limits": {"cpu": 0.5}}, True),
        ({"limits": {"cpu": "1"}}, {"limits": {"cpu": 1}}, True),
        ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "1000m"}}, True),
        ({"limits": {"cpu": "2"}}, {"limits": {"cpu": 1}}, False),
        ({"requests": {"memory": "1Gi"}}, {"requests": {"memory": "1024Mi"}}, True),
        ({"requests": {"memory": "1500M"}}, {"requests": {"memory": "1.5e9"}}, True),
        ({"sizeLimit": "1Gi"}, {"sizeLimit": "1G"}, False),
        ({"limits": {"cpu": "lots"}}, {"limits": {"cpu": "few"}}, False),
        ({"name": "A", "value": "1"}, {"name": "A", "value": "1000m"}, False),
        ({"subPath": "0.50"}, {"subPath": "0.5"}, False),
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
    live = annotated(cronjob(destination()), None, now="then")
    changed = annotated(cronjob(destination(**change)), live, now="now")
    assert due_since(changed) == ("now" if moved else "then")

"""From an empty cluster to an empty cluster, as a person would go: each test is a step and builds on those before it.

`make e2e` runs them in this order and stops at the first that fails.
"""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import yaml

from tests.e2e.cluster import CRD, IMAGE, NAMESPACE, OPERATOR_NAMESPACE, ROOT, Cluster, CommandError, eventually, run

pytestmark = pytest.mark.timeout(900)

_DESTINATION: Final[dict[str, Any]] = yaml.safe_load((ROOT / "examples/sandbox/destination.yaml").read_text())
_NAME: Final[str] = _DESTINATION["metadata"]["name"]
_OPERATOR: Final = f"system:serviceaccount:{OPERATOR_NAMESPACE}:mogulsync"


def _destination(cluster: Cluster, name: str = _NAME) -> dict[str, Any]:
    return cluster.get("icd", name)


def _history(cluster: Cluster) -> list[dict[str, Any]]:
    history: list[dict[str, Any]] = _destination(cluster)["status"].get("history", [])
    return history


def _next_run(cluster: Cluster, before: list[dict[str, Any]], *, within: float = 90) -> dict[str, Any]:
    """Wait until one more run is reported and return its report, checked for what holds of every report."""
    known = {entry["job"] for entry in before}
    eventually(lambda: _history(cluster), lambda history: {run["job"] for run in history} - known, within=within)
    report: dict[str, Any] = _destination(cluster)["status"]["lastSync"]
    customers, contacts = report["customers"], report["contacts"]
    parts = ("matched", "ambiguous", "unmatched", "unmatchable", "conflicts")
    assert customers["total"] == sum(customers[part] for part in parts)
    assert contacts["matched"] == sum(contacts[part] for part in ("updated", "unchanged", "failed", "vanished"))
    return report


def _request_run(cluster: Cluster) -> str:
    value = datetime.now(UTC).isoformat()
    cluster.kubectl("annotate", "icd", _NAME, f"mogulsync.dev/sync-requested-at={value}", "--overwrite")
    return value


def _upgrade(cluster: Cluster, value: str) -> None:
    cluster.helm(
        "upgrade", "mogulsync", "charts/mogulsync", "--reuse-values", "--wait", "--timeout=120s", f"--set={value}"
    )


def test_the_image_is_built_and_brought_into_the_cluster(cluster: Cluster) -> None:
    run("make", "--silent", "image", f"IMAGE={IMAGE}")
    cluster.load_image()


def test_the_chart_installs_where_pod_security_is_restricted(cluster: Cluster) -> None:
    repository, tag = IMAGE.split(":")
    cluster.helm(
        "install", "mogulsync", "charts/mogulsync", "--wait", "--timeout=120s",
        f"--set=image.repository={repository}", f"--set=image.tag={tag}",
    )  # fmt: skip


def test_the_operator_has_no_access_to_secrets_nor_to_specs(cluster: Cluster) -> None:
    for verb, resource in (("get", "secrets"), ("list", "secrets"), ("patch", "intercomdestinations")):
        with pytest.raises(CommandError, match="no"):
            cluster.kubectl("auth", "can-i", verb, resource, "--as", _OPERATOR)
    assert cluster.kubectl("auth", "can-i", "create", "jobs", "--as", _OPERATOR).strip() == "yes"


def test_a_wrong_destination_is_refused_with_the_fix(cluster: Cluster) -> None:
    wrong = json.loads(json.dumps(_DESTINATION))
    wrong["spec"]["fields"][0]["attribute"] = "a.b"
    with pytest.raises(CommandError, match=r"spec\.fields\[0\]\.attribute.*use _"):
        cluster.apply(wrong)


def test_the_sandbox_runs_in_the_cluster(cluster: Cluster) -> None:
    sandbox = yaml.safe_load_all((ROOT / "examples/sandbox/sandbox.yaml").read_text())
    documents = list(sandbox)
    (deployment,) = [document for document in documents if document["kind"] == "Deployment"]
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = IMAGE
    cluster.apply(*documents)
    cluster.kubectl("rollout", "status", "deployment/sandbox", "--timeout=90s")


def test_the_example_becomes_ready(cluster: Cluster) -> None:
    cluster.kubectl("apply", "--filename=examples/sandbox/destination.yaml")
    cluster.kubectl("wait", "--for=condition=Ready", f"icd/{_NAME}", "--timeout=90s")
    status = _destination(cluster)["status"]
    assert status["cronJob"] == _NAME
    assert status["workspace"]["name"]
    assert datetime.fromisoformat(status["nextSyncTime"]) > datetime.now(UTC)


def test_its_cronjob_runs_at_nine_in_central_europe(cluster: Cluster) -> None:
    cronjob = cluster.get("cronjob", _NAME)
    spec = cronjob["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 9 * * *", "CET", "Forbid")
    (owner,) = cronjob["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("IntercomDestination", _NAME, True)


def test_a_requested_run_is_reported(cluster: Cluster) -> None:
    before = _history(cluster)
    requested = _request_run(cluster)
    report = _next_run(cluster, before)
    assert (report["outcome"], report["trigger"]) == ("Succeeded", "manual")
    assert report["contacts"]["updated"] > 0
    assert report["fields"]["MRR"] > 0
    assert _destination(cluster)["status"]["lastHandledSyncRequest"] == requested
    cluster.kubectl("wait", "--for=condition=Synced", f"icd/{_NAME}", "--timeout=10s")


def test_a_second_run_writes_nothing(cluster: Cluster) -> None:
    before = _history(cluster)
    _request_run(cluster)
    report = _next_run(cluster, before)
    assert report["outcome"] == "Succeeded"
    assert report["contacts"]["updated"] == 0
    assert report["contacts"]["unchanged"] == report["contacts"]["matched"] > 0


def test_a_job_made_from_the_cronjob_counts_as_manual(cluster: Cluster) -> None:
    before = _history(cluster)
    cluster.kubectl("create", "job", "by-hand", f"--from=cronjob/{_NAME}")
    report = _next_run(cluster, before)
    assert (report["job"], report["trigger"], report["outcome"]) == ("by-hand", "manual", "Succeeded")


def test_the_schedule_starts_a_run_by_itself(cluster: Cluster) -> None:
    before = _history(cluster)
    cluster.kubectl("patch", "icd", _NAME, "--type=merge", '--patch={"spec": {"schedule": "* * * * *"}}')
    report = _next_run(cluster, before, within=150)
    cluster.kubectl("patch", "icd", _NAME, "--type=merge", '--patch={"spec": {"schedule": "0 9 * * *"}}')
    assert (report["trigger"], report["outcome"]) == ("schedule", "Succeeded")
    eventually(lambda: cluster.get("cronjob", _NAME)["spec"]["schedule"], "0 9 * * *".__eq__, within=20)


def test_kubectl_shows_what_a_person_wants_to_know(cluster: Cluster) -> None:
    header, row = cluster.kubectl("get", "icd", _NAME).splitlines()
    columns = ("NAME", "READY", "SYNCED", "WORKSPACE", "MATCHED", "UPDATED", "LAST SYNC", "NEXT SYNC", "AGE")
    assert header.split() == " ".join(columns).split()
    assert row.split()[:3] == [_NAME, "True", "True"]
    assert "<invalid>" not in row
    print(f"\n{header}\n{row}")


def test_nothing_but_the_status_was_written(cluster: Cluster) -> None:
    found = json.loads(cluster.kubectl("get", "icd", _NAME, "--output=json", "--show-managed-fields"))
    writers = {(entry["manager"], entry.get("subresource", "")) for entry in found["metadata"]["managedFields"]}
    assert {where for who, where in writers if who == "mogulsync"} == {"status"}
    assert {who for who, where in writers if where != "status"} <= {
        "kubectl-client-side-apply", "kubectl-annotate", "kubectl-patch", "kubectl",
    }  # fmt: skip
    assert "finalizers" not in found["metadata"]
    assert set(found["metadata"]["annotations"]) == {
        "kubectl.kubernetes.io/last-applied-configuration",
        "mogulsync.dev/sync-requested-at",
    }


def test_a_missing_secret_is_told_and_heals_when_it_appears(cluster: Cluster) -> None:
    name = "without-secret"
    waiting = json.loads(json.dumps(_DESTINATION))
    waiting["metadata"]["name"] = name
    waiting["spec"]["chartmogul"]["apiKeySecretRef"] = {"name": "late", "key": "api-key"}
    cluster.apply(waiting)

    def reason() -> str:
        conditions = _destination(cluster, name)["status"].get("conditions", [])
        return next((condition["reason"] for condition in conditions if condition["type"] == "Ready"), "")

    eventually(reason, "SecretNotFound".__eq__, within=60)
    given = cluster.get("secret", "sandbox-chartmogul")
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "data": given["data"]})
    cluster.kubectl("wait", "--for=condition=Ready", f"icd/{name}", "--timeout=120s")
    cluster.kubectl("delete", "icd", name)


def test_the_operator_had_nothing_to_complain_of(cluster: Cluster) -> None:
    (pod,) = cluster.items("pods", "--namespace", OPERATOR_NAMESPACE)
    assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0]
    lines = cluster.kubectl("logs", pod["metadata"]["name"], "--namespace", OPERATOR_NAMESPACE).splitlines()
    assert [line for line in lines if json.loads(line)["level"] not in {"debug", "info"}] == []


def test_a_second_replica_stands_by_and_is_ready(cluster: Cluster) -> None:
    _upgrade(cluster, "replicas=2")
    lease = cluster.get("lease", "mogulsync", "--namespace", OPERATOR_NAMESPACE)
    pods = cluster.items("pods", "--namespace", OPERATOR_NAMESPACE)
    assert len(pods) == 2
    assert any(lease["spec"]["holderIdentity"].startswith(pod["metadata"]["name"]) for pod in pods)


def test_rights_in_the_served_namespace_suffice(cluster: Cluster) -> None:
    _upgrade(cluster, f"watchNamespaces={{{NAMESPACE}}}")
    with pytest.raises(CommandError, match="NotFound"):
        cluster.get("clusterrolebinding", "mogulsync")
    before = _history(cluster)
    _request_run(cluster)
    assert _next_run(cluster, before)["outcome"] == "Succeeded"


def test_deleting_the_destination_deletes_all_that_was_made_of_it(cluster: Cluster) -> None:
    made = ("cronjobs,jobs,pods", "--selector=mogulsync.dev/destination")
    assert {item["kind"] for item in cluster.items(*made)} == {"CronJob", "Job", "Pod"}
    cluster.kubectl("delete", "icd", _NAME)
    eventually(lambda: cluster.items(*made), lambda left: not left, within=60)


def test_uninstalling_keeps_the_definition_and_nothing_else(cluster: Cluster) -> None:
    cluster.kubectl("delete", "--filename=examples/sandbox/sandbox.yaml", "--wait")
    cluster.kubectl("delete", "secret", "late")
    cluster.helm("uninstall", "mogulsync", "--wait")
    kept = {
        f"customresourcedefinition.apiextensions.k8s.io/{CRD}",
        "apiservice.apiregistration.k8s.io/v1alpha1.mogulsync.dev",
    }
    eventually(cluster.leftovers, lambda left: set(left) == kept, within=60)
    cluster.kubectl("delete", "crd", CRD)
    eventually(cluster.leftovers, [].__eq__, within=60)

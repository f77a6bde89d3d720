"""From an empty cluster to an empty cluster, as a person would go: each test is a step and builds on those before it.

`make e2e` runs them in this order and stops at the first that fails.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from localkube.credentials import issue
from tests.e2e.cluster import (
    CRD,
    IMAGE,
    MONITORING,
    NAMESPACE,
    OPERATOR_NAMESPACE,
    ROOT,
    Cluster,
    CommandError,
    eventually,
    far_schedule,
    run,
)
from tests.e2e.prometheus import Prometheus

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


def _patch_schedule(cluster: Cluster, schedule: str) -> None:
    cluster.kubectl("patch", "icd", _NAME, "--type=merge", "--patch", json.dumps({"spec": {"schedule": schedule}}))


def _await_schedule(cluster: Cluster, schedule: str) -> None:
    eventually(lambda: cluster.get("cronjob", _NAME)["spec"]["schedule"], schedule.__eq__, within=60)


def _reschedule(cluster: Cluster, schedule: str) -> None:
    _patch_schedule(cluster, schedule)
    _await_schedule(cluster, schedule)


def _upgrade(cluster: Cluster, chart: str, *arguments: str) -> None:
    cluster.helm("upgrade", "mogulsync", chart, "--reuse-values", "--wait", "--timeout=120s", *arguments)


def _scale(cluster: Cluster, replicas: int) -> None:
    scaled = ("deployment/mogulsync", "--namespace", OPERATOR_NAMESPACE)
    cluster.kubectl("scale", *scaled, f"--replicas={replicas}")
    cluster.kubectl("rollout", "status", *scaled, "--timeout=90s")


def test_the_image_is_built_and_brought_into_the_cluster(cluster: Cluster) -> None:
    run("make", "--silent", "image", f"IMAGE={IMAGE}")
    cluster.load_image()


def test_the_packed_chart_installs_with_every_switch_on_where_pod_security_is_restricted(
    cluster: Cluster, chart: str
) -> None:
    published = ROOT / "tests" / "api" / "install" / "published"
    for name in MONITORING:
        cluster.kubectl("apply", "--server-side", f"--filename={published / name}.yaml")
    eventually(lambda: set(cluster.kubectl("api-resources", "--cached=false", "--output=name").split()),
               set(MONITORING).issubset, within=60)  # fmt: skip
    repository, tag = IMAGE.split(":")
    switches = (
        *("serviceMonitor", "podMonitor", "prometheusRule", "grafanaDashboard"),
        *("podDisruptionBudget", "networkPolicy"),
    )
    cluster.helm(
        "install", "mogulsync", chart, "--wait", "--timeout=120s",
        f"--set=image.repository={repository}", f"--set=image.tag={tag}", "--set=logLevel=debug",
        *(f"--set={switch}.enabled=true" for switch in switches),
    )  # fmt: skip


def test_helm_test_proves_that_the_operator_answers(cluster: Cluster) -> None:
    assert "Succeeded" in cluster.helm("test", "mogulsync", "--timeout=120s")


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


_UNWANTED: Final = """
import importlib.util, os, stat
found = [name for name in ("pip", "ensurepip") if importlib.util.find_spec(name)]
for folder in ("/usr", "/opt", "/bin", "/sbin"):
    for path, _, names in os.walk(folder):
        for name in names:
            mode = os.lstat(os.path.join(path, name)).st_mode
            if stat.S_ISREG(mode) and mode & 0o6000:
                found.append(os.path.join(path, name))
print(found)
"""


def test_the_image_holds_no_pip_and_no_setuid_program(cluster: Cluster) -> None:
    for python in ("/opt/mogulsync/bin/python", "/usr/local/bin/python3"):
        assert cluster.kubectl("exec", "deployment/sandbox", "--", python, "-c", _UNWANTED).strip() == "[]"


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
    _reschedule(cluster, far_schedule())


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


def test_the_commands_for_people_do_their_work(cluster: Cluster) -> None:
    def mogulsync(*arguments: str) -> str:
        return cluster.mogulsync(*arguments, "--namespace", NAMESPACE)

    assert "leads and is alive" in mogulsync("doctor", "--operator-namespace", OPERATOR_NAMESPACE)
    assert f"deployment mogulsync in namespace {OPERATOR_NAMESPACE}" in mogulsync("version")
    assert "Succeeded" in mogulsync("check-now", _NAME, "--wait", "--timeout", "2m")
    preview = mogulsync("preview", _NAME, "--timeout", "2m")
    assert "nothing was written" in preview
    assert "unchanged" in preview
    (job,) = {entry["job"] for entry in _history(cluster)[:1]}
    for arguments in ((), ("--job", job), ("--follow",)):
        lines = mogulsync("logs", _NAME, *arguments).splitlines()
        assert any(json.loads(line)["message"] == "run ended" for line in lines if line.startswith("{"))
    assert "nothing needs attention" in mogulsync("status", _NAME, "--exit-code")


def test_a_job_made_from_the_cronjob_counts_as_manual(cluster: Cluster) -> None:
    before = _history(cluster)
    cluster.kubectl("create", "job", "by-hand", f"--from=cronjob/{_NAME}")
    report = _next_run(cluster, before)
    assert (report["job"], report["trigger"], report["outcome"]) == ("by-hand", "manual", "Succeeded")


def _finished_by_schedule(cluster: Cluster) -> set[str]:
    selector = f"--selector=mogulsync.dev/destination={_NAME},mogulsync.dev/trigger=schedule"
    return {job["metadata"]["name"] for job in cluster.items("jobs", selector) if job["status"].get("completionTime")}


def test_a_run_that_was_due_while_no_operator_ran_is_reported_afterwards(cluster: Cluster) -> None:
    before = _history(cluster)
    _reschedule(cluster, "* * * * *")
    _scale(cluster, 0)
    finished = _finished_by_schedule(cluster)
    eventually(lambda: _finished_by_schedule(cluster) - finished, within=150)
    assert _history(cluster) == before
    schedule = far_schedule()
    _patch_schedule(cluster, schedule)
    _scale(cluster, 1)
    report = _next_run(cluster, before)
    assert (report["trigger"], report["outcome"]) == ("schedule", "Succeeded")
    _await_schedule(cluster, schedule)


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
        "kubectl-client-side-apply", "kubectl-annotate", "kubectl-patch", "kubectl", "kubectl-mogulsync",
    }  # fmt: skip
    assert "finalizers" not in found["metadata"]
    assert set(found["metadata"]["annotations"]) == {
        "kubectl.kubernetes.io/last-applied-configuration",
        "mogulsync.dev/sync-requested-at",
        # The commands for people asked for a check and a preview.
        "mogulsync.dev/check-requested-at",
        "mogulsync.dev/preview-requested-at",
    }


def test_a_missing_secret_is_told_and_heals_when_it_appears(cluster: Cluster) -> None:
    name = "without-secret"
    waiting = json.loads(json.dumps(_DESTINATION))
    waiting["metadata"]["name"] = name
    waiting["spec"]["chartmogul"]["apiKeySecretRef"] = {"name": "late", "key": "api-key"}
    cluster.apply(waiting)

    def reason() -> str:
        conditions = _destination(cluster, name).get("status", {}).get("conditions", [])
        return next((condition["reason"] for condition in conditions if condition["type"] == "Ready"), "")

    eventually(reason, "SecretNotFound".__eq__, within=60)
    given = cluster.get("secret", "sandbox-chartmogul")
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "data": given["data"]})
    cluster.kubectl("wait", "--for=condition=Ready", f"icd/{name}", "--timeout=120s")
    cluster.kubectl("delete", "icd", name)


def test_the_operator_had_nothing_to_complain_of(cluster: Cluster) -> None:
    (pod,) = cluster.operator_pods()
    assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0]
    assert cluster.complaints(pod) == []


def test_the_dashboard_and_the_alerts_are_right_about_these_runs(cluster: Cluster) -> None:
    prometheus = Prometheus.find()
    if prometheus is None:
        pytest.skip("no prometheus on the PATH")
    with cluster.forwarded("mogulsync-metrics", 8080) as target, prometheus.scraping(target) as queries:

        def unanswered() -> list[str]:
            # Durations are of the last seconds: the operator must have something to do.
            cluster.kubectl("label", "icd", _NAME, f"looked-at={time.time():.0f}", "--overwrite")
            return [query for query in queries.of_the_dashboard() if not queries.answer(query)]

        eventually(unanswered, [].__eq__, within=60)
        assert queries.firing() == []


def _behind_a_gateway(cluster: Cluster, host: str) -> dict[str, Any]:
    """Put a forward proxy and TLS before the sandbox into the cluster; return a destination that uses both."""
    issued = issue(host)
    program = (ROOT / "tests" / "e2e" / "gateway.py").read_text()
    (sandbox,) = [
        document
        for document in yaml.safe_load_all((ROOT / "examples/sandbox/sandbox.yaml").read_text())
        if document["kind"] == "Deployment"
    ]
    labels = {"app.kubernetes.io/name": "gateway"}
    pod = sandbox["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    pod["metadata"]["labels"] = labels
    pod["spec"]["volumes"] = [
        {"name": "program", "configMap": {"name": "gateway"}},
        {"name": "tls", "secret": {"secretName": "gateway-tls"}},
    ]
    pod["spec"]["containers"] = [
        {key: container[key] for key in ("resources", "securityContext")}
        | {
            "name": "gateway",
            "image": IMAGE,
            "command": ["python3", "/program/gateway.py"],
            "volumeMounts": [
                {"name": "program", "mountPath": "/program"},
                {"name": "tls", "mountPath": "/etc/gateway-tls"},
            ],
            "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
        }
    ]

    def named(kind: str, name: str, **content: Any) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}} | content

    ports = [{"name": "proxy", "port": 3128}, {"name": "tls", "port": 8443}]
    registry = json.dumps({"auths": {"registry.example.com": {"auth": "dXNlcjpwYXNz"}}})
    cluster.apply(
        named("ConfigMap", "company-ca", data={"ca.crt": issued.ca}),
        named("ConfigMap", "gateway", data={"gateway.py": program}),
        named("Secret", "gateway-tls", stringData={"tls.crt": issued.certificate, "tls.key": issued.key}),
        named("Secret", "registry", type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": registry}),
        named("Service", host, spec={"selector": labels, "ports": ports}),
        named(
            "Deployment", "gateway", apiVersion="apps/v1", spec={"selector": {"matchLabels": labels}, "template": pod}
        ),
    )
    cluster.kubectl("rollout", "status", "deployment/gateway", "--timeout=90s")
    destination: dict[str, Any] = json.loads(json.dumps(_DESTINATION))
    destination["metadata"]["name"] = host
    destination["spec"]["chartmogul"]["url"] = f"https://{host}:8443/chartmogul/v1"
    destination["spec"]["intercom"]["url"] = f"https://{host}:8443/intercom"
    return destination


def test_a_job_has_the_pull_secret_goes_by_the_proxy_and_trusts_the_companys_ca(
    cluster: Cluster, chart: str, tmp_path: Path
) -> None:
    """The values are those of the examples, but for the proxy's address."""
    host = "gateway"
    destination = _behind_a_gateway(cluster, host)
    jobs: dict[str, Any] = {}
    for example in ("own-ca", "private-registry"):
        jobs |= yaml.safe_load((ROOT / "examples" / "install" / example / "values.yaml").read_text())["jobs"]
    next(variable for variable in jobs["env"] if variable["name"] == "HTTPS_PROXY")["value"] = f"http://{host}:3128"
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"jobs": jobs}))
    _upgrade(cluster, chart, f"--values={values}")
    cluster.apply(destination)
    cluster.kubectl("wait", "--for=condition=Ready", f"icd/{host}", "--timeout=120s")
    cluster.kubectl("annotate", "icd", host, f"mogulsync.dev/sync-requested-at={datetime.now(UTC).isoformat()}")
    status = eventually(lambda: _destination(cluster, host)["status"], lambda now: "lastSync" in now, within=90)
    assert status["lastSync"]["outcome"] == "Succeeded"
    (pod,) = cluster.items("pods", f"--selector=job-name={status['lastSync']['job']}")
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    tunnels = cluster.kubectl("logs", "deployment/gateway").splitlines()
    print(f"\n{len(tunnels)} tunnels")
    assert set(tunnels) == {f"CONNECT {host}:8443"}
    cluster.kubectl("delete", "icd", host)
    cluster.kubectl("delete", "deployment/gateway", f"service/{host}", "secret/gateway-tls", "secret/registry",
                    "configmap/gateway", "configmap/company-ca")  # fmt: skip
    cluster.helm("rollback", "mogulsync", "--wait", "--timeout=120s")


def test_two_releases_live_in_one_namespace(cluster: Cluster, chart: str) -> None:
    repository, tag = IMAGE.split(":")
    cluster.helm(
        "install", "second", chart, "--wait", "--timeout=120s", f"--set=image.repository={repository}",
        f"--set=image.tag={tag}", "--set=crds.enabled=false", f"--set=watchNamespaces={{{OPERATOR_NAMESPACE}}}",
    )  # fmt: skip
    leases = {lease["metadata"]["name"] for lease in cluster.items("leases", "--namespace", OPERATOR_NAMESPACE)}
    assert leases == {"mogulsync", "second-mogulsync"}
    assert "Succeeded" in cluster.helm("test", "second", "--timeout=120s")
    cluster.helm("uninstall", "second", "--wait")
    cluster.kubectl("delete", "lease", "second-mogulsync", "--namespace", OPERATOR_NAMESPACE)


def test_a_second_replica_stands_by_and_is_ready(cluster: Cluster, chart: str) -> None:
    _upgrade(cluster, chart, "--set=replicas=2")
    lease = cluster.get("lease", "mogulsync", "--namespace", OPERATOR_NAMESPACE)
    pods = eventually(cluster.operator_pods, lambda found: len(found) == 2, within=60)
    assert any(lease["spec"]["holderIdentity"].startswith(pod["metadata"]["name"]) for pod in pods)


def test_rights_in_the_served_namespace_suffice(cluster: Cluster, chart: str) -> None:
    _upgrade(cluster, chart, f"--set=watchNamespaces={{{NAMESPACE}}}", "--set=jobs.networkPolicy.enabled=true")
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


def test_uninstalling_keeps_the_definition_and_the_lease_and_nothing_else(cluster: Cluster) -> None:
    cluster.kubectl("delete", "--filename=examples/sandbox/sandbox.yaml", "--wait")
    cluster.kubectl("delete", "secret", "late")
    cluster.helm("uninstall", "mogulsync", "--wait")
    kept = {
        f"{OPERATOR_NAMESPACE}: lease.coordination.k8s.io/mogulsync",
        f"customresourcedefinition.apiextensions.k8s.io/{CRD}",
        "apiservice.apiregistration.k8s.io/v1alpha1.mogulsync.dev",
    }
    eventually(cluster.leftovers, lambda left: set(left) == kept, within=60)
    cluster.kubectl("delete", "crd", CRD, *MONITORING)
    cluster.kubectl("delete", "lease", "mogulsync", "--namespace", OPERATOR_NAMESPACE)
    eventually(cluster.leftovers, [].__eq__, within=60)

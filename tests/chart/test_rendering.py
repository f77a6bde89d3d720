"""What helm makes of the chart. Needs helm on the PATH: `make chart`."""

import json
import subprocess
from typing import Any, Final

import pytest
import yaml

from tests.support import helm
from tests.support.helm import CHART as _CHART
from tests.support.helm import of_kind as _of_kind


def _pod(values: dict[str, Any]) -> dict[str, Any]:
    (deployment,) = _of_kind(values, "Deployment")
    pod: dict[str, Any] = deployment["spec"]["template"]
    return pod


def _container(values: dict[str, Any]) -> dict[str, Any]:
    (container,) = _pod(values)["spec"]["containers"]
    return dict(container)


_OPERATOR_ROLES: Final = {"mogulsync", "mogulsync-lease"}


def test_without_namespaces_one_cluster_role_serves_all() -> None:
    assert "mogulsync" in {role["metadata"]["name"] for role in _of_kind({}, "ClusterRole")}
    assert [binding["roleRef"]["name"] for binding in _of_kind({}, "ClusterRoleBinding")] == ["mogulsync"]
    assert not [argument for argument in _container({})["args"] if argument.startswith("--namespace")]


def test_with_namespaces_the_rights_are_roles_there_and_nowhere_else() -> None:
    values = {"watchNamespaces": ["a", "b"]}
    assert _of_kind(values, "ClusterRoleBinding") == []
    roles = {(role["metadata"]["namespace"], role["metadata"]["name"]) for role in _of_kind(values, "Role")}
    assert roles == {("a", "mogulsync"), ("b", "mogulsync"), ("operators", "mogulsync-lease")}
    bindings = {(binding["metadata"]["namespace"], binding["roleRef"]["name"], binding["subjects"][0]["namespace"])
                for binding in _of_kind(values, "RoleBinding")}  # fmt: skip
    assert bindings == {(namespace, name, "operators") for namespace, name in roles}
    assert [argument for argument in _container(values)["args"] if argument.startswith("--namespace")] == [
        "--namespace=a",
        "--namespace=b",
    ]


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["a"]}], ids=["all", "some"])
def test_the_operator_has_no_right_on_secrets_nor_by_wildcard(values: dict[str, Any]) -> None:
    rules = [
        rule
        for role in _of_kind(values, "ClusterRole") + _of_kind(values, "Role")
        if role["metadata"]["name"] in _OPERATOR_ROLES
        for rule in role["rules"]
    ]
    assert rules
    for rule in rules:
        assert not {"secrets", "*"} & set(rule["resources"] + rule["apiGroups"] + rule["verbs"])


def test_of_a_destination_the_operator_may_write_its_status_only() -> None:
    (role,) = [role for role in _of_kind({}, "ClusterRole") if role["metadata"]["name"] == "mogulsync"]
    verbs = {
        resource: set(rule["verbs"])
        for rule in role["rules"]
        if rule["apiGroups"] == ["mogulsync.dev"]
        for resource in rule["resources"]
    }
    assert verbs == {
        "intercomdestinations": {"get", "list", "watch"},
        "intercomdestinations/status": {"patch"},
    }


@pytest.mark.parametrize(
    ("values", "kept"),
    [({}, [True]), ({"crds": {"keep": False}}, [False]), ({"crds": {"enabled": False}}, [])],
    ids=["default", "keep: false", "enabled: false"],
)
def test_the_crd_is_there_and_kept_as_the_values_say(values: dict[str, Any], kept: list[bool]) -> None:
    found = [
        crd["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
        for crd in _of_kind(values, "CustomResourceDefinition")
    ]
    assert found == kept


def test_the_rendered_crd_has_the_spec_of_the_generated_one() -> None:
    generated = yaml.safe_load((_CHART.parents[1] / "crds" / "intercomdestinations.mogulsync.dev.yaml").read_text())
    (rendered,) = _of_kind({}, "CustomResourceDefinition")
    assert rendered["spec"] == generated["spec"]


def test_jobs_run_the_operators_own_image() -> None:
    container = _container({"image": {"repository": "registry.example.com/mogulsync", "tag": "1.2.3"}})
    assert container["image"] == "registry.example.com/mogulsync:1.2.3"
    assert "--image=registry.example.com/mogulsync:1.2.3" in container["args"]


def test_the_image_has_the_charts_version_by_default() -> None:
    chart = yaml.safe_load((_CHART / "Chart.yaml").read_text())
    assert _container({})["image"] == f"mogulsync:{chart['appVersion']}"


def test_the_pod_passes_pod_security_restricted_with_no_fixed_user() -> None:
    pod, container = _pod({})["spec"], _container({})
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_pod_is_shaped_as_the_values_say() -> None:
    values: dict[str, Any] = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "priorityClassName": "high",
        "imagePullSecrets": [{"name": "registry"}],
        "podLabels": {"team": "data"},
        "podAnnotations": {"prometheus.io/scrape": "true"},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
        ],
        "podSecurityContext": {"runAsUser": 1000},
        "extraArgs": ["--no-leader-elect"],
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com"}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
        "serviceAccount": {"create": False, "name": "given"},
    }
    pod, container = _pod(values), _container(values)
    placement = ("nodeSelector", "tolerations", "affinity", "priorityClassName", "topologySpreadConstraints")
    for name in (*placement, "imagePullSecrets"):
        assert pod["spec"][name] == values[name]
    assert pod["metadata"]["labels"]["team"] == "data"
    assert pod["metadata"]["annotations"]["prometheus.io/scrape"] == "true"
    assert pod["spec"]["securityContext"]["runAsUser"] == 1000
    assert values["extraEnv"][0] in container["env"]
    assert container["args"][-1] == "--no-leader-elect"
    assert pod["spec"]["volumes"] == values["extraVolumes"]
    assert container["volumeMounts"] == values["extraVolumeMounts"]
    assert pod["spec"]["serviceAccountName"] == "given"
    assert _of_kind(values, "ServiceAccount") == []


@pytest.mark.parametrize(
    "values", [{"watchNamespace": ["a"]}, {"image": {"pullPolicy": "Sometimes"}}, {"replicas": "1"}]
)
def test_helm_refuses_a_value_that_the_schema_does_not_know(values: dict[str, Any]) -> None:
    result = helm.template(values)
    assert result.returncode != 0
    assert next(iter(values)) in result.stderr


_EVERYTHING: Final[dict[str, Any]] = {
    "watchNamespaces": ["a", "b"],
    "jobs": {"priorityClassName": "low", "networkPolicy": {"enabled": True}},
    "serviceMonitor": {"enabled": True},
    "podMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {"enabled": True},
}


def test_no_lease_is_among_the_objects_and_the_operator_makes_the_one_of_its_release() -> None:
    assert _of_kind(_EVERYTHING, "Lease") == []
    documents = helm.render({}, release="second")
    (deployment,) = [document for document in documents if document["kind"] == "Deployment"]
    assert "--lease-name=second-mogulsync" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    (role,) = [document for document in documents if document["metadata"]["name"] == "second-mogulsync-lease"
               and document["kind"] == "Role"]  # fmt: skip
    assert role["rules"][0]["resourceNames"] == ["second-mogulsync"]


def test_two_releases_in_one_namespace_share_no_object() -> None:
    def objects(release: str, values: dict[str, Any]) -> set[tuple[str, str, str]]:
        return {
            (document["kind"], document["metadata"].get("namespace", ""), document["metadata"]["name"])
            for document in helm.render(values, release=release)
        }

    second = {**_EVERYTHING, "crds": {"enabled": False}}
    assert objects("mogulsync", _EVERYTHING) & objects("second", second) == set()


def test_two_releases_in_one_namespace_select_their_own_pods() -> None:
    def selector(release: str) -> dict[str, str]:
        (deployment,) = [item for item in helm.render({}, release=release) if item["kind"] == "Deployment"]
        labels: dict[str, str] = deployment["spec"]["selector"]["matchLabels"]
        return labels

    assert selector("mogulsync") != selector("second")


@pytest.mark.parametrize("label", ["app.kubernetes.io/name", "app.kubernetes.io/component", "helm.sh/chart"])
def test_a_label_of_ours_is_there_once_and_stays_ours(label: str) -> None:
    values = {"podLabels": {label: "theirs"}, "commonLabels": {label: "theirs"}}
    assert _pod(values)["metadata"]["labels"] == _pod({})["metadata"]["labels"]


def test_common_labels_and_annotations_are_on_every_object_and_pod() -> None:
    values = {**_EVERYTHING, "commonLabels": {"team": "data"}, "commonAnnotations": {"owner": "data@example.com"}}
    metadata = [document["metadata"] for document in helm.render(values)] + [_pod(values)["metadata"]]
    assert len(metadata) > 15
    for each in metadata:
        assert each["labels"]["team"] == "data", each["name"]
        assert each["annotations"]["owner"] == "data@example.com", each["name"]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"tag": 20261126}, "mogulsync:20261126"),
        ({"tag": 0.2}, "mogulsync:0.2"),
        ({"tag": "1.10"}, "mogulsync:1.10"),
        ({"tag": "1", "digest": f"sha256:{64 * 'a'}"}, f"mogulsync@sha256:{64 * 'a'}"),
    ],
    ids=["integer", "float", "text", "digest"],
)
def test_a_tag_may_be_a_number_and_a_digest_wins(image: dict[str, Any], expected: str) -> None:
    container = _container({"image": image})
    assert container["image"] == expected
    assert f"--image={expected}" in container["args"]


def test_a_numeric_tag_on_the_command_line_needs_no_set_string() -> None:
    (deployment,) = [
        document for document in helm.render({}, "--set", "image.tag=20261126") if document["kind"] == "Deployment"
    ]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "mogulsync:20261126"


def test_the_defaults_of_the_jobs_reach_the_operator_without_the_charts_own_key() -> None:
    jobs = {"env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}], "podLabels": {"team": "data"}}
    values = {"jobs": {**jobs, "networkPolicy": {"enabled": True}}, "watchNamespaces": ["a"]}
    (config,) = _of_kind(values, "ConfigMap")
    pod, container = _pod(values), _container(values)
    (mount,), (volume,) = container["volumeMounts"], pod["spec"]["volumes"]
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    ((file, text),) = config["data"].items()
    assert yaml.safe_load(text) == jobs
    assert f"--job-defaults={mount['mountPath']}/{file}" in container["args"]


def test_without_defaults_of_the_jobs_there_is_no_file() -> None:
    values = {"jobs": {"networkPolicy": {"enabled": True}}, "watchNamespaces": ["a"]}
    assert _of_kind(values, "ConfigMap") == []
    assert not [argument for argument in _container(values)["args"] if argument.startswith("--job-defaults")]


def test_the_defaults_of_the_jobs_can_be_taken_back() -> None:
    """As by `helm upgrade --reuse-values --set jobs=null`."""
    assert [document for document in helm.render({}, "--set", "jobs=null") if document["kind"] == "ConfigMap"] == []


def test_other_defaults_of_the_jobs_start_the_operator_anew() -> None:
    templates = [_pod({"jobs": {"priorityClassName": name}}) for name in ("low", "high")]
    assert templates[0]["metadata"]["annotations"] != templates[1]["metadata"]["annotations"]


def test_the_jobs_policy_is_in_each_served_namespace() -> None:
    policies = _of_kind({"watchNamespaces": ["a", "b"], "jobs": {"networkPolicy": {"enabled": True}}}, "NetworkPolicy")
    assert [policy["metadata"]["namespace"] for policy in policies] == ["a", "b"]
    for policy in policies:
        assert policy["spec"]["podSelector"] == {
            "matchExpressions": [{"key": "mogulsync.dev/destination", "operator": "Exists"}]
        }
        assert policy["spec"]["ingress"] == []


@pytest.mark.parametrize(
    ("values", "fix"),
    [
        ({"jobs": {"networkPolicy": {"enabled": True}}}, "examples/install/default-deny"),
        ({"serviceMonitor": {"enabled": True}, "metrics": {"service": {"enabled": False}}}, "podMonitor"),
    ],
    ids=["jobs.networkPolicy", "serviceMonitor"],
)
def test_what_cannot_work_is_refused_with_the_fix(values: dict[str, Any], fix: str) -> None:
    result = helm.template(values)
    assert result.returncode != 0
    assert fix in result.stderr


def test_what_the_refusal_names_is_there() -> None:
    assert (_CHART.parents[1] / "examples/install/default-deny/networkpolicy.yaml").is_file()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("serviceMonitor", "ServiceMonitor"),
        ("podMonitor", "PodMonitor"),
        ("prometheusRule", "PrometheusRule"),
        ("grafanaDashboard", "ConfigMap"),
        ("podDisruptionBudget", "PodDisruptionBudget"),
        ("networkPolicy", "NetworkPolicy"),
    ],
)
def test_what_is_optional_is_made_when_it_is_enabled(name: str, kind: str) -> None:
    assert _of_kind({}, kind) == []
    assert len(_of_kind({name: {"enabled": True}}, kind)) == 1


def test_the_service_is_made_unless_it_is_disabled_and_monitors_find_it() -> None:
    (service,) = _of_kind({}, "Service")
    (monitor,) = _of_kind({"serviceMonitor": {"enabled": True}}, "ServiceMonitor")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    assert monitor["spec"]["endpoints"][0]["honorLabels"] is True
    assert service["spec"]["selector"].items() <= _pod({})["metadata"]["labels"].items()
    assert _of_kind({"metrics": {"service": {"enabled": False}}}, "Service") == []


def test_the_test_pod_is_no_target_of_the_service() -> None:
    (service,) = _of_kind({}, "Service")
    (pod,) = _of_kind({}, "Pod")
    assert not service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()


def test_every_alert_has_a_severity_and_a_runbook_that_is_there() -> None:
    (rule,) = _of_kind({"prometheusRule": {"enabled": True, "runbookUrl": "https://example.com/r/"}}, "PrometheusRule")
    alerts = [alert for group in rule["spec"]["groups"] for alert in group["rules"]]
    assert len(alerts) > 5
    for alert in alerts:
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}
        url = alert["annotations"]["runbook_url"]
        assert url == f"https://example.com/r/{alert['alert']}.md"
        assert (_CHART.parents[1] / "docs" / "runbooks" / f"{alert['alert']}.md").is_file()


def test_an_alert_can_be_left_out() -> None:
    (rule,) = _of_kind({"prometheusRule": {"enabled": True, "disabled": ["MogulsyncNoLeader"]}}, "PrometheusRule")
    names = {alert["alert"] for group in rule["spec"]["groups"] for alert in group["rules"]}
    assert "MogulsyncNoLeader" not in names
    assert "MogulsyncOverdue" in names


@pytest.mark.parametrize(
    ("budget", "spec"),
    [({}, {"maxUnavailable": 1}), ({"minAvailable": 2}, {"minAvailable": 2}),
     ({"maxUnavailable": "50%"}, {"maxUnavailable": "50%"})],
    ids=["default", "minAvailable", "percent"],
)  # fmt: skip
def test_the_disruption_budget_says_one_of_both(budget: dict[str, Any], spec: dict[str, Any]) -> None:
    (found,) = _of_kind({"podDisruptionBudget": {"enabled": True, **budget}}, "PodDisruptionBudget")
    found["spec"].pop("selector")
    assert found["spec"] == spec


def test_every_namespaced_object_of_ours_follows_the_namespace_override() -> None:
    documents = helm.render({"namespaceOverride": "elsewhere", "serviceMonitor": {"enabled": True}})
    assert {document["metadata"].get("namespace", "elsewhere") for document in documents} == {"elsewhere"}
    subjects = [subject for document in documents for subject in document.get("subjects", [])]
    assert {subject["namespace"] for subject in subjects} == {"elsewhere"}


def test_extra_objects_are_rendered_as_templates() -> None:
    extra = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-extra"}}
    (found,) = _of_kind({"extraObjects": [extra]}, "ConfigMap")
    assert found["metadata"]["name"] == "mogulsync-extra"


def test_a_parent_charts_pull_secrets_are_added() -> None:
    values = {"global": {"imagePullSecrets": ["one", {"name": "two"}]}, "imagePullSecrets": [{"name": "three"}]}
    assert _pod(values)["spec"]["imagePullSecrets"] == [{"name": "three"}, {"name": "one"}, {"name": "two"}]


@pytest.mark.parametrize("length", [1, 40, 53])
def test_names_fit_whatever_the_releases_length(length: int) -> None:
    values = {**_EVERYTHING, "fullnameOverride": "x" * 63}
    for release, given in (("x" * length, _EVERYTHING), ("mogulsync", values)):
        for document in helm.render(given, release=release):
            limit = 63 if document["kind"] in {"Service", "Pod", "Deployment"} else 253
            assert len(document["metadata"]["name"]) <= limit


def _notes(*options: str) -> str:
    result = subprocess.run(
        ["helm", "install", "mogulsync", str(_CHART), "--namespace", "operators", "--dry-run=client", *options],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return result.stdout.partition("NOTES:\n")[2]


@pytest.mark.parametrize(
    ("namespaces", "expected"),
    [
        ([], "Next, in the namespace of your choice:"),
        (["crm"], "Next, in that namespace (add --namespace crm to each command):"),
        (["crm", "sales"], "Next, in one of these namespaces (add --namespace crm to each command):"),
    ],
)
def test_the_notes_name_a_namespace_that_is_served(namespaces: list[str], expected: str) -> None:
    assert expected in _notes("--set-json", f"watchNamespaces={json.dumps(namespaces)}").splitlines()


def test_the_commands_of_the_notes_can_be_pasted() -> None:
    """A shell reads them as they are: a heredoc whose end is indented has none."""
    notes = _notes()
    begins, ends = notes.index("kubectl apply"), notes.index("YAML\n", notes.index("<<'YAML'") + len("<<'YAML'\n"))
    pasted = notes[begins:ends] + "YAML\n"
    shell = subprocess.run(
        ["bash", "-c", f"kubectl() {{ cat; }}\n{pasted}"], capture_output=True, text=True, check=True
    )
    assert shell.stderr == ""
    assert yaml.safe_load(shell.stdout)["kind"] == "IntercomDestination"
    waits = [line for line in notes.splitlines() if line.startswith("kubectl wait")]
    assert waits
    assert all("--timeout=" in line for line in waits)

"""What helm makes of the chart. Needs helm on the PATH: `make chart`."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

_CHART: Final = Path(__file__).parents[2] / "charts" / "mogulsync"


def _helm(values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["helm", "template", "mogulsync", str(_CHART), "--namespace", "operators", "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )


def _render(values: dict[str, Any]) -> list[dict[str, Any]]:
    result = _helm(values)
    assert result.returncode == 0, result.stderr
    return [document for document in yaml.safe_load_all(result.stdout) if document]


def _of_kind(values: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [document for document in _render(values) if document["kind"] == kind]


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


def test_the_pod_passes_pod_security_restricted() -> None:
    pod, container = _pod({})["spec"], _container({})
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
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
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com"}],
        "serviceAccount": {"create": False, "name": "given"},
    }
    pod, container = _pod(values), _container(values)
    for name in ("nodeSelector", "tolerations", "affinity", "priorityClassName", "imagePullSecrets"):
        assert pod["spec"][name] == values[name]
    assert pod["metadata"]["labels"]["team"] == "data"
    assert pod["metadata"]["annotations"]["prometheus.io/scrape"] == "true"
    assert values["extraEnv"][0] in container["env"]
    assert pod["spec"]["serviceAccountName"] == "given"
    assert _of_kind(values, "ServiceAccount") == []


@pytest.mark.parametrize(
    "values", [{"watchNamespace": ["a"]}, {"image": {"pullPolicy": "Sometimes"}}, {"replicas": "1"}]
)
def test_helm_refuses_a_value_that_the_schema_does_not_know(values: dict[str, Any]) -> None:
    result = _helm(values)
    assert result.returncode != 0
    assert next(iter(values)) in result.stderr

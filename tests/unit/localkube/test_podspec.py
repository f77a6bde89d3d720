"""What a container runs, as a kubelet resolves it."""

import base64
from typing import Any

import pytest

from localkube.podspec import ContainerConfigError, expand, resolve_command, resolve_environment

OBJECTS = {
    ("secrets", "chartmogul"): {"data": {"api-key": base64.b64encode("gehéim".encode()).decode()}},
    ("secrets", "empty"): {},
    ("configmaps", "settings"): {"data": {"level": "debug"}},
}
POD: dict[str, Any] = {
    "metadata": {"name": "run-1", "namespace": "growth", "uid": "u-1", "labels": {"mogulsync.dev/trigger": "manual"}},
    "spec": {"nodeName": "localkube"},
}


async def read(kind: str, name: str) -> dict[str, Any] | None:
    return OBJECTS.get((kind, name))


async def environment(*variables: dict[str, Any]) -> dict[str, str]:
    return await resolve_environment(POD, {"env": list(variables)}, read)


def from_secret(name: str, key: str, **more: Any) -> dict[str, Any]:
    return {"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": key} | more}}


async def test_variables_come_from_values_secrets_config_maps_and_the_pod() -> None:
    assert await environment(
        {"name": "PLAIN", "value": "x"},
        {"name": "NOTHING"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "chartmogul", "key": "api-key"}}},
        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "TRIGGER", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['mogulsync.dev/trigger']"}}},
        {"name": "BOTH", "value": "$(NAMESPACE)/$(NAME) $(UNKNOWN) $$(NAME)"},
    ) == {
        "PLAIN": "x",
        "NOTHING": "",
        "KEY": "gehéim",
        "LEVEL": "debug",
        "NAME": "run-1",
        "NAMESPACE": "growth",
        "TRIGGER": "manual",
        "BOTH": "growth/run-1 $(UNKNOWN) $(NAME)",
    }


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        (from_secret("absent", "k"), 'secret "absent" not found'),
        (from_secret("chartmogul", "k"), "couldn't find key k in Secret growth/chartmogul"),
        (from_secret("empty", "k"), "couldn't find key k in Secret growth/empty"),
        (
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "absent", "key": "k"}}},
            'configmap "absent" not found',
        ),
        (
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "k"}}},
            "couldn't find key k in ConfigMap growth/settings",
        ),
    ],
)
async def test_what_is_missing_is_said_in_the_kubelets_words(variable: dict[str, Any], said: str) -> None:
    with pytest.raises(ContainerConfigError) as error:
        await environment(variable)
    assert str(error.value) == said


@pytest.mark.parametrize(
    "variable", [from_secret("absent", "k", optional=True), from_secret("empty", "k", optional=True)]
)
async def test_optional_variable_is_left_out(variable: dict[str, Any]) -> None:
    assert await environment(variable) == {}


def test_arguments_follow_the_images_entry_point() -> None:
    assert resolve_command({"args": ["sync", "$(MODE)"]}, {"MODE": "--dry-run"}, ["mogulsync"]) == [
        "mogulsync",
        "sync",
        "--dry-run",
    ]


def test_command_takes_the_place_of_the_entry_point() -> None:
    assert resolve_command({"command": ["sh", "-c"], "args": ["true"]}, {}, ["mogulsync"]) == ["sh", "-c", "true"]


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("$A", "$A"),
        ("$$(A)", "$(A)"),
        ("$(B)", "$(B)"),
        ("$$", "$"),
        ("$(A", "$(A"),
        ("a$(A)b$(A)", "a1b1"),
    ],
)
def test_references_to_variables(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1"}) == expanded

"""Fixtures of the tests that call `mogulsync` as a person does, against a control plane."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localkube import ControlPlane
from tests.support.command_line import Ended, call

Mogulsync = Callable[..., Ended]


@pytest.fixture
def mogulsync(plane: ControlPlane, namespace: str) -> Mogulsync:
    """Runs `mogulsync` with the admin's kubeconfig, in the test's namespace."""

    def run(command: str, *arguments: str, kubeconfig: Path | None = None, stdin: str = "", **env: str) -> Ended:
        place = ["--kubeconfig", str(kubeconfig or plane.kubeconfig), "--namespace", namespace]
        return call(command, *place, *arguments, env=env, stdin=stdin)

    return run


@pytest.fixture
def person(plane: ControlPlane, namespace: str) -> Callable[..., Path]:
    """Makes a service account with exactly these rights, and returns its kubeconfig."""

    def make(name: str, *rules: dict[str, Any]) -> Path:
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}}
        own = ("--namespace", namespace)
        plane.kubectl(*own, "create", "serviceaccount", name)
        plane.kubectl(*own, "apply", "-f", "-", stdin=json.dumps(role | {"rules": list(rules)}))
        subject = f"--serviceaccount={namespace}:{name}"
        plane.kubectl(*own, "create", "rolebinding", name, f"--role={name}", subject)
        return plane.service_account_kubeconfig(namespace, name)

    return make

"""Namespaces are independent: one that cannot be read keeps no other from being served."""

import json
from typing import Any

import kubernetes.aio.config
from kubernetes.aio.client import Configuration

from tests.api.controller.test_permissions import documented_rules
from tests.support.operator_world import World


async def test_a_namespace_without_rights_is_named_and_served_once_it_has_them(world: World) -> None:
    closed = f"{world.namespace}-closed"
    other = World(world.plane, closed, world.api, world.settings)
    await world.kubectl("create", "namespace", closed)
    await world.kubectl("create", "serviceaccount", "operator")
    await world.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=200s", "--namespace", closed)
    settings: Configuration = type.__call__(Configuration)
    await kubernetes.aio.config.load_kube_config(  # type: ignore[no-untyped-call] # the library's
        config_file=str(world.plane.service_account_kubeconfig(world.namespace, "operator")),
        client_configuration=settings,
    )
    await _allow(world, world.namespace)
    async with world.operator(settings=settings, namespaces=(closed, world.namespace)) as controller:
        await other.apply()
        await world.apply()
        await world.make_ready()
        assert list(controller.unreadable()) == [closed]
        assert "forbidden" in controller.unreadable()[closed]
        assert all(watch.listed for watch in controller.watches().values())
        assert await other.listed("cronjobs") == []
        await _allow(world, closed)
        await other.make_ready()
        assert dict(controller.unreadable()) == {}
        await other.apply(schedule="5 5 * * *")

        async def scheduled() -> bool:
            return bool((await other.get("cronjobs"))["spec"]["schedule"] == "5 5 * * *")

        await other.until("a change seen by the watch", scheduled)
    await world.kubectl("delete", "namespace", closed, "--wait=false")


async def _allow(world: World, namespace: str) -> None:
    role: dict[str, Any] = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "operator", "namespace": namespace},
        "rules": documented_rules(),
    }
    await world.kubectl("apply", "--namespace", namespace, "-f", "-", stdin=json.dumps(role))
    subject = f"--serviceaccount={world.namespace}:operator"
    await world.kubectl("create", "rolebinding", "operator", "--role=operator", subject, "--namespace", namespace)

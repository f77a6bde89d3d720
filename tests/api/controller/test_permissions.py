"""The permissions that the operator says it needs are enough, and no Secret is among them."""

import json
from typing import Any

import kubernetes.aio.config
from kubernetes.aio.client import Configuration

import mogulsync.controller
from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT
from tests.support.operator_world import World


def documented_rules() -> list[dict[str, Any]]:
    """Return the table in the package's docstring as a Role's rules."""
    rows = [line[1:-1].split("|") for line in str(mogulsync.controller.__doc__).splitlines() if line[:1] == "|"]
    rules: list[dict[str, Any]] = []
    for group, resource, verbs, _ in rows[2:]:
        name = group.strip()
        groups = [] if not name else [""] if name == "(core)" else [name]
        rules.append(
            {
                "apiGroups": groups or rules[-1]["apiGroups"],
                "resources": [resource.strip()],
                "verbs": [verb.strip() for verb in verbs.split(",")],
            }
        )
    return rules


def test_no_secret_no_deletion_and_no_wildcard_is_asked_for() -> None:
    rules = documented_rules()
    assert {"intercomdestinations", "cronjobs", "jobs", "pods"} <= {rule["resources"][0] for rule in rules}
    assert not any("secrets" in rule["resources"] for rule in rules)
    assert not {"delete", "deletecollection", "*"} & {verb for rule in rules for verb in rule["verbs"]}


async def test_the_documented_permissions_are_enough(world: World) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "operator"}}
    await world.kubectl("apply", "-f", "-", stdin=json.dumps(role | {"rules": documented_rules()}))
    await world.kubectl("create", "serviceaccount", "operator")
    subject = f"--serviceaccount={world.namespace}:operator"
    await world.kubectl("create", "rolebinding", "operator", "--role=operator", subject)
    kubeconfig = world.plane.service_account_kubeconfig(world.namespace, "operator")
    settings: Configuration = type.__call__(Configuration)
    await kubernetes.aio.config.load_kube_config(  # type: ignore[no-untyped-call] # the library's
        config_file=str(kubeconfig), client_configuration=settings
    )
    async with world.operator(settings=settings):
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
        await world.make_ready()
        await world.finish((await world.until_job("manual"))["metadata"]["name"])
        await world.until_condition("Synced", "True", "Succeeded")
        await world.apply(timeZone="Mars/Olympus")
        await world.until_condition("Ready", "False", "InvalidSchedule")

        async def told() -> set[str]:
            events = await world.listed("events", group="events.k8s.io/v1")
            return {event["reason"] for event in events if event["reportingController"] == "mogulsync"}

        async def all_told() -> bool:
            return await told() == {"Ready", "Succeeded", "InvalidSchedule"}

        await world.until("an Event for each transition", all_told)

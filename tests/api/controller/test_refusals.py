"""What the cluster's own policies deny, told by a real API server."""

import json
from uuid import uuid4

import pytest

from tests.support.operator_world import World, condition


async def _deny(world: World, *, reason: str) -> str:
    """Let a ValidatingAdmissionPolicy deny CronJobs of the namespace that are due at half past; return its name."""
    name = f"no-half-past-{uuid4().hex[:8]}"
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["batch"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["cronjobs"],
                    }
                ]
            },
            "validations": [
                {
                    "expression": "!object.spec.schedule.startsWith('30 ')",
                    "message": "spec.schedule: nothing runs at half past here",
                    "reason": reason,
                }
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {
            "policyName": name,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": world.namespace}}},
        },
    }
    await world.kubectl(
        "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [policy, binding]})
    )

    async def is_denied() -> bool:
        try:
            await world.kubectl(
                *("create", "cronjob", "probe", "--image=x", "--schedule=30 9 * * *", "--dry-run=server")
            )
        except RuntimeError:
            return True
        return False

    await world.until("the policy is in force", is_denied)
    return name


@pytest.mark.parametrize("reason", ["Invalid", "Forbidden", "RequestEntityTooLarge"])
async def test_a_policy_that_denies_the_cronjob_leaves_it_in_place(world: World, reason: str) -> None:
    name = await _deny(world, reason=reason)
    try:
        async with world.operator():
            await world.apply()
            await world.make_ready()
            await world.apply(schedule="30 9 * * *")
            resource = await world.until_condition("Ready", "False", "Refused")
            assert "nothing runs at half past here" in condition(resource["status"], "Stalled")["message"]
            spec = (await world.get("cronjobs"))["spec"]
            assert (spec["schedule"], spec["suspend"]) == ("0 9 * * *", False)
    finally:
        await world.kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", name)


async def test_a_check_without_a_pod_says_what_may_forbid_it_and_a_new_spec_supersedes_it(world: World) -> None:
    async with world.operator():
        await world.apply(job={"priorityClassName": "misspelt"})
        await world.until_job("check")
        await world.until_status("the message", lambda status: "PriorityClass" in status.get("message", ""))
        await world.apply()
        second = await world.until_job("check", number=2)
        await world.finish(second["metadata"]["name"])
        await world.until_condition("Ready", "True", "Ready")

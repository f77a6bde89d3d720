"""Checks and the Pods of Jobs, where the cluster shows them in an unusual way, in a cluster in memory."""

import json
from datetime import timedelta

import pytest

from mogulsync.kube.objects import PODS
from mogulsync.resource.names import ANNOTATION_CHECK_REQUESTED_AT, ANNOTATION_SYNC_REQUESTED_AT
from mogulsync.resource.times import timestamp
from tests.support.fake_world import FakeWorld

MINUTE = timedelta(minutes=1)
CANNOT_START = {
    "exitCode": 128,
    "reason": "StartError",
    "startedAt": "1970-01-01T00:00:00Z",
    "message": 'exec: "mogulsync": executable file not found in $PATH',
}


def fail_to_start(world: FakeWorld) -> None:
    """End the last check as one whose image has no entry point: its Job tries again for some minutes."""
    check = world.names("check")[-1]
    world.now += timedelta(minutes=3)
    world.set_pod(check, {"terminated": CANNOT_START}, phase="Failed")
    world.set_job(check, failed=3)
    world.end(check, failed="BackoffLimitExceeded")


# --- containers that cannot be started ---


async def test_a_check_whose_container_cannot_be_started_is_followed_by_the_next_at_once() -> None:
    world = FakeWorld(job={"image": "no-entry-point:1"})
    await world.reconcile()
    for number in range(2, 5):
        fail_to_start(world)
        await world.reconcile()
        assert len(world.names("check")) == number
        assert world.condition("Ready") == ("Unknown", "Checking")
        assert "unansweredCount" not in world.status["lastCheck"]


async def test_a_check_whose_container_cannot_be_started_is_superseded_when_the_image_is_fixed() -> None:
    world = FakeWorld(job={"image": "no-entry-point:1"})
    await world.reconcile()
    fail_to_start(world)
    await world.reconcile()
    world.edit(job={"image": "right:1"})
    await world.reconcile(after=MINUTE)
    world.finish(world.names("check")[-1])
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")


async def test_a_container_that_cannot_be_started_says_nothing_of_the_secret() -> None:
    world = FakeWorld()
    await world.reconcile()
    world.hold(world.name("check"), "CreateContainerConfigError", 'secret "chartmogul" not found')
    await world.reconcile()
    fail_to_start(world)
    await world.reconcile()
    assert world.condition("Ready") == ("False", "SecretNotFound")


# --- requests ---


async def test_a_check_is_repeated_as_before_when_its_request_was_removed() -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(annotations={ANNOTATION_CHECK_REQUESTED_AT: "one"})
    await world.reconcile()
    world.finish(world.names("check")[-1], "Failed", "IntercomUnavailable")
    await world.reconcile()
    world.edit(annotations={})
    for number, minutes in enumerate((10, 20, 40), start=3):
        await world.reconcile(after=minutes * MINUTE)
        assert len(world.names("check")) == number
        assert world.condition("Ready") == ("True", "Ready")
        world.finish(world.names("check")[-1], "Failed", "IntercomUnavailable")
        await world.reconcile()
        assert world.status["lastCheck"]["unansweredCount"] == number - 1


async def test_a_request_is_acted_on_after_an_earlier_one_was_removed() -> None:
    world = FakeWorld()
    await world.make_ready()
    for number, value in enumerate(("one", "two"), start=2):
        world.edit(annotations={ANNOTATION_CHECK_REQUESTED_AT: value})
        await world.reconcile(after=MINUTE)
        assert len(world.names("check")) == number
        world.finish(world.names("check")[-1])
        await world.reconcile()
        world.edit(annotations={})
        await world.reconcile(after=MINUTE)
        assert len(world.names("check")) == number


# --- evictions ---


def evict_the_first_pod(world: FakeWorld, job: str) -> None:
    """Let the kubelet evict a Job's Pod; by the pod failure policy the Job does not count it as failed."""
    world.set_pod(
        job,
        {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}},
        phase="Failed",
        name="first",
        reason="Evicted",
        conditions=[{"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}],
    )
    world.now += MINUTE


def fail_the_second_pod(world: FakeWorld, job: str) -> None:
    """End a Job by its second Pod, whose worker's credentials are rejected."""
    report = {"version": 1, "outcome": "Failed", "reason": "CredentialsRejected", "message": "401"}
    ended = {"exitCode": 4, "reason": "Error", "startedAt": timestamp(world.now), "message": json.dumps(report)}
    world.set_pod(job, {"terminated": ended}, phase="Failed", name="second")
    world.set_job(job, failed=1)
    world.end(job, failed="PodFailurePolicy")


@pytest.mark.parametrize("last_seen", ["nothing", "running"])
async def test_the_report_after_an_eviction_is_read_though_the_watch_of_pods_is_behind(last_seen: str) -> None:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.make_ready()
    run = world.name("manual")
    evict_the_first_pod(world, run)
    if last_seen == "running":
        world.set_pod(run, {"running": {}}, phase="Running", name="second")
    await world.reconcile()
    world.behind = {PODS}
    fail_the_second_pod(world, run)
    await world.reconcile()
    assert world.condition("Synced") == ("False", "CredentialsRejected")
    assert world.condition("Ready") == ("False", "CredentialsRejected")


async def test_the_answer_of_a_check_after_an_eviction_is_read_though_the_watch_of_pods_is_behind() -> None:
    world = FakeWorld()
    await world.reconcile()
    check = world.name("check")
    evict_the_first_pod(world, check)
    await world.reconcile()
    world.behind = {PODS}
    fail_the_second_pod(world, check)
    await world.reconcile()
    assert world.condition("Ready") == ("False", "CredentialsRejected")
    assert world.names("check") == [check]


# --- times in the future ---


async def test_a_check_whose_job_ended_in_the_future_is_repeated_as_if_it_had_ended_now() -> None:
    world = FakeWorld()
    await world.reconcile()
    check = world.name("check")
    world.finish(check, "Failed", "IntercomUnavailable", completionTime="2030-01-01T00:00:00Z")
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": ""}
    world.set_job(check, failed=3, conditions=[failed | {"lastTransitionTime": "2030-01-01T00:00:00Z"}])
    await world.reconcile()
    last = (await world.reconcile())["lastCheck"]
    assert last["completionTime"] == timestamp(world.now)
    assert last["nextCheckTime"] == timestamp(world.now + 10 * MINUTE)
    writes = len(world.client.writes)
    await world.reconcile(after=9 * MINUTE)
    assert (world.names("check"), len(world.client.writes)) == ([check], writes)
    await world.reconcile(after=MINUTE)
    assert len(world.names("check")) == 2
    world.finish(world.names("check")[-1], "Failed", "IntercomUnavailable")
    assert (await world.reconcile())["lastCheck"]["unansweredCount"] == 2


# --- waits ---


async def test_a_container_that_is_being_created_for_long_says_so_in_ready() -> None:
    world = FakeWorld()
    await world.reconcile()
    world.hold(world.name("check"), "ContainerCreating", "")
    await world.reconcile()
    assert "ContainerCreating" not in world.message("Ready")
    assert world.requeue_after == pytest.approx(60.5)
    await world.reconcile(after=MINUTE)
    assert "it waits: its container is still being created (ContainerCreating)" in world.message("Ready")
    writes = len(world.client.writes)
    await world.reconcile(after=MINUTE)
    assert len(world.client.writes) == writes


async def test_a_config_map_that_is_missing_is_no_missing_secret() -> None:
    world = FakeWorld()
    await world.reconcile()
    world.hold(world.name("check"), "CreateContainerConfigError", 'configmap "secret-settings" not found')
    await world.reconcile()
    assert world.condition("Ready") == ("Unknown", "Checking")
    assert 'configmap "secret-settings" not found' in world.message("Ready")

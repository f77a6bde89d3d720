"""A run is recorded once, whatever clocks and Jobs say of its times."""

import json
from datetime import timedelta

import pytest

from mogulsync.kube.objects import CRONJOBS, JOBS
from mogulsync.resource.names import ANNOTATION_PREVIEW_REQUESTED_AT, ANNOTATION_SYNC_REQUESTED_AT
from mogulsync.resource.times import timestamp
from tests.support.fake_world import KEY, FakeWorld

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def _requested_run() -> tuple[FakeWorld, str]:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.make_ready()
    return world, world.name("manual")


def _end_pod(world: FakeWorld, run: str, *, start: str, completion: str) -> None:
    times = {"startTime": start, "completionTime": completion}
    report = {"version": 1, "outcome": "Failed", "reason": "Interrupted", "message": "stopped"} | times
    terminated = {"exitCode": 5, "reason": "Error", "startedAt": start, "message": json.dumps(report)}
    world.set_pod(run, {"terminated": terminated}, phase="Failed")


async def _assert_recorded_once(world: FakeWorld, run: str) -> None:
    for _ in range(3):
        status = await world.reconcile(after=MINUTE)
        assert [entry["job"] for entry in status["history"]] == [run]
        assert status["consecutiveFailures"] == 1
    count = len(world.client.writes)
    await world.reconcile(after=MINUTE)
    assert len(world.client.writes) == count


async def test_a_run_that_was_suspended_and_resumed_after_its_pod_had_ended() -> None:
    world, run = await _requested_run()
    _end_pod(world, run, start=timestamp(world.now), completion=timestamp(world.now + MINUTE))
    world.now += 2 * HOUR
    resumed = timestamp(world.now)
    world.now += 6 * HOUR
    world.end(run, failed="DeadlineExceeded")
    world.set_job(run, startTime=resumed, failed=1)
    await _assert_recorded_once(world, run)


async def test_a_run_on_a_node_whose_clock_is_behind_of_a_job_that_began_late() -> None:
    world, run = await _requested_run()
    world.now += 10 * MINUTE
    began, node = timestamp(world.now), world.now - 5 * MINUTE
    _end_pod(world, run, start=timestamp(node), completion=timestamp(node + MINUTE))
    world.now += MINUTE
    world.end(run, failed="BackoffLimitExceeded")
    world.set_job(run, startTime=began, failed=1)
    await _assert_recorded_once(world, run)


@pytest.mark.parametrize("behind", [2 * HOUR, 30 * HOUR])
async def test_a_run_seen_by_an_operator_whose_clock_is_behind(
    behind: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, run = await _requested_run()
    monkeypatch.setattr(world.reconciler, "_clock", lambda: world.now - behind)
    world.finish(run, "Failed", "IntercomUnavailable")
    await _assert_recorded_once(world, run)


async def test_a_run_whose_jobs_times_are_a_day_ahead() -> None:
    world, run = await _requested_run()
    world.finish(run, "Failed", message="")
    ahead = timestamp(world.now + 24 * HOUR)
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": ahead}
    world.set_job(run, startTime=ahead, conditions=[condition])
    await _assert_recorded_once(world, run)


async def test_a_preview_that_was_resumed_after_its_pod_had_ended() -> None:
    world = FakeWorld(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: "one"})
    await world.make_ready()
    preview = world.name("preview")
    _end_pod(world, preview, start=timestamp(world.now), completion=timestamp(world.now + MINUTE))
    world.now += 2 * HOUR
    world.end(preview, failed="DeadlineExceeded")
    world.set_job(preview, startTime=timestamp(world.now), failed=1)
    status = await world.reconcile(after=MINUTE)
    assert status["lastPreview"]["job"] == preview
    count = len(world.client.writes)
    await world.reconcile(after=MINUTE)
    assert len(world.client.writes) == count


async def test_a_run_whose_cronjob_was_deleted_without_it() -> None:
    """`kubectl delete cronjob --cascade=orphan` takes the owner from the run that is under way."""
    world = FakeWorld()
    await world.make_ready()
    run = world.add_scheduled_job("production-29384720")
    await world.reconcile()
    world.client.delete(CRONJOBS, KEY)
    world.client.put(JOBS, run | {"metadata": {**run["metadata"], "ownerReferences": []}})
    world.edit(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.reconcile(after=MINUTE)
    assert world.cronjob["metadata"]["ownerReferences"]
    assert world.names("manual") == []  # it waits for the run under way
    world.finish("production-29384720", "Failed", "CredentialsRejected")
    status = await world.reconcile(after=MINUTE)
    assert status["lastSync"]["job"] == "production-29384720"
    assert world.condition("Ready") == ("False", "CredentialsRejected")

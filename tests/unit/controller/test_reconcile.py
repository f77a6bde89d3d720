"""What a destination's reconciles come to, step by step, in a cluster in memory."""

from datetime import timedelta
from typing import Any

import pytest

from mogulsync.controller.children import claimed_fields
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.client import StatusError
from mogulsync.kube.objects import CRONJOBS, JOBS, PODS
from mogulsync.resource.names import (
    ANNOTATION_CHECK_REQUESTED_AT,
    ANNOTATION_PREVIEW_REQUESTED_AT,
    ANNOTATION_SYNC_REQUESTED_AT,
)
from mogulsync.resource.times import timestamp
from tests.support.fake_world import KEY, START, FakeWorld

BY_HAND = {"cronjob.kubernetes.io/instantiate": "manual"}


def answer(status: int, message: str, *, fields: tuple[str, ...] = (), reason: str = "") -> StatusError:
    return StatusError("PATCH /x", message, status=status, reason=reason, fields=fields)


HOOK_DOWN = answer(500, 'Internal error occurred: failed calling webhook "policy.example.com": connection refused')


async def test_a_new_destination_gets_a_cronjob_and_a_check_and_is_ready_when_it_passes() -> None:
    world = FakeWorld()
    await world.reconcile()
    assert world.condition("Ready") == ("Unknown", "Checking")
    assert world.condition("Reconciling") == ("True", "Checking")
    (check,) = world.names("check")
    world.finish(check)
    status = await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")
    assert (status["cronJob"], status["nextSyncTime"]) == ("production", "2026-11-24T08:00:00Z")
    assert status["workspace"]["name"] == "Example"


async def test_a_reconcile_that_finds_nothing_new_writes_nothing() -> None:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one", ANNOTATION_PREVIEW_REQUESTED_AT: "one"})
    await world.make_ready()
    world.finish(world.name("manual"))
    world.finish(world.name("preview"))
    await world.reconcile()
    count = len(world.client.writes)
    await world.reconcile(after=timedelta(seconds=1))
    world.restart()
    await world.reconcile(after=timedelta(seconds=1))
    assert len(world.client.writes) == count


# --- checks ---


async def test_a_check_that_cannot_start_is_superseded_when_the_spec_is_fixed() -> None:
    world = FakeWorld(job={"image": "misspelt:1"})
    await world.reconcile()
    (first,) = world.names("check")
    world.hold(first, "ImagePullBackOff", "Back-off pulling image misspelt:1")
    await world.reconcile()
    assert "ImagePullBackOff" in world.message("Ready")
    world.edit(job={"image": "right:1"})
    await world.reconcile()
    assert len(world.names("check")) == 2
    world.finish(world.names("check")[1])
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")


async def test_a_check_that_cannot_start_is_superseded_by_the_operators_new_image() -> None:
    world = FakeWorld(image="broken:1")
    await world.reconcile()
    world.hold(world.name("check"), "ErrImagePull", "not found")
    world.restart(image="right:1")
    await world.reconcile()
    assert len(world.names("check")) == 2


async def test_a_settled_check_is_not_repeated_for_an_image() -> None:
    world = FakeWorld()
    await world.make_ready()
    world.restart(image="newer:2")
    world.edit(job={"image": "newest:3"})
    await world.reconcile()
    assert len(world.names("check")) == 1
    assert world.condition("Ready") == ("True", "Ready")


async def test_a_check_whose_container_never_started_is_followed_by_the_next_at_once() -> None:
    world = FakeWorld()
    await world.reconcile()
    for number in range(1, 4):
        check = world.names("check")[-1]
        world.hold(check, "CreateContainerConfigError", 'secret "chartmogul" not found')
        await world.reconcile()
        assert world.condition("Ready") == ("False", "SecretNotFound")
        assert world.condition("Stalled") is None
        world.now += timedelta(minutes=10)
        world.end(check, failed="DeadlineExceeded")
        await world.reconcile()
        assert len(world.names("check")) == number + 1
        assert world.condition("Ready") == ("False", "SecretNotFound")
    world.finish(world.names("check")[-1])
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")


@pytest.mark.parametrize(
    ("container", "count"),
    [({}, 3), ({"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}, 2)],
)
async def test_a_check_whose_pods_no_node_admits_is_followed_by_the_next_at_once(container: Any, count: int) -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(annotations={ANNOTATION_CHECK_REQUESTED_AT: "again"})
    await world.reconcile()
    check = world.names("check")[-1]
    world.set_pod(check, container, phase="Failed", reason="OutOfcpu", message="Node didn't have enough resource: cpu")
    world.end(check, failed="BackoffLimitExceeded")
    await world.reconcile()
    assert len(world.names("check")) == count


async def _check_without_a_secret() -> tuple[FakeWorld, str]:
    """Return a world whose check waits for a Secret, and its Job's name."""
    world = FakeWorld()
    await world.reconcile()
    check = world.name("check")
    world.hold(check, "CreateContainerConfigError", 'secret "chartmogul" not found')
    await world.reconcile()
    assert world.condition("Ready") == ("False", "SecretNotFound")
    return world, check


async def test_an_exit_code_of_the_worker_shows_that_its_secret_was_there() -> None:
    world, check = await _check_without_a_secret()
    report = '{"outcome": "Failed", "reason": "CredentialsRejected"}'
    world.set_pod(check, {"terminated": {"exitCode": 4, "reason": "Error", "message": report}}, phase="Failed")
    world.end(check, failed="PodFailurePolicy")
    await world.reconcile()
    assert world.condition("Ready") == ("False", "CredentialsRejected")


async def test_a_run_that_passes_settles_a_check_that_cannot_start() -> None:
    world = FakeWorld()
    await world.reconcile()
    world.add_scheduled_job("production-1")
    world.finish("production-1")
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")
    assert world.condition("Synced") == ("True", "Succeeded")


async def test_checks_that_never_start_do_not_undo_what_a_run_of_the_present_spec_has_shown() -> None:
    world = FakeWorld()
    await world.reconcile()
    world.add_scheduled_job("production-1")
    world.finish("production-1")
    for number in range(1, 4):
        check = world.names("check")[-1]
        world.hold(check, "ImagePullBackOff", "the registry is away")
        await world.reconcile(after=timedelta(minutes=9))
        assert world.condition("Ready") == ("True", "Ready")
        world.end(check, failed="DeadlineExceeded")
        await world.reconcile()
        assert len(world.names("check")) == number + 1
        assert world.condition("Ready") == ("True", "Ready")


async def test_checks_that_never_start_say_nothing_of_a_new_secret() -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(intercom=world.destination["spec"]["intercom"] | {"oauthSecretRef": {"name": "new", "key": "token"}})
    for _ in range(3):
        await world.reconcile()
        check = world.names("check")[-1]
        world.hold(check, "ImagePullBackOff", "the registry is away")
        await world.reconcile(after=timedelta(minutes=10))
        assert world.condition("Ready") == ("Unknown", "Checking")
        world.end(check, failed="DeadlineExceeded")


async def test_a_job_without_a_pod_says_so_after_a_while() -> None:
    world = FakeWorld()
    await world.reconcile()
    assert "no Pod" not in world.message("Ready")
    assert world.requeue_after == pytest.approx(10.5)
    await world.reconcile(after=timedelta(seconds=11))
    assert "no Pod" in world.message("Ready")
    assert "quota" in world.message("Ready")


async def test_a_pod_that_got_its_secret_is_seen_though_the_watch_of_pods_is_behind() -> None:
    world, check = await _check_without_a_secret()
    world.behind = {PODS}
    world.finish(check)
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")
    assert world.names("check") == [check]


async def test_checks_without_an_answer_come_ever_later_and_leave_ready_as_the_evidence_says() -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(annotations={ANNOTATION_CHECK_REQUESTED_AT: "again"})
    await world.reconcile()
    assert world.condition("Ready") == ("Unknown", "Checking")
    for number, minutes in enumerate((10, 20, 40), start=2):
        world.finish(world.names("check")[-1], "Failed", "IntercomUnavailable")
        await world.reconcile()
        assert world.condition("Ready") == ("True", "Ready")
        await world.reconcile(after=timedelta(minutes=minutes - 1))
        assert len(world.names("check")) == number
        await world.reconcile(after=timedelta(minutes=1))
        assert len(world.names("check")) == number + 1
        assert world.condition("Ready") == ("True", "Ready")


async def test_checks_without_an_answer_do_not_pile_up_over_hours() -> None:
    world = FakeWorld()
    await world.reconcile()
    for _ in range(77):
        (*_, check) = world.names("check")
        if not any(job["metadata"]["name"] == check and job.get("status") for job in world.jobs("check")):
            world.finish(check, "Failed", "IntercomUnavailable")
        await world.reconcile(after=timedelta(minutes=1))
    assert len(world.names("check")) <= 4
    assert world.condition("Ready") == ("Unknown", "Checking")


async def test_a_run_that_passes_ends_the_repetition_of_checks_without_an_answer() -> None:
    world = FakeWorld()
    await world.reconcile()
    world.finish(world.name("check"), "Failed", "IntercomUnavailable")
    await world.reconcile()
    assert "IntercomUnavailable" in world.message("Ready")
    again = world.status["lastCheck"]["nextCheckTime"]
    assert world.message("Ready").startswith(f"The last check reached no answer; the next is made at {again}: ")
    world.add_scheduled_job("production-1")
    world.finish("production-1")
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")
    await world.reconcile(after=timedelta(hours=1))
    assert len(world.names("check")) == 1


# --- requests ---


@pytest.mark.parametrize(
    ("annotation", "echo", "trigger"),
    [
        (ANNOTATION_SYNC_REQUESTED_AT, "lastHandledSyncRequest", "manual"),
        (ANNOTATION_PREVIEW_REQUESTED_AT, "lastHandledPreviewRequest", "preview"),
        (ANNOTATION_CHECK_REQUESTED_AT, "lastHandledCheckRequest", "check"),
    ],
)
async def test_a_request_from_before_the_resource_is_echoed_and_not_acted_on(
    annotation: str, echo: str, trigger: str
) -> None:
    old = timestamp(START - timedelta(days=3))
    world = FakeWorld(annotations={annotation: old}, suspend=True)
    status = await world.reconcile()
    assert status[echo] == old
    assert len(world.jobs(trigger)) == (1 if trigger == "check" else 0)
    assert world.events.count("StaleRequest") == 1
    await world.reconcile()
    assert world.events.count("StaleRequest") == 1
    assert len(world.jobs("check")) == 1


@pytest.mark.parametrize(
    ("annotation", "echo", "trigger"),
    [
        (ANNOTATION_SYNC_REQUESTED_AT, "lastHandledSyncRequest", "manual"),
        (ANNOTATION_PREVIEW_REQUESTED_AT, "lastHandledPreviewRequest", "preview"),
        (ANNOTATION_CHECK_REQUESTED_AT, "lastHandledCheckRequest", "check"),
    ],
)
async def test_a_request_whose_job_ended_before_the_status_could_be_written_is_echoed(
    annotation: str, echo: str, trigger: str
) -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(annotations={annotation: "one"})
    world.refuse_status(answer(500, "etcdserver: leader changed"))
    before = set(world.names(trigger))
    await world.try_reconcile()
    (made,) = set(world.names(trigger)) - before
    world.finish(made)
    world.refuse_status(None)
    world.restart()
    status = await world.reconcile()
    assert status[echo] == "one"
    assert len(world.names(trigger)) == len(before) + 1


@pytest.mark.parametrize(
    "value",
    ["one", timestamp(START - timedelta(minutes=4)), "2026-11-24", "99999999", "0001-01-01", "2026-13-40T00:00:00Z"],
)
async def test_every_other_request_is_acted_on(value: str) -> None:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: value})
    status = await world.reconcile()
    assert status["lastHandledSyncRequest"] == value
    assert len(world.jobs("manual")) == 1


async def test_a_preview_reports_beside_the_runs() -> None:
    world = FakeWorld(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: "one"}, suspend=True)
    await world.make_ready()
    (job,) = world.names("preview")
    world.finish(job, dryRun=True, novelty=[1])
    status = await world.reconcile()
    assert (status["lastPreview"]["job"], status["lastPreview"]["dryRun"]) == (job, True)
    assert status["lastPreview"]["novelty"] == [1]
    assert not {"history", "lastSync", "lastSyncTime", "lastSuccessfulSyncTime"} & set(status)
    assert world.condition("Synced") == ("Unknown", "NoRunYet")


async def test_previews_run_one_at_a_time_beside_a_run_and_the_last_of_several_requests_counts() -> None:
    world = FakeWorld(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: "one", ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.reconcile()
    assert (len(world.jobs("preview")), len(world.jobs("manual"))) == (1, 1)
    for value in ("two", "three"):
        world.edit(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: value})
        status = await world.reconcile()
        assert status["lastHandledPreviewRequest"] == "one"
    world.finish(world.name("preview"), "Failed", "CredentialsRejected")
    status = await world.reconcile()
    assert status["lastHandledPreviewRequest"] == "three"
    assert len(world.jobs("preview")) == 2
    assert world.condition("Ready") == ("False", "CredentialsRejected")


async def test_a_value_used_before_is_new_once_its_job_is_gone() -> None:
    world = FakeWorld()
    await world.make_ready()
    for value in ("one", "two", "one"):
        world.edit(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: value})
        status = await world.reconcile(after=timedelta(minutes=1))
        assert status["lastHandledPreviewRequest"] == value
        assert len(world.jobs("preview")) == (1 if value == "one" and not status.get("lastPreview") else 2)
        world.finish(world.names("preview")[-1], message="{}" if value == "two" else None)
        status = await world.reconcile()
    (first, _) = world.names("preview")
    world.delete_job(first)
    world.edit(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: "two"})
    await world.reconcile()
    world.edit(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: "one"})
    await world.reconcile()
    assert first in world.names("preview")
    world.finish(first)
    status = await world.reconcile()
    assert (status["lastPreview"]["job"], status["lastPreview"]["completionTime"]) == (first, timestamp(world.now))


async def test_a_preview_that_would_trip_the_guard_proves_the_credentials() -> None:
    world = FakeWorld(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: "one"})
    await world.reconcile()
    world.finish(world.name("preview"), "Failed", "GuardTripped")
    status = await world.reconcile()
    assert status["lastPreview"]["reason"] == "GuardTripped"
    assert world.condition("Ready") == ("True", "Ready")


# --- runs ---


@pytest.mark.parametrize(
    ("metadata", "is_run"),
    [
        ({"annotations": BY_HAND}, True),
        ({}, False),
        ({"annotations": BY_HAND, "ownerReferences": [{"uid": "another's"}]}, False),
        ({"annotations": BY_HAND, "creationTimestamp": timestamp(START - timedelta(hours=1))}, False),
    ],
)
async def test_a_consoles_job_without_an_owner_is_a_run(metadata: dict[str, Any], *, is_run: bool) -> None:
    world = FakeWorld()
    await world.make_ready()
    world.add_job("by-hand", **metadata)
    world.finish("by-hand")
    status = await world.reconcile()
    assert [entry["job"] for entry in status.get("history") or ()] == (["by-hand"] if is_run else [])


async def test_a_consoles_run_that_trips_the_guard_stalls_until_a_new_generation() -> None:
    world = FakeWorld()
    await world.make_ready()
    world.add_job("by-hand", annotations=BY_HAND)
    world.finish("by-hand", "Failed", "GuardTripped")
    await world.reconcile()
    assert world.condition("Ready") == ("False", "GuardTripped")
    assert world.condition("Stalled") == ("True", "GuardTripped")
    world.edit(maxChangedPercent=50)
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")


@pytest.mark.parametrize(
    ("hindrance", "overdue"),
    [
        ({}, "False"),
        ({"conditions": [{"type": "Suspended", "status": "True"}]}, "True"),
    ],
)
async def test_a_suspended_run_is_no_run_under_way(hindrance: dict[str, Any], overdue: str) -> None:
    world = FakeWorld()
    await world.make_ready()
    world.now = START + timedelta(hours=1)
    world.add_scheduled_job("production-1")
    world.set_job("production-1", **hindrance)
    await world.reconcile(after=timedelta(hours=2))
    assert (world.condition("Overdue") or ("",))[0] == overdue


async def test_a_run_that_hangs_in_deletion_is_no_run_under_way() -> None:
    world = FakeWorld()
    await world.make_ready()
    job = world.add_scheduled_job("production-1")
    job["metadata"] |= {"deletionTimestamp": timestamp(START), "finalizers": ["example.com/hold"]}
    world.client.put(JOBS, job)
    await world.reconcile(after=timedelta(hours=3))
    assert world.condition("Overdue") == ("True", "RunMissed")


async def test_success_that_only_the_cronjob_saw_is_no_silence() -> None:
    world = FakeWorld()
    await world.make_ready()
    stored = world.destination
    stored["status"]["lastSuccessfulSyncStartTime"] = timestamp(START - timedelta(days=1))
    world.client.put(DESTINATIONS, stored)
    cronjob = world.cronjob
    cronjob["status"] = {"lastSuccessfulTime": timestamp(START + timedelta(hours=1, minutes=2))}
    world.client.put(CRONJOBS, cronjob)
    await world.reconcile(after=timedelta(hours=3))
    assert world.condition("Overdue") == ("False", "OnTime")


async def test_a_pod_that_no_watch_has_shown_when_its_job_has_ended_is_asked_for() -> None:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.make_ready()
    world.finish(world.name("manual"))
    world.cache.clear(PODS, None)
    status = await world.reconcile()
    assert (status["lastSync"]["reason"], status["lastSync"]["customers"]["matched"]) == ("Succeeded", 8)


async def test_a_report_dated_tomorrow_does_not_outrank_the_truth_of_today() -> None:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.make_ready()
    tomorrow = timestamp(START + timedelta(days=1))
    world.finish(world.name("manual"), "Failed", "CredentialsRejected", startTime=tomorrow, completionTime=tomorrow)
    await world.reconcile()
    assert world.condition("Ready") == ("False", "CredentialsRejected")
    world.edit(annotations={ANNOTATION_SYNC_REQUESTED_AT: "two"})
    await world.reconcile()
    world.finish(world.names("manual")[1])
    status = await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")
    assert status["lastSyncTime"] == timestamp(world.now)


async def test_times_of_tomorrow_that_an_earlier_version_stored_do_not_outrank_the_truth_of_today() -> None:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.make_ready()
    tomorrow = timestamp(START + timedelta(days=1))
    stored = world.destination
    times = {"startTime": tomorrow, "completionTime": tomorrow}
    stored["status"] |= {
        "evidence": {"job": "old", "reason": "CredentialsRejected", "generation": 3, "completionTime": tomorrow},
        "history": [{"job": "old", "trigger": "schedule", "outcome": "Failed", **times}],
        "lastSync": {"job": "old", "outcome": "Failed", "reason": "CredentialsRejected", **times},
        "lastSyncTime": tomorrow,
        "lastSuccessfulSyncTime": tomorrow,
        "lastSuccessfulSyncStartTime": tomorrow,
    }
    world.client.put(DESTINATIONS, stored)
    await world.reconcile()
    assert world.condition("Ready") == ("False", "CredentialsRejected")
    world.finish(world.name("manual"))
    status = await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")
    assert world.condition("Synced") == ("True", "Succeeded")
    assert status["lastSyncTime"] == status["lastSuccessfulSyncTime"] == timestamp(world.now)
    await world.reconcile(after=timedelta(hours=3))
    assert world.condition("Overdue") == ("True", "RunMissed")


# --- refusals ---


async def test_a_webhook_that_is_down_does_not_keep_runs_out_of_the_status() -> None:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.make_ready()
    world.edit(schedule="30 9 * * *")
    world.refuse(CRONJOBS, HOOK_DOWN)
    world.finish(world.name("manual"))
    status = await world.try_reconcile(times=3)
    assert status["lastSync"]["outcome"] == "Succeeded"
    assert world.condition("Synced") == ("True", "Succeeded")
    assert world.condition("Ready") == ("Unknown", "RequestFailed")
    assert "policy.example.com" in world.message("Reconciling")
    assert "RequestFailed" in world.events
    assert world.cronjob["spec"]["suspend"] is False
    count = len(world.client.writes)
    await world.try_reconcile(times=3)
    assert [write.resource for write in world.client.writes[count:]] == [CRONJOBS] * 3
    world.refuse(CRONJOBS, None)
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")


@pytest.mark.parametrize("kind", [CRONJOBS, JOBS])
async def test_a_new_destination_says_which_webhook_is_down(kind: Any) -> None:
    world = FakeWorld()
    world.refuse(kind, HOOK_DOWN)
    await world.try_reconcile(times=2)
    assert world.condition("Ready") == ("Unknown", "RequestFailed")
    assert world.condition("Reconciling") == ("True", "RequestFailed")
    assert "RequestFailed" in world.events


async def test_a_webhook_that_takes_all_the_time_does_not_keep_the_status_back() -> None:
    world = FakeWorld()
    world.refuse(CRONJOBS, StatusError("PATCH /apis/batch/v1/namespaces/crm/cronjobs/production", "no answer"))
    await world.try_reconcile()
    assert world.condition("Ready") == ("Unknown", "RequestFailed")
    assert "cronjobs/production: no answer" in world.message("Reconciling")


async def test_a_single_failure_changes_nothing_in_the_status() -> None:
    world = FakeWorld()
    await world.make_ready()
    before = world.status
    world.edit(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    world.refuse(JOBS, answer(500, "etcdserver: leader changed"))
    assert await world.try_reconcile() == before
    world.refuse(JOBS, None)
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Ready")
    assert "RequestFailed" not in world.events


INVALID = 'CronJob.batch "production" is invalid: spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone'
POLICY = "cronjobs.batch \"production\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
HOOK = 'admission webhook "p.example.com" denied the request: spec.schedule is too early'


@pytest.mark.parametrize(
    ("error", "reason", "suspended"),
    [
        (answer(422, INVALID, fields=("spec.timeZone",), reason="Invalid"), "InvalidSchedule", True),
        (
            answer(422, 'CronJob.batch "production" is invalid: spec.x', fields=("spec.jobTemplate.spec.x",)),
            "InvalidJob",
            True,
        ),
        (answer(500, "failed to create typed patch object (crm/production; batch/v1): .x"), "InvalidJob", True),
        (
            answer(400, "CronJob in version v1 cannot be handled as a CronJob: json: cannot unmarshal"),
            "InvalidJob",
            True,
        ),
        (answer(422, POLICY, reason="Invalid"), "Refused", False),
        (answer(422, HOOK, fields=("spec.schedule",), reason="Invalid"), "Refused", False),
        (answer(400, HOOK), "Refused", False),
        (answer(500, HOOK), "Refused", False),
        (answer(403, HOOK), "Refused", False),
        (answer(403, "exceeded quota: crm, requested: count/cronjobs.batch=1"), "Refused", False),
        (answer(413, "Request entity too large: limit is 3145728"), "Refused", False),
        (answer(451, 'admission webhook "x" denied the request without explanation'), "Refused", False),
    ],
)
async def test_what_is_denied_leaves_the_cronjob_and_what_is_invalid_suspends_it(
    error: StatusError, reason: str, *, suspended: bool
) -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(schedule="30 9 * * *")

    world.client.fault = lambda write: error if write.method == "apply" else None
    await world.try_reconcile(times=2)
    assert world.condition("Ready") == ("False", reason)
    assert world.condition("Stalled") == ("True", reason)
    assert (world.cronjob["spec"]["schedule"], world.cronjob["spec"]["suspend"]) == ("0 9 * * *", suspended)
    assert ("nextSyncTime" in world.status) == (not suspended)
    count = len(world.client.writes)
    await world.reconcile(after=timedelta(minutes=1))
    assert len(world.client.writes) == count
    await world.reconcile(after=timedelta(minutes=10))
    assert len(world.client.writes) == count + 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"fields": [{"source": "MRR", "attribute": "email"}]},
            (
                "spec.fields: the attribute email is one that contacts are matched by, and a sync would overwrite it; "
                "send the source to another attribute"
            ),
        ),
        (
            {"job": {"env": [{"name": "INTERCOM_ACCESS_TOKEN", "value": "a secret"}]}},
            "spec.job.env: the operator sets INTERCOM_ACCESS_TOKEN itself; use apiKeySecretRef and oauthSecretRef",
        ),
        ({"emptyValues": "Later"}, "This operator does not understand spec.emptyValues; upgrade it, or remove that."),
        (
            {"later": 1, "maxChangedPercent": 0},
            (
                "This operator does not understand spec.later; upgrade it, or remove that. "
                "spec.maxChangedPercent: 0: input should be greater than or equal to 1"
            ),
        ),
    ],
    ids=["a rule since", "a secret", "a newer choice", "both"],
)
async def test_a_stored_spec_that_is_not_valid_any_more_stalls_with_what_is_wrong_and_the_fix(
    spec: dict[str, Any], message: str
) -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(**spec)
    await world.reconcile()
    assert world.condition("Ready") == ("False", "InvalidDestination")
    assert world.condition("Stalled") == ("True", "InvalidDestination")
    assert world.message("Ready") == message
    assert len(world.client.objects(CRONJOBS)) == 1


async def test_conditions_of_others_stay() -> None:
    world = FakeWorld()
    await world.make_ready()
    stored = world.destination
    other = {
        "type": "example.com/Audited",
        "status": "True",
        "reason": "Audited",
        "message": "",
        "lastTransitionTime": timestamp(START),
    }
    stored["status"]["conditions"].append(other)
    world.client.put(DESTINATIONS, stored)
    world.edit(suspend=True)
    status = await world.reconcile()
    assert world.condition("Ready") == ("True", "Suspended")
    assert other in status["conditions"]


async def test_a_name_that_is_free_again_is_taken() -> None:
    world = FakeWorld()
    world.client.put(
        CRONJOBS, {"metadata": {"name": "production", "namespace": "crm"}, "spec": {"schedule": "1 1 * * *"}}
    )
    await world.reconcile()
    assert world.condition("Ready") == ("False", "NameConflict")
    assert world.requeue_after is not None
    assert world.requeue_after < 16
    world.client.delete(CRONJOBS, KEY)
    await world.reconcile()
    assert world.status["cronJob"] == "production"


def orphan(world: FakeWorld, **metadata: Any) -> None:
    """Leave the CronJob without an owner, as a backup or --cascade=orphan does."""
    stored = world.cronjob
    stored["metadata"] = {
        key: value for key, value in stored["metadata"].items() if key != "ownerReferences"
    } | metadata
    world.client.put(CRONJOBS, stored)


async def test_an_orphan_of_ours_is_adopted() -> None:
    world = FakeWorld()
    await world.make_ready()
    orphan(world)
    await world.reconcile()
    (owner,) = world.cronjob["metadata"]["ownerReferences"]
    assert owner["uid"] == world.destination["metadata"]["uid"]
    assert world.condition("Ready") == ("True", "Ready")


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {}},
        {"labels": {"mogulsync.dev/destination": "another"}},
        {"ownerReferences": [{"kind": "HelmRelease", "apiVersion": "x/v1", "name": "x", "uid": "x"}]},
    ],
)
async def test_what_is_another_s_or_not_surely_ours_is_not_adopted(metadata: dict[str, Any]) -> None:
    world = FakeWorld()
    await world.make_ready()
    orphan(world, **metadata)
    count = len(world.client.writes)
    await world.reconcile()
    assert world.condition("Ready") == ("False", "NameConflict")
    assert not [write for write in world.client.writes[count:] if write.resource == CRONJOBS]


@pytest.mark.parametrize(
    "metadata",
    [
        {
            "ownerReferences": [
                {
                    "apiVersion": "mogulsync.dev/v1alpha1",
                    "kind": "IntercomDestination",
                    "name": "production",
                    "uid": "of the one before",
                }
            ]
        },
        {"deletionTimestamp": timestamp(START), "finalizers": ["foregroundDeletion"]},
    ],
    ids=["its owner is gone", "it is being deleted"],
)
async def test_a_cronjob_that_kubernetes_is_about_to_remove_is_waited_for(metadata: dict[str, Any]) -> None:
    world = FakeWorld()
    await world.make_ready()
    orphan(world, **metadata)
    count = len(world.client.writes)
    await world.reconcile()
    assert world.condition("Ready") == ("Unknown", "Replacing")
    assert world.condition("Stalled") is None
    assert world.requeue_after is not None
    assert world.requeue_after < 2
    assert not [write for write in world.client.writes[count:] if write.resource == CRONJOBS]
    world.client.delete(CRONJOBS, KEY)
    await world.reconcile()
    (owner,) = world.cronjob["metadata"]["ownerReferences"]
    assert owner["uid"] == world.destination["metadata"]["uid"]
    assert world.condition("Ready") == ("True", "Ready")


async def test_where_the_cluster_forbids_adopting_the_message_has_the_command() -> None:
    world = FakeWorld()
    await world.make_ready()
    orphan(world)
    forbidden = answer(
        403, 'cronjobs.batch "production" is forbidden: cannot set an ownerRef on a resource you can\'t delete'
    )
    world.client.fault = lambda write: forbidden if write.method == "apply" else None
    await world.try_reconcile(times=2)
    assert world.condition("Ready") == ("False", "Refused")
    assert "kubectl delete cronjob production -n crm" in world.message("Ready")


def test_claiming_leaves_to_others_what_is_not_spec() -> None:
    entries = [
        {
            "manager": "velero",
            "operation": "Update",
            "fieldsV1": {"f:spec": {"f:x": {}}, "f:metadata": {"f:labels": {}}},
        },
        {"manager": "mogulsync", "operation": "Apply", "fieldsV1": {"f:spec": {"f:y": {}}, "f:metadata": {".": {}}}},
        {"manager": "controller", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
    ]
    velero, controller, ours = claimed_fields(entries, now="now")
    assert velero["fieldsV1"] == {"f:metadata": {"f:labels": {}}}
    assert controller == entries[2]
    assert ours["fieldsV1"] == {"f:spec": {"f:x": {}, "f:y": {}}, "f:metadata": {".": {}}}


# --- another writes, too ---


async def test_what_a_person_changes_is_put_back_at_once() -> None:
    world = FakeWorld()
    await world.make_ready()
    for _ in range(2):
        world.overwrite_cronjob(schedule="1 1 * * *")
        await world.reconcile()
        assert world.cronjob["spec"]["schedule"] == "0 9 * * *"
    assert "Contended" not in world.events


async def test_what_another_operator_changes_is_put_back_ever_less_often_with_one_event() -> None:
    world = FakeWorld()
    await world.make_ready()
    count, end = len(world.client.writes), world.now + timedelta(minutes=20)
    while world.now < end:
        world.overwrite_cronjob(schedule="1 1 * * *")
        await world.reconcile(after=timedelta(seconds=1))
    written = [write for write in world.client.writes[count:] if write.resource == CRONJOBS]
    assert 5 <= len(written) <= 14
    assert world.put_back_count == len(written)
    assert world.events.count("Contended") == 1
    await world.reconcile(after=timedelta(minutes=5))
    assert world.cronjob["spec"]["schedule"] == "0 9 * * *"


async def test_a_status_that_another_operator_writes_is_put_back_ever_less_often() -> None:
    world = FakeWorld()
    await world.make_ready()
    count, end = len(world.client.writes), world.now + timedelta(minutes=20)
    while world.now < end:
        stored = world.destination
        stored["status"]["message"] = "another operator's"
        world.client.put(DESTINATIONS, stored)
        await world.reconcile(after=timedelta(seconds=1))
    written = [write for write in world.client.writes[count:] if write.resource == DESTINATIONS]
    assert 5 <= len(written) <= 14
    assert world.put_back_count == len(written)


async def test_a_spec_that_changes_to_and_fro_is_followed_at_once() -> None:
    world = FakeWorld()
    await world.make_ready()
    for number in range(20):
        world.edit(suspend=number % 2 == 0)
        await world.reconcile(after=timedelta(seconds=1))
        assert world.cronjob["spec"]["suspend"] == (number % 2 == 0)
    assert world.put_back_count == 0

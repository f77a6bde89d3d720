"""Runs: started by the schedule or by a person, each reported once."""

import asyncio
import json

import pytest

from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT
from tests.support.operator_world import World, condition, report


async def test_an_annotation_starts_one_run_whose_report_becomes_the_status(world: World) -> None:
    async with world.operator():
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
        await world.make_ready()
        job = (await world.until_job("manual"))["metadata"]["name"]
        await world.until_status("the echo", lambda status: status.get("lastHandledSyncRequest") == "one")
        partial = report("PartiallySucceeded", message="1 failed", novelty={"of": ["a", "newer", "worker"]})
        await world.finish(job, partial)
        resource = await world.until_condition("Synced", "False", "PartiallySucceeded")
        status = resource["status"]
        assert status["lastSync"] == {**json.loads(partial), "job": job, "trigger": "manual"}
        assert status["lastSyncTime"] == json.loads(partial)["completionTime"]
        assert "lastSuccessfulSyncTime" not in status
        assert status["consecutiveFailures"] == 1
        (entry,) = status["history"]
        assert (entry["job"], entry["trigger"], entry["outcome"]) == (job, "manual", "PartiallySucceeded")
        assert (entry["matched"], entry["updated"], entry["failed"]) == (8, 3, 0)
        assert condition(status, "Ready")["status"] == "True"

        await world.kubectl("annotate", "icd", "production", f"{ANNOTATION_SYNC_REQUESTED_AT}=again", "--overwrite")
        second = (await world.until_job("manual", number=2))["metadata"]["name"]
        await world.finish(second)
        status = (await world.until_condition("Synced", "True", "Succeeded"))["status"]
        assert [entry["job"] for entry in status["history"]] == [second, job]
        assert status["consecutiveFailures"] == 0
        assert status["lastSuccessfulSyncTime"] == status["lastSyncTime"]


async def test_a_request_waits_for_the_run_in_progress_and_the_last_of_several_counts(world: World) -> None:
    async with world.operator() as controller:
        await world.apply(suspend=True)
        await world.make_ready(reason="Suspended")
        await world.kubectl("create", "job", "by-hand", "--from=cronjob/production")
        await world.pod("by-hand")

        async def sees_it() -> bool:
            return controller.cache.job(world.namespace, "by-hand") is not None

        await world.until("the operator sees the Job", sees_it)  # its watches are not in step
        for value in ("one", "two", "three"):
            await world.kubectl(
                "annotate", "icd", "production", f"{ANNOTATION_SYNC_REQUESTED_AT}={value}", "--overwrite"
            )
        await asyncio.sleep(0.5)
        assert await world.jobs("manual") == []
        await world.finish("by-hand")
        status = (await world.until_status("the echo", lambda status: status.get("lastHandledSyncRequest") == "three"))[
            "status"
        ]
        assert status["lastSync"]["job"] == "by-hand"
        assert status["lastSync"]["trigger"] == "manual"
        assert len(await world.jobs("manual")) == 1
        assert "nextSyncTime" not in status


async def test_the_cronjobs_history_limits_leave_requested_runs_and_checks_alone(world: World) -> None:
    """The CronJob controller takes every Job for its own whose controller has the CronJob's name, of any kind."""
    async with world.operator():
        limits = {"successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": 0}
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"}, job=limits)
        await world.make_ready()
        await world.finish((await world.until_job("manual"))["metadata"]["name"])
        await world.until_condition("Synced", "True", "Succeeded")
        await world.kubectl("create", "job", "by-hand", "--from=cronjob/production")
        await world.finish("by-hand")
        await world.until("the CronJob's own Job is cleaned up", lambda: _is_gone(world, "by-hand"))
        assert [len(await world.jobs(trigger)) for trigger in ("manual", "check")] == [1, 1]


async def _is_gone(world: World, job: str) -> bool:
    return all(each["metadata"]["name"] != job for each in await world.listed("jobs"))


async def test_a_run_that_ends_without_a_report_failed_with_kubernetes_reason(world: World) -> None:
    async with world.operator():
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"}, job={"activeDeadlineSeconds": 120})
        await world.make_ready()
        job = (await world.until_job("manual"))["metadata"]["name"]
        await world.kubectl("patch", "job", job, "-p", '{"spec":{"activeDeadlineSeconds":1}}')
        status = (await world.until_condition("Synced", "False", "DeadlineExceeded"))["status"]
        assert status["lastSync"]["outcome"] == "Failed"
        assert status["lastSync"]["customers"]["matched"] == 0
        assert status["history"][0]["matched"] == 0
        assert condition(status, "Ready")["status"] == "True"


async def test_an_out_of_memory_kill_of_every_try_is_the_reason(world: World) -> None:
    async with world.operator():
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
        await world.make_ready()
        job = (await world.until_job("manual"))["metadata"]["name"]
        await world.finish(job, "not a report", exit_code=4, reason="OOMKilled")
        await world.until_condition("Synced", "False", "OOMKilled")


async def test_a_run_that_proves_the_credentials_wrong_makes_ready_false_and_the_next_one_true(world: World) -> None:
    async with world.operator():
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
        await world.make_ready()
        first = (await world.until_job("manual"))["metadata"]["name"]
        await world.finish(first, report("Failed", "CredentialsRejected"), exit_code=4)
        await world.until_condition("Ready", "False", "CredentialsRejected")
        await world.until_condition("Synced", "False", "CredentialsRejected")
        await world.kubectl("annotate", "icd", "production", f"{ANNOTATION_SYNC_REQUESTED_AT}=two", "--overwrite")
        second = (await world.until_job("manual", number=2))["metadata"]["name"]
        await world.finish(second)
        await world.until_condition("Ready", "True", "Ready")


async def test_a_tripped_guard_holds_until_a_new_generation(world: World) -> None:
    async with world.operator():
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"}, maxChangedPercent=10)
        await world.make_ready()
        job = (await world.until_job("manual"))["metadata"]["name"]
        await world.finish(job, report("Failed", "GuardTripped"), exit_code=4)
        resource = await world.until_condition("Ready", "False", "GuardTripped")
        assert condition(resource["status"], "Stalled")
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"}, maxChangedPercent=60)
        await world.until_condition("Ready", "True", "Ready")
        assert len(await world.jobs("check")) == 1


async def test_the_cronjob_controllers_own_job_is_reported_and_a_missed_time_is_overdue(world: World) -> None:
    async with world.operator():
        await world.apply(schedule="* * * * *", timeZone="UTC")
        await world.make_ready()
        job = (await world.until("a scheduled Job", lambda: world.jobs("schedule"), seconds=100))[0]
        await world.finish(job["metadata"]["name"], report("Failed", "IntercomUnavailable"), exit_code=4)
        status = (await world.until_condition("Synced", "False", "IntercomUnavailable"))["status"]
        assert status["lastSync"]["trigger"] == "schedule"
        await world.until_condition("Overdue", "True", "RunMissed")
        await world.apply(schedule="0 9 * * *")
        await world.until_condition("Overdue", "False", "OnTime")


async def test_a_run_whose_job_kubernetes_removes_at_once_is_still_reported(world: World) -> None:
    async with world.operator():
        await world.apply(job={"successfulJobsHistoryLimit": 0})
        await world.make_ready()
        await world.kubectl("create", "job", "by-hand", "--from=cronjob/production")
        await world.finish("by-hand")
        status = (await world.until_condition("Synced", "True", "Succeeded"))["status"]
        assert [entry["job"] for entry in status["history"]] == ["by-hand"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (report(novelty=["\ud83d"]), "Succeeded"),
        (report(message="half \udc00 a pair"), "Succeeded"),
        ("[" * 4000, "NoReport"),
        (report(novelty=json.loads("[" * 300 + "]" * 300)), "Succeeded"),
        (report(customers={"total": 10**30, "matched": "8"}, contacts=[]), "Succeeded"),
        (report(novelty=10**400), "Succeeded"),
        (report(startTime="9999-12-31T23:59:59-12:00", completionTime="12026-01-01T00:00:00Z"), "Succeeded"),
        (report(startTime=None, completionTime=7, workspace={"id": {"a": 1}}, errors=7), "Succeeded"),
    ],
)
async def test_whatever_a_termination_message_holds_later_runs_are_reported(
    world: World, message: str, reason: str
) -> None:
    async with world.operator():
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
        first = (await world.until_job("manual"))["metadata"]["name"]
        await world.finish(first, message)
        status = await world.until_status("the poisoned run", lambda now: now.get("lastSync", {}).get("job") == first)
        assert status["status"]["lastSync"]["completionTime"] < "2100"
        assert status["status"]["lastSync"]["reason"] == reason
        await world.kubectl("annotate", "icd", "production", f"{ANNOTATION_SYNC_REQUESTED_AT}=two", "--overwrite")
        second = (await world.until_job("manual", number=2))["metadata"]["name"]
        await world.finish(second)
        await world.until_status("the next run", lambda now: now["lastSync"]["job"] == second)

"""What the operator does by itself as time passes."""

from datetime import UTC, datetime, timedelta

from mogulsync.controller.settings import RECONCILE
from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT
from tests.support.operator_world import World, condition, report


async def test_a_due_time_that_passes_unused_is_overdue_until_a_run_succeeds(world: World) -> None:
    async with world.operator() as controller:
        await world.apply(schedule="0 9 * * *", timeZone="UTC")
        before = (await world.make_ready())["status"]["nextSyncTime"]
        due = datetime.fromisoformat(before)
        world.pass_time(controller, due - datetime.now(UTC) + timedelta(minutes=59))
        status = (await world.until_status("the next one", lambda now: now["nextSyncTime"] != before))["status"]
        assert datetime.fromisoformat(status["nextSyncTime"]) - due == timedelta(days=1)
        assert condition(status, "Overdue")["status"] == "False"
        world.pass_time(controller, timedelta(minutes=2))
        overdue = condition((await world.until_condition("Overdue", "True", "RunMissed"))["status"], "Overdue")
        assert before in overdue["message"]

        await world.apply(suspend=True, schedule="0 9 * * *", timeZone="UTC")
        await world.until_condition("Overdue", "False", "OnTime")
        await world.apply(schedule="0 9 * * *", timeZone="UTC")
        await world.until_condition("Ready", "True", "Ready")
        assert condition((await world.destination())["status"], "Overdue")["status"] == "False"


async def test_a_run_under_way_is_not_overdue_and_one_that_fails_is(world: World) -> None:
    async with world.operator() as controller:
        await world.apply(schedule="0 9 * * *", timeZone="UTC")
        due = datetime.fromisoformat((await world.make_ready())["status"]["nextSyncTime"])
        world.pass_time(controller, due - datetime.now(UTC) + timedelta(hours=2))
        await world.until_condition("Overdue", "True", "RunMissed")
        annotation = f"{ANNOTATION_SYNC_REQUESTED_AT}=one"
        await world.kubectl("annotate", "icd", "production", annotation)
        job = (await world.until_job("manual"))["metadata"]["name"]
        await world.until_condition("Overdue", "False", "OnTime")
        await world.finish(job, report("Failed", "IntercomUnavailable"), exit_code=4)
        await world.until_condition("Overdue", "True", "RunMissed")


async def test_a_check_that_reached_no_answer_is_made_anew_after_a_while(world: World) -> None:
    async with world.operator() as controller:
        await world.apply()
        first = (await world.until_job("check"))["metadata"]["name"]
        await world.finish(first, report("Failed", "ChartMogulUnavailable", message="down"), exit_code=4)
        await world.until_status("the end of it", lambda status: (status.get("lastCheck") or {}).get("job") == first)
        world.pass_time(controller, RECONCILE.first_recheck - timedelta(minutes=5))
        await world.until_status("the word of it", lambda status: "down" in status["message"])
        assert len(await world.jobs("check")) == 1
        world.pass_time(controller, timedelta(minutes=6))
        second = (await world.until_job("check", number=2))["metadata"]["name"]
        await world.finish(second)
        await world.until_condition("Ready", "True", "Ready")


async def test_a_missing_secret_is_not_forgotten_when_a_deadline_ends_the_run_that_showed_it(world: World) -> None:
    async with world.operator():
        await world.apply(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
        await world.make_ready()
        job = (await world.until_job("manual"))["metadata"]["name"]
        await world.hold(job, "CreateContainerConfigError", 'secret "intercom" not found')
        await world.until_condition("Ready", "False", "SecretNotFound")
        await world.kubectl("patch", "job", job, "-p", '{"spec":{"activeDeadlineSeconds":1}}')
        probe = (await world.until_job("check", number=2))["metadata"]["name"]
        resource = await world.destination()
        assert condition(resource["status"], "Ready")["reason"] == "SecretNotFound"
        await world.finish(probe)
        await world.until_condition("Ready", "True", "Ready")

"""The CronJob of a destination, and whose it is."""

import json

from mogulsync.resource.names import ENV_DESTINATION
from tests.support.operator_world import World


async def test_a_destination_gets_a_cronjob_of_its_name_that_it_owns(world: World) -> None:
    async with world.operator():
        await world.apply()
        await world.until_status("a CronJob", lambda status: status.get("cronJob") == "production")
    cronjob, destination = await world.get("cronjobs"), await world.destination()
    (owner,) = cronjob["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == (
        "IntercomDestination",
        "production",
        destination["metadata"]["uid"],
        True,
    )
    spec = cronjob["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"], spec["suspend"]) == (
        "0 9 * * *",
        "CET",
        "Forbid",
        False,
    )
    assert spec["startingDeadlineSeconds"] == 28800
    assert [(each["manager"], each["operation"]) for each in cronjob["metadata"]["managedFields"]] == [
        ("mogulsync", "Apply")
    ]
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    without_job = {key: value for key, value in destination["spec"].items() if key != "job"}
    assert json.loads(environment[ENV_DESTINATION])["spec"] == without_job


async def test_a_change_of_the_spec_reaches_the_cronjob_and_removes_what_is_gone(world: World) -> None:
    async with world.operator():
        await world.apply(schedule="30 6 * * 1-5", job={"nodeSelector": {"disk": "fast"}})
        await world.until_status("a CronJob", lambda status: status.get("cronJob"))
        await world.apply(schedule="45 7 * * *", timeZone="Europe/Lisbon")
        await world.until_status("generation 2", lambda status: status["observedGeneration"] == 2)
    spec = (await world.get("cronjobs"))["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("45 7 * * *", "Europe/Lisbon")
    assert "nodeSelector" not in spec["jobTemplate"]["spec"]["template"]["spec"]


async def test_what_others_change_in_the_cronjob_is_put_back(world: World) -> None:
    async with world.operator():
        await world.apply()
        await world.until_status("a CronJob", lambda status: status.get("cronJob"))
        await world.kubectl("patch", "cronjob", "production", "-p", '{"spec":{"schedule":"1 1 * * *"}}')

        async def mended() -> bool:
            return bool((await world.get("cronjobs"))["spec"]["schedule"] == "0 9 * * *")

        await world.until("the schedule is put back", mended)
        await world.kubectl("delete", "cronjob", "production")
        await world.until("the CronJob is made anew", lambda: _exists(world))


async def test_a_foreign_cronjob_is_never_touched_and_makes_way_by_itself(world: World) -> None:
    await world.kubectl("create", "cronjob", "production", "--image=busybox", "--schedule=1 2 3 4 5")
    before = await world.get("cronjobs")
    async with world.operator():
        await world.apply()
        resource = await world.until_condition("Ready", "False", "NameConflict")
        assert {each["type"] for each in resource["status"]["conditions"]} >= {"Stalled"}
        assert "cronJob" not in resource["status"]
        assert "nextSyncTime" not in resource["status"]
        assert await world.get("cronjobs") == before
        await world.kubectl("delete", "cronjob", "production")
        await world.until_status("a CronJob of its own", lambda status: status.get("cronJob"))


async def test_a_schedule_that_only_the_cronjob_api_refuses_stalls_and_suspends_the_cronjob(world: World) -> None:
    async with world.operator():
        await world.apply()
        await world.until_status("a CronJob", lambda status: status.get("cronJob"))
        await world.apply(timeZone="Mars/Olympus")
        resource = await world.until_condition("Ready", "False", "InvalidSchedule")
        assert "Mars/Olympus" in next(c["message"] for c in resource["status"]["conditions"] if c["type"] == "Stalled")
        assert "nextSyncTime" not in resource["status"]
        assert (await world.get("cronjobs"))["spec"]["suspend"] is True
        await world.apply(schedule="61 9 * * *")
        await world.until_status(
            "the new refusal", lambda status: "61" in status["message"] and status["observedGeneration"] == 3
        )
        await world.apply()
        await world.until_status("a next run", lambda status: status.get("nextSyncTime"))
        assert (await world.get("cronjobs"))["spec"]["suspend"] is False


async def test_a_job_that_the_api_refuses_is_told_apart_from_a_schedule(world: World) -> None:
    async with world.operator():
        await world.apply(job={"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}})
        await world.until_condition("Ready", "False", "InvalidJob")
        await world.apply(job={"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}}})
        await world.until_status("a CronJob", lambda status: status.get("cronJob"))


async def test_deleting_the_destination_deletes_its_children_also_without_an_operator(world: World) -> None:
    async with world.operator():
        await world.apply(annotations={"mogulsync.dev/sync-requested-at": "now"})
        await world.until_job("manual")
        await world.until_job("check")
        await world.until_status("a CronJob", lambda status: status.get("cronJob"))
    assert "finalizers" not in (await world.destination())["metadata"]
    await world.kubectl("delete", "icd", "production", "--wait=true")

    async def empty() -> bool:
        return not await world.listed("cronjobs") and not await world.listed("jobs")

    await world.until("all children are gone", empty)


async def test_a_restored_cronjob_is_adopted_and_its_spec_becomes_exactly_ours(world: World) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
        original = await world.get("cronjobs")
    await world.kubectl("delete", "icd", "production", "--cascade=orphan")
    metadata = original["metadata"]
    restored = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {key: metadata[key] for key in ("name", "labels", "annotations")},
        "spec": original["spec"] | {"schedule": "1 1 * * *"},
    }
    pod = restored["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod |= {"nodeSelector": {"disk": "fast"}, "dnsPolicy": "Default"}
    pod["containers"][0]["env"].append({"name": "LEFT_OVER", "value": "1"})
    await world.kubectl("delete", "cronjob", "production", "--ignore-not-found")
    await world.kubectl("create", "-f", "-", stdin=json.dumps(restored))
    async with world.operator():
        await world.apply()
        await world.until_status("a CronJob", lambda status: status.get("cronJob") == "production")
        await world.until_condition("Ready", "Unknown", "Checking")
    adopted = await world.get("cronjobs")
    (owner,) = adopted["metadata"]["ownerReferences"]
    assert owner["uid"] == (await world.destination())["metadata"]["uid"]
    assert adopted["metadata"]["uid"] != metadata["uid"]
    spec = adopted["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert adopted["spec"]["schedule"] == "0 9 * * *"
    assert "nodeSelector" not in spec
    assert spec["dnsPolicy"] == "ClusterFirst"
    assert "LEFT_OVER" not in {variable["name"] for variable in spec["containers"][0]["env"]}


async def _exists(world: World) -> bool:
    return any(each["metadata"]["name"] == "production" for each in await world.listed("cronjobs"))

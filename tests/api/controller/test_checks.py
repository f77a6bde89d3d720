"""Checks of credentials and attributes, and what Ready says of them."""

from mogulsync.resource.names import ANNOTATION_CHECK_REQUESTED_AT
from tests.support.operator_world import World, condition, report


async def test_a_new_destination_is_checked_and_becomes_ready(world: World) -> None:
    async with world.operator():
        await world.apply()
        job = await world.until_job("check")
        under_way = await world.until_condition("Ready", "Unknown", "Checking")
        assert condition(under_way["status"], "Reconciling")
        assert job["spec"]["template"]["spec"]["containers"][0]["args"][0] == "check"
        await world.finish(job["metadata"]["name"])
        ready = await world.until_condition("Ready", "True", "Ready")
        assert ready["status"]["workspace"] == {"id": "abc123", "name": "Example", "region": "EU"}
        assert {each["type"] for each in ready["status"]["conditions"]} == {"Ready", "Synced", "Overdue"}
        assert (await world.kubectl("wait", "icd/production", "--for=condition=Ready", "--timeout=120s")).strip()


async def test_rejected_credentials_stall_until_a_check_or_a_new_generation_says_otherwise(world: World) -> None:
    async with world.operator():
        await world.apply()
        job = await world.until_job("check")
        rejected = report("Failed", "CredentialsRejected", message="Intercom answers 401: token_revoked")
        await world.finish(job["metadata"]["name"], rejected, exit_code=4)
        resource = await world.until_condition("Ready", "False", "CredentialsRejected")
        assert condition(resource["status"], "Stalled")["reason"] == "CredentialsRejected"
        assert condition(resource["status"], "Synced")["status"] == "Unknown"

        await world.kubectl("annotate", "icd", "production", f"{ANNOTATION_CHECK_REQUESTED_AT}=one")
        second = await world.until_job("check", number=2)
        await world.until_status("the echo", lambda status: status.get("lastHandledCheckRequest") == "one")
        await world.finish(second["metadata"]["name"], rejected, exit_code=4)
        await world.until_status("the second check", lambda s: s["lastCheck"]["job"] == second["metadata"]["name"])

        await world.apply(suspend=True, annotations={ANNOTATION_CHECK_REQUESTED_AT: "one"})
        third = await world.until_job("check", number=3)
        await world.finish(third["metadata"]["name"])
        resource = await world.until_condition("Ready", "True", "Suspended")
        assert condition(resource["status"], "Stalled") is None


async def test_only_what_a_check_looks_at_starts_another(world: World) -> None:
    async with world.operator():
        await world.apply()
        await world.make_ready()
        await world.apply(schedule="1 2 * * *", rateLimitPercent=50)
        await world.until_status("generation 2", lambda status: status["observedGeneration"] == 2)
        assert len(await world.jobs("check")) == 1
        await world.apply(intercom={"oauthSecretRef": {"name": "other"}})
        await world.until_job("check", number=2)


async def test_a_check_without_an_answer_leaves_ready_as_the_last_evidence_said(world: World) -> None:
    async with world.operator():
        await world.apply()
        unavailable = report("Failed", "IntercomUnavailable", message="Intercom answers 503")
        first = (await world.until_job("check"))["metadata"]["name"]
        await world.finish(first, unavailable, exit_code=5)
        resource = await world.until_status("the word of it", lambda status: "503" in status.get("message", ""))
        assert condition(resource["status"], "Ready")["status"] == "Unknown"
        await world.finish(first, number=2)
        await world.until_condition("Ready", "True", "Ready")

        await world.kubectl("annotate", "icd", "production", f"{ANNOTATION_CHECK_REQUESTED_AT}=two")
        second = (await world.until_job("check", number=2))["metadata"]["name"]
        await world.until_condition("Ready", "Unknown", "Checking")
        await world.finish(second, unavailable, exit_code=5)
        await world.until_condition("Ready", "True", "Ready")


async def test_a_missing_secret_shows_and_heals_by_itself(world: World) -> None:
    async with world.operator():
        await world.apply()
        job = (await world.until_job("check"))["metadata"]["name"]
        await world.hold(job, "CreateContainerConfigError", 'secret "chartmogul" not found')
        resource = await world.until_condition("Ready", "False", "SecretNotFound")
        assert "chartmogul" in condition(resource["status"], "Ready")["message"]
        assert condition(resource["status"], "Stalled") is None
        await world.start(job)
        await world.until_condition("Ready", "Unknown", "Checking")
        await world.finish(job)
        await world.until_condition("Ready", "True", "Ready")


async def test_a_pod_that_gets_its_secret_and_ends_at_once_heals_without_another_check(world: World) -> None:
    async with world.operator():
        await world.apply()
        job = (await world.until_job("check"))["metadata"]["name"]
        await world.hold(job, "CreateContainerConfigError", "couldn't find key api-key in Secret crm/chartmogul")
        await world.until_condition("Ready", "False", "SecretNotFound")
        await world.finish(job)
        await world.until_condition("Ready", "True", "Ready")
        assert len(await world.jobs("check")) == 1


async def test_an_image_that_cannot_be_pulled_shows_in_the_message(world: World) -> None:
    async with world.operator():
        await world.apply()
        job = (await world.until_job("check"))["metadata"]["name"]
        await world.hold(job, "ImagePullBackOff", "Back-off pulling image")
        await world.until_status("the reason", lambda status: "ImagePullBackOff" in status.get("message", ""))

"""Previews in the cluster: dry runs that a person requests."""

from mogulsync.resource.names import ANNOTATION_PREVIEW_REQUESTED_AT
from tests.support.operator_world import World, report


async def test_an_annotation_starts_one_dry_run_whose_report_is_the_last_preview(world: World) -> None:
    async with world.operator():
        await world.apply(annotations={ANNOTATION_PREVIEW_REQUESTED_AT: "one"}, suspend=True)
        await world.make_ready(reason="Suspended")
        job = await world.until_job("preview")
        await world.until_status("the echo", lambda status: status.get("lastHandledPreviewRequest") == "one")
        assert "--dry-run" in job["spec"]["template"]["spec"]["containers"][0]["args"]
        name = job["metadata"]["name"]
        await world.finish(name, report("PartiallySucceeded", dryRun=True, novelty=[1]))
        status = (await world.until_status("the report", lambda status: status.get("lastPreview")))["status"]
        assert (status["lastPreview"]["job"], status["lastPreview"]["dryRun"]) == (name, True)
        assert status["lastPreview"]["novelty"] == [1]
        assert not {"history", "lastSync", "lastSyncTime"} & set(status)

        await world.kubectl("annotate", "icd", "production", f"{ANNOTATION_PREVIEW_REQUESTED_AT}=two", "--overwrite")
        second = (await world.until_job("preview", number=2))["metadata"]["name"]
        await world.finish(second, "not a report", exit_code=4, reason="OOMKilled")
        await world.until_status(
            "the second", lambda now: (now["lastPreview"]["job"], now["lastPreview"]["reason"]) == (second, "OOMKilled")
        )

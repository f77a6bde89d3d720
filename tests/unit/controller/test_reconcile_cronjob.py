"""What becomes of a destination's CronJob when others change it, refuse it or have clocks of their own."""

from datetime import timedelta

import pytest

from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.client import StatusError
from mogulsync.kube.objects import CRONJOBS, JOBS, Object
from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT, LABEL_DESTINATION
from tests.support.fake_world import KEY, FakeWorld

MINUTE = timedelta(minutes=1)

# --- others change it ---


def made_anew(cronjob: Object, **spec: str) -> Object:
    """Return a CronJob as `kubectl replace --force` makes it of one that was read: owner and annotations are kept."""
    servers = {"uid", "resourceVersion", "generation", "creationTimestamp"}
    metadata = {key: value for key, value in cronjob["metadata"].items() if key not in servers}
    return {"metadata": metadata, "spec": cronjob["spec"] | spec}


async def test_a_cronjob_that_was_replaced_by_another_of_its_generation_is_put_right() -> None:
    world = FakeWorld()
    await world.make_ready()
    await world.reconcile()
    before = world.cronjob
    world.client.delete(CRONJOBS, KEY)
    world.client.put(CRONJOBS, made_anew(before, schedule="0 3 * * *"))
    assert world.cronjob["metadata"]["generation"] == before["metadata"]["generation"]
    await world.reconcile(after=MINUTE)
    assert world.cronjob["spec"]["schedule"] == "0 9 * * *"
    assert world.put_back_count == 1


async def test_a_cronjob_that_lost_its_label_gets_it_back() -> None:
    world = FakeWorld()
    await world.make_ready()
    await world.reconcile()
    stored = world.cronjob
    del stored["metadata"]["labels"][LABEL_DESTINATION]
    world.behind = {CRONJOBS}
    world.cache.remove(CRONJOBS, world.client.put(CRONJOBS, stored))  # to a watch that picks by label it is deleted
    await world.try_reconcile(times=2)
    assert world.cronjob["metadata"]["labels"][LABEL_DESTINATION] == "production"
    count = len(world.client.writes)
    await world.reconcile(after=MINUTE)
    assert len(world.client.writes) == count


# --- others refuse it ---

CODES = pytest.mark.parametrize("code", [401, 404, 408, 409, 429, 500])


def denied(code: int, reason: str = "") -> StatusError:
    """Return the answer of an admission webhook, which chooses the code and the reason."""
    message = 'admission webhook "p.example.com" denied the request: no'
    return StatusError("POST /x", message, status=code, reason=reason)


@CODES
@pytest.mark.parametrize("reason", ["", "Conflict", "AlreadyExists"])
async def test_a_job_that_is_denied_is_refused_whatever_the_code(code: int, reason: str) -> None:
    world = FakeWorld()
    world.refuse(JOBS, denied(code, reason))
    await world.reconcile()
    assert world.condition("Ready") == ("False", "Refused")
    assert world.message("Ready") == denied(code).message
    assert world.requeue_after is not None


async def test_a_conflict_with_another_write_is_no_job_that_is_there_already() -> None:
    world = FakeWorld()
    message = 'Operation cannot be fulfilled on resourcequotas "crm": the object has been modified'
    world.refuse(JOBS, StatusError("POST /x", message, status=409, reason="Conflict"))
    await world.try_reconcile(times=2)
    assert world.condition("Ready") == ("Unknown", "RequestFailed")
    assert "resourcequotas" in world.message("Reconciling")


@CODES
async def test_a_new_cronjob_that_is_denied_is_refused_whatever_the_code(code: int) -> None:
    world = FakeWorld()
    world.refuse(CRONJOBS, denied(code))
    await world.reconcile()
    assert world.condition("Ready") == ("False", "Refused")
    count = len(world.client.writes)
    await world.reconcile(after=MINUTE)
    assert len(world.client.writes) == count


@CODES
async def test_an_orphan_that_may_not_be_adopted_is_refused_with_the_command(code: int) -> None:
    world = FakeWorld()
    await world.make_ready()
    stored = world.cronjob
    del stored["metadata"]["ownerReferences"]
    world.client.put(CRONJOBS, stored)
    world.refuse(CRONJOBS, denied(code))
    await world.reconcile()
    assert world.condition("Ready") == ("False", "Refused")
    assert "kubectl delete cronjob production -n crm" in world.message("Ready")
    count = len(world.client.writes)
    await world.reconcile(after=MINUTE)
    assert len(world.client.writes) == count


async def test_a_status_that_a_webhook_denies_with_404_is_written_later() -> None:
    world = FakeWorld(annotations={ANNOTATION_SYNC_REQUESTED_AT: "one"})
    await world.make_ready()
    run = world.name("manual")
    world.refuse_status(denied(404))
    world.finish(run)
    with pytest.raises(StatusError):
        await world.reconcile()
    world.delete_job(run)
    with pytest.raises(StatusError):
        await world.reconcile(after=MINUTE)
    world.refuse_status(None)
    status = await world.reconcile(after=MINUTE)
    assert [entry["job"] for entry in status["history"]] == [run]


async def test_the_status_of_a_destination_that_was_deleted_meanwhile_is_given_up() -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(suspend=True)
    world.behind = {DESTINATIONS}
    world.client.delete(DESTINATIONS, KEY)
    assert await world.reconciler.reconcile(KEY) is None


async def test_a_400_that_names_nothing_of_the_content_leaves_the_cronjob() -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(schedule="30 9 * * *")
    world.refuse(CRONJOBS, StatusError("PATCH /x", "Bad Request", status=400, reason="BadRequest"))
    await world.reconcile()
    assert world.condition("Ready") == ("False", "Refused")
    assert world.cronjob["spec"]["suspend"] is False


# --- due times ---


async def test_a_spec_that_is_not_understood_leaves_due_times_to_the_cronjob_in_place() -> None:
    world = FakeWorld()
    await world.make_ready()
    world.edit(newKey=1, schedule="0 3 * * *")
    await world.reconcile(after=MINUTE)
    assert world.requeue_after is not None
    status = await world.reconcile(after=timedelta(days=1, hours=3))
    assert status["nextSyncTime"] == "2026-11-26T08:00:00Z"
    assert world.condition("Overdue") == ("True", "RunMissed")
    assert world.condition("Ready") == ("False", "InvalidDestination")


async def test_a_spec_that_is_not_understood_has_no_due_times_while_the_cronjob_is_suspended_or_gone() -> None:
    world = FakeWorld(suspend=True)
    await world.make_ready()
    world.edit(newKey=1, suspend=False)
    status = await world.reconcile(after=timedelta(days=1, hours=3))
    assert "nextSyncTime" not in status
    assert status["cronJob"] == "production"
    world.client.delete(CRONJOBS, KEY)
    status = await world.reconcile(after=timedelta(days=1))
    assert not {"nextSyncTime", "cronJob"} & set(status)
    assert world.condition("Overdue") != ("True", "RunMissed")


async def test_a_last_success_in_the_future_hides_no_silence() -> None:
    world = FakeWorld()
    await world.make_ready()
    cronjob = world.cronjob
    cronjob["status"] = {"lastSuccessfulTime": "2030-01-01T00:00:00Z"}
    world.client.put(CRONJOBS, cronjob)
    await world.reconcile(after=timedelta(days=1, hours=3))
    assert world.condition("Overdue") == ("True", "RunMissed")

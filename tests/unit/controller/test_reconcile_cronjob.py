"""What becomes of a destination's CronJob when others change it, refuse it or have clocks of their own."""

from datetime import timedelta

from mogulsync.kube.objects import CRONJOBS, Object
from mogulsync.resource.names import LABEL_DESTINATION
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

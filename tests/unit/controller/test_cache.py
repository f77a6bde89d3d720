"""What was seen of the cluster, whatever order it is seen in."""

from typing import Any

from mogulsync.controller.cache import DestinationCache
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.objects import CRONJOBS, JOBS, PODS, NamespacedName

OWNER = "uid-of-icd"
KEY = NamespacedName("crm", "production")


def made(name: str, version: int, *, uid: str = "u", owner: str = OWNER, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "crm",
            "name": name,
            "uid": uid,
            "resourceVersion": str(version),
            "labels": {"mogulsync.dev/destination": "production"},
            "ownerReferences": [{"uid": owner, "controller": True}],
            "managedFields": [{}],
        },
        "spec": {"large": True},
        "status": {},
    } | more


COMPLETE = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}


def test_an_older_state_never_replaces_a_newer_one() -> None:
    cache = DestinationCache()
    assert cache.put(DESTINATIONS, made("production", 10))
    assert not cache.put(DESTINATIONS, made("production", 10))
    assert not cache.put(DESTINATIONS, made("production", 9))
    assert cache.put(DESTINATIONS, made("production", 101))
    seen = cache.destination(KEY)
    assert seen is not None
    assert seen["metadata"]["resourceVersion"] == "101"
    assert "managedFields" not in seen["metadata"]


def test_a_job_removed_as_soon_as_it_ended_is_kept_with_its_pod_until_it_is_forgotten() -> None:
    cache = DestinationCache()
    job = made("run", 5, uid="run") | COMPLETE
    pod = made("pod", 4, uid="pod", owner="run")
    cache.put(JOBS, made("run", 3, uid="run"))
    cache.put(PODS, pod)
    cache.remove(PODS, pod)
    cache.remove(JOBS, job)
    (kept,) = cache.jobs(KEY)
    assert [each["metadata"]["name"] for each in cache.pods(kept)] == ["pod"]
    cache.forget(KEY)
    assert cache.jobs(KEY) == []
    assert cache.pods(kept) == []


def test_a_job_deleted_before_it_ended_is_gone() -> None:
    cache = DestinationCache()
    cache.put(JOBS, made("run", 3))
    cache.remove(JOBS, made("run", 4))
    assert cache.jobs(KEY) == []


def test_the_word_of_a_deletion_does_not_reach_the_successor() -> None:
    cache = DestinationCache()
    cache.put(CRONJOBS, made("production", 7, uid="second"))
    cache.remove(CRONJOBS, made("production", 5, uid="first"))
    assert cache.cronjob(KEY) is not None


def test_a_list_drops_what_was_deleted_unseen_but_not_what_came_after_it() -> None:
    cache = DestinationCache()
    cache.put(DESTINATIONS, made("production", 10))
    cache.put(DESTINATIONS, made("gone", 11))
    cache.put(DESTINATIONS, made("newer", 21))
    assert cache.prune(DESTINATIONS, "elsewhere", present=set(), until="20") == []
    assert cache.prune(DESTINATIONS, None, present={KEY}, until="20") == [NamespacedName("crm", "gone")]
    assert sorted(key.name for key in cache.destination_keys()) == ["newer", "production"]

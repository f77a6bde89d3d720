"""What was seen of the cluster, whatever order it is seen in."""

from typing import Any

from mogulsync.controller.cluster import CRONJOBS, DESTINATIONS, JOBS, PODS
from mogulsync.controller.store import Key, Store

OWNER = "uid-of-icd"
KEY = Key("crm", "production")


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
    store = Store()
    assert store.put(DESTINATIONS, made("production", 10))
    assert not store.put(DESTINATIONS, made("production", 10))
    assert not store.put(DESTINATIONS, made("production", 9))
    assert store.put(DESTINATIONS, made("production", 101))
    seen = store.destination(KEY)
    assert seen is not None
    assert seen["metadata"]["resourceVersion"] == "101"
    assert "managedFields" not in seen["metadata"]


def test_only_jobs_of_the_right_owner_are_the_destinations() -> None:
    store = Store()
    store.put(JOBS, made("ours", 1))
    store.put(JOBS, made("of-the-cronjob", 2, owner="uid-of-cronjob"))
    store.put(JOBS, made("labelled-by-someone", 3, owner="other"))
    names = {job["metadata"]["name"] for job in store.jobs(KEY, owners=[OWNER, "uid-of-cronjob"])}
    assert names == {"ours", "of-the-cronjob"}


def test_a_job_removed_as_soon_as_it_ended_is_kept_with_its_pod_until_it_is_forgotten() -> None:
    store = Store()
    job = made("run", 5, uid="run") | COMPLETE
    pod = made("pod", 4, uid="pod", owner="run")
    store.put(JOBS, made("run", 3, uid="run"))
    store.put(PODS, pod)
    store.remove(PODS, pod)
    store.remove(JOBS, job)
    (kept,) = store.jobs(KEY, owners=[OWNER])
    assert [each["metadata"]["name"] for each in store.pods(kept)] == ["pod"]
    store.forget(KEY)
    assert store.jobs(KEY, owners=[OWNER]) == []
    assert store.pods(kept) == []


def test_a_job_deleted_before_it_ended_is_gone() -> None:
    store = Store()
    store.put(JOBS, made("run", 3))
    store.remove(JOBS, made("run", 4))
    assert store.jobs(KEY, owners=[OWNER]) == []


def test_the_word_of_a_deletion_does_not_reach_the_successor() -> None:
    store = Store()
    store.put(CRONJOBS, made("production", 7, uid="second"))
    store.remove(CRONJOBS, made("production", 5, uid="first"))
    assert store.cronjob(KEY) is not None


def test_a_list_drops_what_was_deleted_unseen_but_not_what_came_after_it() -> None:
    store = Store()
    store.put(DESTINATIONS, made("production", 10))
    store.put(DESTINATIONS, made("gone", 11))
    store.put(DESTINATIONS, made("newer", 21))
    assert store.prune(DESTINATIONS, "elsewhere", present=set(), until="20") == []
    assert store.prune(DESTINATIONS, None, present={KEY}, until="20") == [Key("crm", "gone")]
    assert sorted(key.name for key in store.destination_keys()) == ["newer", "production"]

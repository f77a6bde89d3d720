"""What a Job that has not ended waits for, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mogulsync.controller.observed import ContainerState, ObservedJob, ObservedPod
from mogulsync.controller.waits import container_started, missing_secret, waiting_for

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CONFIG_ERROR = "CreateContainerConfigError"


def job(**known: Any) -> ObservedJob:
    usual: dict[str, Any] = {"created": NOW, "began": NOW, "trigger": "check", "annotations": {}, "stored": {}}
    return ObservedJob(name="production-check-1", uid="job", **(usual | known))


def pod(sync: ContainerState | None = None, *others: ContainerState, **known: Any) -> ObservedPod:
    return ObservedPod(name="pod", created=NOW, containers=(sync or ContainerState(name="sync"), *others), **known)


def waiting(name: str, reason: str, message: str = "") -> ContainerState:
    return ContainerState(name=name, waiting_reason=reason, waiting_message=message)


SYNC_WAITS = waiting("sync", "PodInitializing")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (pod(waiting("sync", "ImagePullBackOff", "no such image")), "ImagePullBackOff: no such image"),
        (
            pod(waiting("sync", CONFIG_ERROR, 'secret "x" not found')),
            'CreateContainerConfigError: secret "x" not found',
        ),
        (pod(unscheduled="Unschedulable: 0/3 nodes"), "Unschedulable: 0/3 nodes"),
        (
            pod(
                ContainerState(name="sync", terminated=True, started=True),
                ContainerState(name="istio-proxy", running=True, started=True),
                phase="Running",
            ),
            "its worker has ended, and other containers go on: istio-proxy",
        ),
        (
            pod(SYNC_WAITS, init_containers=(waiting("vault", "ImagePullBackOff", "denied"),)),
            "init container vault: ImagePullBackOff: denied",
        ),
        (
            pod(SYNC_WAITS, init_containers=(ContainerState(name="wait", running=True, started=True),)),
            "init containers that have not ended: wait",
        ),
        (pod(SYNC_WAITS, waiting("proxy", "ErrImagePull")), "container proxy: ErrImagePull"),
        (pod(waiting("sync", "ContainerCreating")), None),
        (pod(ContainerState(name="sync", running=True, started=True), phase="Running"), None),
    ],
)
def test_a_pod_that_does_not_run_says_what_it_waits_for(seen: ObservedPod, words: str | None) -> None:
    assert waiting_for(job(), (seen,), now=NOW) == words


@pytest.mark.parametrize(("seconds", "said"), [(59, False), (60, True), (480, True)])
def test_a_container_that_is_being_created_for_long_says_so(seconds: int, *, said: bool) -> None:
    seen = pod(waiting("sync", "ContainerCreating"))
    words = waiting_for(job(), (seen,), now=NOW + timedelta(seconds=seconds)) or ""
    assert ("still being created (ContainerCreating)" in words) == said


@pytest.mark.parametrize(
    ("known", "word"),
    [({}, "quota"), ({}, "PriorityClass"), ({"suspended": True}, "suspended"), ({"deleting": True}, "deleted")],
)
def test_a_job_without_a_pod_says_what_may_forbid_it(known: dict[str, Any], word: str) -> None:
    assert word in (waiting_for(job(**known), (), now=NOW) or "")


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ('secret "chartmogul" not found', True),
        ("couldn't find key api-key in Secret crm/chartmogul", True),
        ('MountVolume.SetUp failed for volume "token" : secret "chartmogul" not found', True),
        ('configmap "proxy" not found', False),
        ('configmap "secret-settings" not found', False),
        ("couldn't find key secret in ConfigMap crm/secret-settings", False),
    ],
)
def test_a_missing_secret_is_told_from_other_faults(message: str, *, found: bool) -> None:
    seen = pod(waiting("sync", CONFIG_ERROR, message))
    assert (missing_secret((seen,)) == message) == found
    assert not container_started((seen,))

"""The CronJob of a destination, and whether the one in the cluster is as it should be."""

from typing import Final

from mogulsync.controller.destination import IntercomDestination
from mogulsync.controller.podtemplate import build_pod_template, labels
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.controller.settings import JOB
from mogulsync.kube.objects import CRONJOBS, Object, covers, digest, owner_reference, owner_references
from mogulsync.resource import names
from mogulsync.resource.reasons import ExitCode
from mogulsync.resource.spec import Spec

HISTORY_LIMIT: Final = 3
BACKOFF_LIMIT: Final = 4
"""Kubernetes waits 10, 20, 40 and 80 seconds before the retries."""


def build_cronjob(destination: IntercomDestination, spec: Spec) -> Object:
    """Return the CronJob of a destination, as it is applied but for its annotations.

    Args:
        destination: Whose it is.
        spec: Its spec, with the operator's defaults for `job`.
    """
    own = labels(destination.key.name, names.TRIGGER_SCHEDULE)
    return {
        "apiVersion": CRONJOBS.api_version,
        "kind": CRONJOBS.kind,
        "metadata": {
            "name": destination.key.name,
            "namespace": destination.key.namespace,
            "labels": {key: value for key, value in own.items() if key != names.LABEL_TRIGGER},
            "ownerReferences": [owner_of(destination) | {"controller": True, "blockOwnerDeletion": False}],
        },
        "spec": {
            "schedule": spec.schedule,
            "timeZone": spec.time_zone,
            "suspend": spec.suspend,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _given(spec.job.starting_deadline_seconds, JOB.starting_deadline),
            "successfulJobsHistoryLimit": _given(spec.job.successful_jobs_history_limit, HISTORY_LIMIT),
            "failedJobsHistoryLimit": _given(spec.job.failed_jobs_history_limit, HISTORY_LIMIT),
            "jobTemplate": {
                "metadata": {"labels": own, "annotations": generation_annotation(destination)},
                "spec": build_run_spec(destination, spec, trigger=names.TRIGGER_SCHEDULE),
            },
        },
    }


def build_run_spec(destination: IntercomDestination, spec: Spec, *, trigger: str) -> Object:
    """Return the spec of a Job that does one run or preview."""
    return build_job_spec(destination, spec, trigger=trigger) | {
        "activeDeadlineSeconds": _given(spec.job.active_deadline_seconds, JOB.active_deadline)
    }


def build_job_spec(destination: IntercomDestination, spec: Spec, *, trigger: str) -> Object:
    """Return what the specs of all Jobs have in common: when a failed Pod is tried again, and the Pod."""
    never_retried = [int(ExitCode.USAGE), int(ExitCode.FAILED)]
    return {
        "backoffLimit": BACKOFF_LIMIT,
        "podFailurePolicy": {
            "rules": [
                {
                    "action": "FailJob",
                    "onExitCodes": {"containerName": names.CONTAINER_NAME, "operator": "In", "values": never_retried},
                },
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            ]
        },
        "template": build_pod_template(destination, spec, trigger=trigger),
    }


def generation_annotation(destination: IntercomDestination) -> dict[str, str]:
    """Return the annotation with the generation of the spec that a Job was made from."""
    return {names.ANNOTATION_GENERATION: str(destination.generation)}


def owner_of(destination: IntercomDestination) -> Object:
    """Return the reference by which Kubernetes collects what belongs to a deleted destination."""
    return owner_reference(DESTINATIONS, name=destination.key.name, uid=destination.uid)


def is_orphan(live: Object, destination: IntercomDestination) -> bool:
    """Return whether this is a CronJob that the operator made for a destination of this name, and nobody owns now.

    It came with a backup, or its destination was deleted with `--cascade=orphan`.
    """
    metadata = live["metadata"]
    labelled = (metadata.get("labels") or {}).get(names.LABEL_DESTINATION) == destination.key.name
    return labelled and applied(live) is not None and not owner_references(live)


def annotated(desired: Object, live: Object | None, *, now: str) -> Object:
    """Return the CronJob with the annotations that the operator needs to decide later on.

    Args:
        desired: What `build_cronjob` made.
        live: The one in the cluster.
        now: The time, as Kubernetes writes it.
    """
    annotations = {
        names.ANNOTATION_APPLIED: digest(desired),
        names.ANNOTATION_DUE_SINCE: _due_since(desired, live, now),
    }
    return desired | {"metadata": desired["metadata"] | {"annotations": annotations}}


def due_since(live: Object | None) -> str | None:
    """Return since when the CronJob's due times count, as Kubernetes writes times."""
    annotations = (live or {}).get("metadata", {}).get("annotations") or {}
    since: str | None = annotations.get(names.ANNOTATION_DUE_SINCE)
    return since


def as_applied(live: Object, desired: Object) -> bool:
    """Return whether the CronJob in the cluster is what was applied, and what is desired now."""
    return is_annotated(live) and applied(live) == digest(desired) and covers(live, desired)


def applied(live: Object) -> str | None:
    """Return the digest of what was applied last, by the CronJob's own annotation."""
    value: str | None = (live["metadata"].get("annotations") or {}).get(names.ANNOTATION_APPLIED)
    return value


def is_annotated(live: Object) -> bool:
    """Return whether the CronJob has the annotations that the operator needs."""
    annotations = live["metadata"].get("annotations") or {}
    return {names.ANNOTATION_APPLIED, names.ANNOTATION_DUE_SINCE} <= set(annotations)


def _due_since(desired: Object, live: Object | None, now: str) -> str:
    """Return the time of the last change that makes earlier due times not count."""
    known = due_since(live)
    timing = ("schedule", "timeZone", "suspend")
    if live is None or known is None or any(live["spec"].get(key) != desired["spec"].get(key) for key in timing):
        return now
    return known


def _given(value: int | None, default: int) -> int:
    return default if value is None else value

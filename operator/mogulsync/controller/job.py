"""The Jobs that the operator makes itself, manual runs and checks, and the names that make them unique.

A name follows from what asked for the Job, so that an operator that was killed between making it and
saying so makes the same one again, and finds it there.
"""

import hashlib
from typing import Final

from mogulsync.controller.cronjob import build_job_spec, build_run_spec, generation_annotation
from mogulsync.controller.podtemplate import labels
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.objects import JOBS, Object, digest, owner_reference
from mogulsync.resource import names
from mogulsync.resource.spec import Spec

RUN_TTL_SECONDS: Final = 7 * 24 * 3600
"""How long a finished manual run's Job, with its log, is kept."""
CHECK_TTL_SECONDS: Final = 24 * 3600

_NAME_MAX_LENGTH: Final = 63
"""A Job's name becomes a label of its Pods."""
_HASH_LENGTH: Final = 10


def run_name(destination: Object, request: str) -> str:
    """Return the name of the Job that a value of the annotation `sync-requested-at` asks for."""
    return _name(destination, "manual", request)


def check_name(destination: Object, *, inputs: str, request: str | None, previous: str | None) -> str:
    """Return the name of the Job that checks these inputs on this request, after the check `previous`."""
    return _name(destination, "check", inputs, request or "", previous or "")


def check_inputs(destination: Object) -> str:
    """Return a fingerprint of the parts of the spec that a check looks at."""
    spec = destination["spec"]
    chartmogul, intercom, matching = spec["chartmogul"], spec["intercom"], spec["matching"]
    return digest(
        {
            "chartmogul": {key: chartmogul.get(key) for key in ("apiKeySecretRef", "url")},
            "intercom": {key: intercom.get(key) for key in ("oauthSecretRef", "region", "url")},
            "matching": {key: matching.get(key) for key in ("chartmogulField", "intercomFields")},
            "fields": spec["fields"],
        }
    )


def build_job(destination: Object, *, image: str, request: str) -> Object:
    """Return the Job of a manual run.

    Args:
        destination: The IntercomDestination as the API server stores it.
        image: What it runs unless spec.job.image says otherwise.
        request: Value of the annotation that asks for it.
    """
    trigger = names.TRIGGER_MANUAL
    spec = Spec.model_validate(destination["spec"])
    return _job(
        destination,
        name=run_name(destination, request),
        trigger=trigger,
        annotations={names.ANNOTATION_SYNC_REQUESTED_AT: request},
        spec=build_run_spec(destination, spec, image=image, trigger=trigger)
        | {"ttlSecondsAfterFinished": RUN_TTL_SECONDS},
    )


def build_check_job(
    destination: Object, *, image: str, inputs: str, request: str | None, previous: str | None
) -> Object:
    """Return the Job of a check. It has no deadline: while a Secret is missing, its Pod waits for it.

    Args:
        destination: The IntercomDestination as the API server stores it.
        image: What it runs unless spec.job.image says otherwise.
        inputs: Fingerprint of what it checks.
        request: Value of the annotation `check-requested-at`, if it is set.
        previous: Name of the Job of the check before.
    """
    trigger = names.TRIGGER_CHECK
    spec = Spec.model_validate(destination["spec"])
    annotations = {names.ANNOTATION_INPUTS: inputs}
    if request is not None:
        annotations[names.ANNOTATION_CHECK_REQUESTED_AT] = request
    return _job(
        destination,
        name=check_name(destination, inputs=inputs, request=request, previous=previous),
        trigger=trigger,
        annotations=annotations,
        spec=build_job_spec(destination, spec, image=image, trigger=trigger)
        | {"ttlSecondsAfterFinished": CHECK_TTL_SECONDS},
    )


def _job(destination: Object, *, name: str, trigger: str, annotations: dict[str, str], spec: Object) -> Object:
    metadata = destination["metadata"]
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": labels(metadata["name"], trigger),
            "annotations": generation_annotation(destination) | annotations,
            "ownerReferences": [
                owner_reference(DESTINATIONS, name=destination["metadata"]["name"], uid=destination["metadata"]["uid"])
            ],
        },
        "spec": spec,
    }


def _name(destination: Object, purpose: str, *because: str) -> str:
    metadata = destination["metadata"]
    text = "\0".join((metadata["uid"], purpose, *because))
    suffix = f"-{purpose}-{hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]}"
    base: str = metadata["name"][: _NAME_MAX_LENGTH - len(suffix)]
    return base.rstrip("-.") + suffix

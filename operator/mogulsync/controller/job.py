"""The Jobs that the operator makes itself, manual runs, previews and checks, and the names that make them unique.

A name follows from what asked for the Job, so that an operator that was killed between making it and
writing the status makes the same one again, and finds it there.
"""

from mogulsync.controller.cronjob import build_job_spec, build_run_spec, generation_annotation, owner_of
from mogulsync.controller.destination import IntercomDestination
from mogulsync.controller.podtemplate import build_pod_template, labels
from mogulsync.controller.settings import JOB
from mogulsync.kube.objects import JOBS, Object, digest
from mogulsync.resource import jobnames, names
from mogulsync.resource.spec import Spec


def run_name(destination: IntercomDestination, request: str) -> str:
    """Return the name of the Job that a value of the annotation `sync-requested-at` asks for."""
    return jobnames.run_name(request, uid=destination.uid, destination=destination.key.name)


def preview_name(destination: IntercomDestination, request: str) -> str:
    """Return the name of the Job that a value of the annotation `preview-requested-at` asks for."""
    return jobnames.preview_name(request, uid=destination.uid, destination=destination.key.name)


def check_name(
    destination: IntercomDestination, *, inputs: str, template: str, request: str | None, previous: str | None
) -> str:
    """Return the name of the Job that checks these inputs on this request, after the check `previous`."""
    return _name(destination, "check", inputs, template, request or "", previous or "")


def check_inputs(spec: Spec) -> str:
    """Return a fingerprint of the parts of the spec that a check looks at."""
    return digest(
        {
            "chartmogul": spec.chartmogul.model_dump(mode="json", by_alias=True, include={"api_key_secret_ref", "url"}),
            "intercom": spec.intercom.model_dump(
                mode="json", by_alias=True, include={"oauth_secret_ref", "region", "url"}
            ),
            "matching": spec.matching.model_dump(
                mode="json", by_alias=True, include={"chartmogul_field", "intercom_fields"}
            ),
            "fields": [field.model_dump(mode="json", by_alias=True, exclude_none=True) for field in spec.fields],
        }
    )


def check_template(destination: IntercomDestination, spec: Spec) -> str:
    """Return a digest of the Pod template of a check but for the manifest: of the image and all that spec.job asks for.

    What a check looks at in the manifest is among its inputs, so that a change of anything else, as of the schedule,
    supersedes no check.
    """
    template = build_pod_template(destination, spec, trigger=names.TRIGGER_CHECK)
    for container in template["spec"]["containers"]:
        container["env"] = [each for each in container["env"] if each["name"] != names.ENV_DESTINATION]
    return digest(template)


def build_run_job(destination: IntercomDestination, spec: Spec, *, request: str) -> Object:
    """Return the Job of a manual run.

    Args:
        destination: Whose it is.
        spec: Its spec, with the operator's defaults for `job`.
        request: Value of the annotation that asks for it.
    """
    trigger = names.TRIGGER_MANUAL
    return _job(
        destination,
        name=run_name(destination, request),
        trigger=trigger,
        annotations={names.ANNOTATION_SYNC_REQUESTED_AT: request},
        spec=build_run_spec(destination, spec, trigger=trigger) | {"ttlSecondsAfterFinished": JOB.run_ttl},
    )


def build_preview_job(destination: IntercomDestination, spec: Spec, *, request: str) -> Object:
    """Return the Job of a preview; the arguments are those of `build_run_job`."""
    trigger = names.TRIGGER_PREVIEW
    return _job(
        destination,
        name=preview_name(destination, request),
        trigger=trigger,
        annotations={names.ANNOTATION_PREVIEW_REQUESTED_AT: request},
        spec=build_run_spec(destination, spec, trigger=trigger) | {"ttlSecondsAfterFinished": JOB.run_ttl},
    )


def build_check_job(
    destination: IntercomDestination, spec: Spec, *, name: str, inputs: str, request: str | None
) -> Object:
    """Return the Job of a check.

    Args:
        destination: Whose it is.
        spec: Its spec, with the operator's defaults for `job`.
        name: As `check_name` returns it.
        inputs: Fingerprint of what it checks.
        request: Value of the annotation `check-requested-at`, if it is set.
    """
    trigger = names.TRIGGER_CHECK
    annotations = {names.ANNOTATION_INPUTS: inputs}
    if request is not None:
        annotations[names.ANNOTATION_CHECK_REQUESTED_AT] = request
    limits = {"activeDeadlineSeconds": JOB.check_deadline, "ttlSecondsAfterFinished": JOB.check_ttl}
    return _job(
        destination,
        name=name,
        trigger=trigger,
        annotations=annotations,
        spec=build_job_spec(destination, spec, trigger=trigger) | limits,
    )


def _job(
    destination: IntercomDestination, *, name: str, trigger: str, annotations: dict[str, str], spec: Object
) -> Object:
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": name,
            "namespace": destination.key.namespace,
            "labels": labels(destination.key.name, trigger),
            "annotations": generation_annotation(destination) | annotations,
            "ownerReferences": [owner_of(destination)],
        },
        "spec": spec,
    }


def _name(destination: IntercomDestination, purpose: str, *because: str) -> str:
    return jobnames.job_name(purpose, *because, uid=destination.uid, destination=destination.key.name)

"""The Pod that a run or a check works in.

It passes Pod Security `restricted` and has no way into the Kubernetes API: the destination comes as
an environment variable, the credentials from Secrets, and the report leaves as the termination message.
"""

import json
from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel

from mogulsync.controller.destination import IntercomDestination
from mogulsync.controller.settings import JOB
from mogulsync.kube.objects import Object
from mogulsync.resource import names
from mogulsync.resource.job import Job
from mogulsync.resource.spec import Spec

DEFAULT_RESOURCES: Final = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
"""A sync of 100,000 customers and 1,000,000 contacts takes 153 MiB at most (docs/benchmarks.md), about 1 KiB for each
customer: the limit is enough for some 400,000."""
_PARTIAL_EXIT_CODE: Final = "0"
"""To Kubernetes only 0 is done, and a run that succeeded in part is not to be retried."""

SYNC_ARGUMENTS: Final = (
    *("sync", "--report", names.TERMINATION_LOG),
    *("--progress", "off", "--partial-exit-code", _PARTIAL_EXIT_CODE),
)
CHECK_ARGUMENTS: Final = ("check", "--report", names.TERMINATION_LOG)
PREVIEW_ARGUMENTS: Final = (SYNC_ARGUMENTS[0], "--dry-run", *SYNC_ARGUMENTS[1:])
_ARGUMENTS: Final = {names.TRIGGER_CHECK: CHECK_ARGUMENTS, names.TRIGGER_PREVIEW: PREVIEW_ARGUMENTS}
_COMPONENTS: Final = {names.TRIGGER_CHECK: "check", names.TRIGGER_PREVIEW: "preview"}


def labels(destination: str, trigger: str) -> dict[str, str]:
    """Return the labels of everything that belongs to a destination."""
    return {
        names.LABEL_NAME: "mogulsync",
        names.LABEL_INSTANCE: destination,
        names.LABEL_COMPONENT: _COMPONENTS.get(trigger, "sync"),
        names.LABEL_PART_OF: "mogulsync",
        names.LABEL_MANAGED_BY: "mogulsync",
        names.LABEL_DESTINATION: destination,
        names.LABEL_TRIGGER: trigger,
    }


def build_pod_template(destination: IntercomDestination, spec: Spec, *, trigger: str) -> Object:
    """Return the Pod template of a destination's runs, checks or previews.

    Args:
        destination: Whose it is.
        spec: Its spec, with the operator's defaults for `job`.
        trigger: One of the TRIGGER_ values.
    """
    job = spec.job
    metadata: Object = {"labels": {**(job.pod_labels or {}), **labels(destination.key.name, trigger)}}
    if job.pod_annotations:
        metadata["annotations"] = job.pod_annotations
    return {"metadata": metadata, "spec": _pod_spec(job, _container(destination, spec, trigger))}


def _container(destination: IntercomDestination, spec: Spec, trigger: str) -> Object:
    job = spec.job
    container = {
        "name": names.CONTAINER_NAME,
        "image": job.image,
        "args": list(_ARGUMENTS.get(trigger, SYNC_ARGUMENTS)),
        "env": _environment(destination, spec),
        "resources": _json(job.resources) if job.resources else DEFAULT_RESOURCES,
        "terminationMessagePath": names.TERMINATION_LOG,
        "terminationMessagePolicy": "File",
        "securityContext": _json(job.security_context)
        | {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    return container | _present({"imagePullPolicy": job.image_pull_policy, "volumeMounts": _listed(job.volume_mounts)})


def _pod_spec(job: Job, container: Object) -> Object:
    """Return the Pod's spec: what spec.job asks for, and ours, which wins.

    No user id is set unless spec.job has one: OpenShift gives each namespace a range of its own.
    """
    ours = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": JOB.termination_grace,
        "securityContext": _json(job.pod_security_context)
        | {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return (
        _present(
            {
                "nodeSelector": job.node_selector,
                "tolerations": _listed(job.tolerations),
                "affinity": job.affinity,
                "topologySpreadConstraints": _listed(job.topology_spread_constraints),
                "priorityClassName": job.priority_class_name,
                "runtimeClassName": job.runtime_class_name,
                "serviceAccountName": job.service_account_name,
                "imagePullSecrets": _listed(job.image_pull_secrets),
                "hostAliases": _listed(job.host_aliases),
                "volumes": _listed(job.volumes),
            }
        )
        | ours
    )


def _present(wishes: Object) -> Object:
    return {key: value for key, value in wishes.items() if value}


def _listed(models: Iterable[BaseModel] | None) -> list[Object]:
    return [_json(model) for model in models or ()]


def _environment(destination: IntercomDestination, spec: Spec) -> list[Object]:
    """Return the container's variables; the resource's own come last and cannot replace ours."""
    key, token = spec.chartmogul.api_key_secret_ref, spec.intercom.oauth_secret_ref
    return [
        {"name": names.ENV_DESTINATION, "value": _manifest(destination)},
        _from_secret(names.ENV_CHARTMOGUL_API_KEY, key.name, key.key),
        _from_secret(names.ENV_INTERCOM_ACCESS_TOKEN, token.name, token.key),
        *(_json(variable) for variable in spec.job.env or ()),
    ]


def _from_secret(variable: str, secret: str, key: str) -> Object:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _manifest(destination: IntercomDestination) -> str:
    """Return the destination as the worker reads it, without spec.job, which is nothing to the worker.

    Kubernetes expands `$(NAME)` in a variable's value, so no dollar sign may be in it as such. A variable
    of more than 128 KiB keeps a process from starting (MAX_ARG_STRLEN of Linux), and spec.job may be as long.
    """
    manifest = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": destination.key.name, "namespace": destination.key.namespace},
        "spec": {key: value for key, value in destination.manifest_spec.items() if key != "job"},
    }
    text = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("$", "\\u0024")


def _json(model: BaseModel | None) -> Object:
    """Return a part of spec.job as the API server takes it; an empty object for None."""
    document: Object = model.model_dump(mode="json", by_alias=True, exclude_none=True) if model else {}
    return document

"""The Pod that a run or a check works in.

It passes Pod Security `restricted` and has no way into the Kubernetes API: the destination comes as
an environment variable, the credentials from Secrets, and the report leaves as the termination message.
"""

import json
from typing import Any, Final

from mogulsync.kube.objects import Object
from mogulsync.resource import names
from mogulsync.resource.job import Job
from mogulsync.resource.spec import Spec

_DEFAULT_RESOURCES: Final = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
"""A run of 100,000 customers takes 153 MiB (docs/benchmarks.md), and 1.1 kB more for each: enough for 400,000."""
_GRACE_SECONDS: Final = 30
"""More than the 5 seconds that an interrupted run needs for its report."""
_PARTIAL_EXIT_CODE: Final = "0"
"""To Kubernetes only 0 is done, and a run that succeeded in part is not to be retried."""

SYNC_ARGUMENTS: Final = (
    *("sync", "--report", names.TERMINATION_LOG),
    *("--progress", "off", "--partial-exit-code", _PARTIAL_EXIT_CODE),
)
CHECK_ARGUMENTS: Final = ("check", "--report", names.TERMINATION_LOG)


def labels(destination: str, trigger: str) -> dict[str, str]:
    """Return the labels of everything that belongs to a destination."""
    return {
        names.LABEL_NAME: "mogulsync",
        names.LABEL_INSTANCE: destination,
        names.LABEL_COMPONENT: "check" if trigger == names.TRIGGER_CHECK else "sync",
        names.LABEL_PART_OF: "mogulsync",
        names.LABEL_MANAGED_BY: "mogulsync",
        names.LABEL_DESTINATION: destination,
        names.LABEL_TRIGGER: trigger,
    }


def build_pod_template(destination: Object, spec: Spec, *, image: str, trigger: str) -> Object:
    """Return the Pod template of a destination's runs or, for the trigger `check`, of its checks.

    Args:
        destination: The IntercomDestination as the API server stores it.
        spec: Its spec.
        image: What to run unless spec.job.image says otherwise.
        trigger: One of the TRIGGER_ values.
    """
    job = spec.job
    own = labels(destination["metadata"]["name"], trigger)
    metadata: Object = {"labels": {**(job.pod_labels or {}), **own}}
    if job.pod_annotations:
        metadata["annotations"] = job.pod_annotations
    container = {
        "name": names.CONTAINER_NAME,
        "image": job.image or image,
        "args": list(CHECK_ARGUMENTS if trigger == names.TRIGGER_CHECK else SYNC_ARGUMENTS),
        "env": _environment(destination, spec),
        "resources": _json(job.resources) if job.resources else _DEFAULT_RESOURCES,
        "terminationMessagePath": names.TERMINATION_LOG,
        "terminationMessagePolicy": "File",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    return {"metadata": metadata, "spec": _placement(job) | _pod_spec(container)}


def _pod_spec(container: Object) -> Object:
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }


def _placement(job: Job) -> Object:
    """Return where and how urgently the Pod is to run, as far as the resource says so."""
    wishes = {
        "nodeSelector": job.node_selector,
        "tolerations": [_json(toleration) for toleration in job.tolerations or ()],
        "affinity": job.affinity,
        "priorityClassName": job.priority_class_name,
    }
    return {key: value for key, value in wishes.items() if value}


def _environment(destination: Object, spec: Spec) -> list[Object]:
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


def _manifest(destination: Object) -> str:
    """Return the destination as the worker reads it.

    Kubernetes expands `$(NAME)` in a variable's value, so no dollar sign may stand in it as such.
    """
    metadata = destination["metadata"]
    manifest = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": destination["spec"],
    }
    text = json.dumps(manifest, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("$", "\\u0024")


def _json(model: Any) -> Object:
    document: Object = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return document

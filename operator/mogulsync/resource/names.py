"""Every name that both sides and the cluster agree on: group, labels, annotations, variables."""

from typing import Final

GROUP: Final = "mogulsync.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "IntercomDestination"
PLURAL: Final = "intercomdestinations"
SINGULAR: Final = "intercomdestination"
SHORT_NAME: Final = "icd"
CATEGORY: Final = "mogulsync"

FIELD_MANAGER: Final = "mogulsync"
"""Owner of every field that the operator applies."""
LEASE_NAME: Final = "mogulsync"
"""Name of the Lease of an operator that is given no --lease-name."""

NAME_MAX_LENGTH: Final = 52
"""Longest name of a resource: Kubernetes allows a CronJob, which carries the same name, no more."""

LABEL_NAME: Final = "app.kubernetes.io/name"
LABEL_INSTANCE: Final = "app.kubernetes.io/instance"
LABEL_COMPONENT: Final = "app.kubernetes.io/component"
LABEL_PART_OF: Final = "app.kubernetes.io/part-of"
LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
LABEL_DESTINATION: Final = f"{GROUP}/destination"
"""Name of the IntercomDestination that a CronJob, Job or Pod belongs to."""
LABEL_TRIGGER: Final = f"{GROUP}/trigger"
"""What started a Job: one of the TRIGGER_ values."""

TRIGGER_SCHEDULE: Final = "schedule"
TRIGGER_MANUAL: Final = "manual"
TRIGGER_CHECK: Final = "check"
TRIGGER_PREVIEW: Final = "preview"

ANNOTATION_SYNC_REQUESTED_AT: Final = f"{GROUP}/sync-requested-at"
"""Run now: each new value starts one Job."""
ANNOTATION_CHECK_REQUESTED_AT: Final = f"{GROUP}/check-requested-at"
"""Check now: each new value starts one check Job."""
ANNOTATION_PREVIEW_REQUESTED_AT: Final = f"{GROUP}/preview-requested-at"
"""Dry run in the cluster: each new value starts one preview Job."""

ANNOTATION_GENERATION: Final = f"{GROUP}/generation"
"""On a Job: generation of the spec that it was made from."""
ANNOTATION_INPUTS: Final = f"{GROUP}/inputs"
"""On a check's Job: fingerprint of what it checks."""
ANNOTATION_APPLIED: Final = f"{GROUP}/applied"
"""On a CronJob: digest of what the operator applied last."""
ANNOTATION_DUE_SINCE: Final = f"{GROUP}/due-since"
"""On a CronJob: since when its due times count, which is the last change of schedule, timeZone or suspend."""

CONTAINER_NAME: Final = "sync"
"""The one container of every Job's Pod."""

TERMINATION_LOG: Final = "/dev/termination-log"
"""Where the worker's report leaves its Pod: the kubelet's default termination message path."""

ENV_DESTINATION: Final = "MOGULSYNC_DESTINATION"
"""Holds the manifest inline when no --destination is given."""
ENV_CHARTMOGUL_API_KEY: Final = "CHARTMOGUL_API_KEY"
ENV_INTERCOM_ACCESS_TOKEN: Final = "INTERCOM_ACCESS_TOKEN"  # noqa: S105 - the variable's name
ENV_IMAGE: Final = "MOGULSYNC_IMAGE"
"""The image that Jobs run, when the operator is given no --image."""

RESERVED_ENV: Final = (ENV_CHARTMOGUL_API_KEY, ENV_INTERCOM_ACCESS_TOKEN, ENV_DESTINATION)
"""Variables of a Job's container that the operator sets itself."""

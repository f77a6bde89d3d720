"""What a person can do about each reason that a status, an event or a report carries.

`docs/destination.md` shows these texts (a test holds it to them) and `mogulsync status NAME` prints them.
"""

from itertools import chain
from typing import Final

from mogulsync.resource.reasons import (
    AttributeReason,
    ConditionReason,
    NoticeReason,
    RecordReason,
    RunReason,
    WarningReason,
)

_NAME: Final = "NAME"
"""Placeholder of the destination's name in the texts."""

RUN_FIXES: Final[dict[RunReason, str]] = {
    RunReason.SUCCEEDED: "Nothing: all is well.",
    RunReason.PARTIALLY_SUCCEEDED: (
        "Look up the reasons under errors and attributes.refused of the report. The next run tries again what failed."
    ),
    RunReason.INVALID_DESTINATION: (
        "Correct the field that the message names. If it is called unknown and is right, the image is older than "
        "the operator: update spec.job.image."
    ),
    RunReason.MISSING_CREDENTIALS: (
        "The key of the Secret is there and empty: put the API key or token into it, then ask for a check: "
        "kubectl mogulsync check-now NAME, or a new value of the annotation mogulsync.dev/check-requested-at."
    ),
    RunReason.CREDENTIALS_REJECTED: (
        "Put a valid API key or token with the permissions that it needs into the Secret, then ask for a check: "
        "kubectl mogulsync check-now NAME, or a new value of the annotation mogulsync.dev/check-requested-at. If "
        "ChartMogul answered 402, the account's subscription needs attention, not the Secret."
    ),
    RunReason.ATTRIBUTES_NOT_USABLE: (
        "Change the attributes that the message names in Intercom, or name others in spec.fields or "
        "spec.matching.intercomFields."
    ),
    RunReason.GUARD_TRIPPED: (
        "Look at what would change: kubectl mogulsync preview NAME. If it is right, raise spec.maxChangedPercent;"
        " if not, correct spec.matching or spec.fields."
    ),
    RunReason.CHARTMOGUL_UNAVAILABLE: (
        "Nothing at first: the Job tries again, and the next run finds what is left to do. If it lasts, look at "
        "ChartMogul's status page and at the network between the cluster and its API."
    ),
    RunReason.INTERCOM_UNAVAILABLE: (
        "Nothing at first: the Job tries again, and the next run finds what is left to do. If it lasts, look at "
        "Intercom's status page and at the network between the cluster and its API."
    ),
    RunReason.INTERRUPTED: (
        "Nothing at first: the Job tries again, and the next run finds what is left to do. If it happens often, "
        "find out what stops the Pod: drained nodes, or spec.job.activeDeadlineSeconds."
    ),
    RunReason.INTERNAL_ERROR: "Report it with the log of the run: kubectl mogulsync logs NAME.",
}
"""Fixes of the reasons for which a run or a check ends."""

ATTRIBUTE_FIXES: Final[dict[AttributeReason, str]] = {
    AttributeReason.WRONG_TYPE: (
        "Name another attribute in spec.fields: Intercom does not change the type of one that exists."
    ),
    AttributeReason.ARCHIVED: "Unarchive the attribute in Intercom's settings, or name another in spec.fields.",
    AttributeReason.HAS_OPTIONS: "Name another attribute in spec.fields: a list of options takes no other values.",
    AttributeReason.NOT_WRITABLE: "Name another attribute in spec.fields: Intercom's API does not write to this one.",
    AttributeReason.NAME_TAKEN: "Name another attribute in spec.fields: the workspace has other data of this name.",
    AttributeReason.LIMIT_REACHED: (
        "Archive attributes that nobody uses in Intercom's settings, or send fewer fields."
    ),
    AttributeReason.CANNOT_CREATE: (
        "Do what Intercom's own words in the report ask for, or create the attribute in Intercom's settings."
    ),
    AttributeReason.NOT_FOUND: (
        "Create the attribute in Intercom, or correct its name in spec.matching.intercomFields."
    ),
}
"""Fixes of the reasons for which an attribute is refused."""

RECORD_FIXES: Final[dict[RecordReason, str]] = {
    RecordReason.NOT_STORED: (
        "Look at the contact of the example in Intercom: it took the write and dropped a value. The attribute may"
        " have been archived or restricted since."
    ),
    RecordReason.REJECTED: (
        "Look up Intercom's error code and words under detail of the report, and the contact of the example in "
        "Intercom."
    ),
    RecordReason.UNAVAILABLE: "Nothing: the next run writes these contacts.",
    RecordReason.THROTTLED: (
        "Nothing: the next run writes these contacts. If it happens often, lower spec.rateLimitPercent or move "
        "the schedule away from what else uses the workspace's API."
    ),
    RecordReason.CLEAR_FAILED: (
        "Nothing: the next run clears these contacts. If it lasts, look up Intercom's error code and words under "
        "detail of the report."
    ),
}
"""Fixes of the reasons for which contacts fail. A run that ends early gives them its own reason."""

WARNING_FIXES: Final[dict[WarningReason, str]] = {
    WarningReason.MIXED_CURRENCIES: (
        "List what one unit of the other currencies is worth in spec.chartmogul.exchangeRates; without, "
        "NetPayments of these customers stays empty."
    ),
    WarningReason.CUSTOM_ATTRIBUTE_TYPE: (
        "Set type of the field to what ChartMogul holds, or correct the values there; those of another type stay empty."
    ),
    WarningReason.UNREADABLE: (
        "Report it with the log of the run, which has the ids: kubectl mogulsync logs NAME. What could not "
        "be read was left out."
    ),
    WarningReason.UNKNOWN_DATA_SOURCE: "Correct the uuids in spec.chartmogul.dataSources: no customer has them.",
    WarningReason.INCOMPLETE_SEARCH: (
        "Set spec.intercom.readPlan to Scan: Intercom's search did not show all contacts."
    ),
    WarningReason.CLEARS_MANY: (
        "Look at what would be cleared: kubectl mogulsync preview NAME. More contacts would be than match, which "
        "a wrong API key, matching or data source causes; nothing was cleared."
    ),
    WarningReason.REGION_MISMATCH: "Set spec.intercom.region to the workspace's own.",
}
"""Fixes of the warnings of a report."""

CONDITION_FIXES: Final[dict[ConditionReason, str]] = {
    ConditionReason.READY: "Nothing: all is well.",
    ConditionReason.SUSPENDED: "Nothing, or start the schedule again: kubectl mogulsync resume NAME.",
    ConditionReason.CHECKING: (
        "Nothing while a check is under way; the message says what it waits for. Where the message says that there was "
        "no answer, let Pods of this namespace reach api.chartmogul.com and the API of your Intercom region on port "
        "443 (DNS, proxy, NetworkPolicy); the check is repeated by itself."
    ),
    ConditionReason.SECRET_NOT_FOUND: (
        "Create the Secret, or the key in it, in the destination's namespace. The next check sees it by itself."
    ),
    ConditionReason.INVALID_SCHEDULE: "Correct spec.schedule or spec.timeZone as the message says.",
    ConditionReason.INVALID_JOB: "Correct spec.job as the message says.",
    ConditionReason.REFUSED: (
        "Allow what the message names: a permission, a quota or an admission policy of the cluster is in the way."
        " The operator tries again by itself."
    ),
    ConditionReason.REQUEST_FAILED: (
        "Nothing at first: the operator tries again by itself. If it lasts, the message names what does not answer, "
        "such as an admission webhook."
    ),
    ConditionReason.REPLACING: (
        "Nothing: Kubernetes is about to delete the CronJob of a deleted destination of this name."
    ),
    ConditionReason.NAME_CONFLICT: (
        "Delete the CronJob of this name, which is not the destination's, or give the destination another name."
    ),
    ConditionReason.NO_REPORT: (
        "Look at the log of the run: kubectl mogulsync logs NAME. The next run compares again and reports."
    ),
    ConditionReason.NO_RUN_YET: "Nothing, or run it now: kubectl mogulsync sync-now NAME.",
    ConditionReason.RUN_MISSED: (
        "Look at the last runs: kubectl mogulsync status NAME, then logs NAME. Where no Job was made, kubectl "
        "describe cronjob NAME says why. Then kubectl mogulsync sync-now NAME."
    ),
    ConditionReason.ON_TIME: "Nothing: all is well.",
}
"""Fixes of the reasons that the operator gives of its own."""

NOTICE_FIXES: Final[dict[NoticeReason, str]] = {
    NoticeReason.STALE_REQUEST: (
        "Nothing, or ask again: kubectl mogulsync sync-now NAME. The annotation is older than the destination, as "
        "after a restored backup."
    ),
    NoticeReason.CONTENDED: (
        "Let only one operator serve the destination's namespace, and let no GitOps tool own its CronJob: kubectl get "
        "cronjob NAME -o yaml --show-managed-fields names who writes it."
    ),
}
"""Fixes of the reasons that only Events carry."""

KUBERNETES_FIXES: Final[dict[str, str]] = {
    "DeadlineExceeded": (
        "Raise spec.job.activeDeadlineSeconds, or spec.rateLimitPercent if the workspace allows it. The next run "
        "goes on where this one ended."
    ),
    "OOMKilled": "Raise the memory limit in spec.job.resources.",
    "Evicted": "Raise the requests in spec.job.resources to what a run uses, or give it a node with more room.",
    "BackoffLimitExceeded": (
        "Look at the log of the last Pod: kubectl mogulsync logs NAME. Each Pod of the Job failed."
    ),
    "PodFailurePolicy": (
        "Look at the log of the last Pod: kubectl mogulsync logs NAME. A retry could not have helped."
    ),
    "ImagePullBackOff": (
        "Correct spec.job.image or the operator's --image, or list the registry's credentials in "
        "spec.job.imagePullSecrets."
    ),
    "ErrImagePull": (
        "Correct spec.job.image or the operator's --image, or list the registry's credentials in "
        "spec.job.imagePullSecrets."
    ),
    "InvalidImageName": "Correct spec.job.image or the operator's --image.",
    "CreateContainerConfigError": (
        "Look at the Pod's events: kubectl describe pod -l mogulsync.dev/destination=NAME. Something that "
        "spec.job refers to is missing."
    ),
    "Unschedulable": (
        "Look at the Pod's events: kubectl describe pod -l mogulsync.dev/destination=NAME. No node has room for "
        "it, or spec.job's nodeSelector, affinity and tolerations fit none."
    ),
}
"""Fixes of reasons that Kubernetes gives for a Job or Pod without a report."""

_FIXES: Final[dict[str, str]] = dict(
    chain[tuple[str, str]](
        RUN_FIXES.items(),
        ATTRIBUTE_FIXES.items(),
        RECORD_FIXES.items(),
        WARNING_FIXES.items(),
        CONDITION_FIXES.items(),
        NOTICE_FIXES.items(),
        KUBERNETES_FIXES.items(),
    )
)


def fix_for(reason: str, *, name: str = _NAME) -> str | None:
    """Return what a person can do about a reason, with the destination's name in the commands.

    None where the reason is not one of ours and not one of Kubernetes' that is known here.
    """
    fix = _FIXES.get(reason)
    return fix.replace(_NAME, name) if fix is not None else None

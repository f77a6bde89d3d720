"""The status of an IntercomDestination: what the operator saw last.

Only the operator writes it and only the CustomResourceDefinition's generator reads the whole of it;
the worker's report travels inside as `lastSync`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

HISTORY_LENGTH = 10
"""Runs kept in status.history."""

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A time as Kubernetes writes it: RFC 3339, UTC, whole seconds."""
_KEEP_UNKNOWN: dict[str, Any] = {"x-kubernetes-preserve-unknown-fields": True}


class StatusModel(BaseModel):
    """Base of the status' models: camelCase; what a newer version added is kept; built when used."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="allow", defer_build=True
    )


class Condition(StatusModel):
    """A condition, as the Kubernetes API conventions define it."""

    type: str = Field(description="Type of the condition.")
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.")
    observed_generation: int | None = Field(
        None, json_schema_extra={"format": "int64"}, description="Generation of the spec that it speaks of."
    )
    last_transition_time: Time = Field(description="When its status last changed.")
    reason: str = Field(min_length=1, max_length=1024, description="Why, in one word.")
    message: str = Field(max_length=32768, description="Why, for a person, with the fix.")


class WorkspaceStatus(StatusModel):
    """An Intercom workspace, as Intercom names it."""

    id: str | None = Field(None, description="The workspace's id.")
    name: str | None = Field(None, description="The workspace's name.")
    region: str | None = Field(None, description="Region that hosts it.")


class CustomerCounts(StatusModel):
    """Customers by what became of them."""

    model_config = ConfigDict(json_schema_extra=_KEEP_UNKNOWN)
    total: int | None = Field(None, description="Customers that ChartMogul listed.")
    matched: int | None = Field(None, description="Customers whose data went to a contact.")
    ambiguous: int | None = Field(None, description="Customers skipped because several contacts match.")
    unmatched: int | None = Field(None, description="Customers with a key that no contact has.")
    unmatchable: int | None = Field(None, description="Customers without a usable key.")
    conflicts: int | None = Field(None, description="Customers whose contacts all took another customer's data.")


class ContactCounts(StatusModel):
    """Contacts by what became of them."""

    model_config = ConfigDict(json_schema_extra=_KEEP_UNKNOWN)
    matched: int | None = Field(None, description="Contacts that a customer matches.")
    updated: int | None = Field(None, description="Contacts written.")
    unchanged: int | None = Field(None, description="Contacts that had every value already.")
    failed: int | None = Field(None, description="Contacts that could not be written.")
    vanished: int | None = Field(None, description="Contacts that went away during the run.")
    cleared: int | None = Field(None, description="Contacts without a customer whose values were cleared.")


class JobReport(StatusModel):
    """The report of a Job, with the Job's name. Fields of a newer worker's report are kept."""

    model_config = ConfigDict(json_schema_extra=_KEEP_UNKNOWN)
    job: str | None = Field(None, description="Name of the Job.")
    outcome: str | None = Field(None, description="Succeeded, PartiallySucceeded or Failed.")
    reason: str | None = Field(None, description="Why, in one word.")
    message: str | None = Field(None, description="What happened, for a person.")
    start_time: Time | None = Field(None, description="When the run began.")
    completion_time: Time | None = Field(None, description="When the run ended.")
    customers: CustomerCounts | None = Field(None, description="Customers by what became of them.")
    contacts: ContactCounts | None = Field(None, description="Contacts by what became of them.")


class LastSync(JobReport):
    """The last run's report, with its Job and trigger."""

    trigger: str | None = Field(None, description="schedule or manual.")


class LastPreview(JobReport):
    """The last dry run's report, with its Job; updated and fields count what would be written."""


class LastCheck(StatusModel):
    """The last finished check of credentials and attributes."""

    job: str | None = Field(None, description="Name of the check's Job.")
    inputs: str | None = Field(None, description="Fingerprint of the parts of the spec that were checked.")
    request: str | None = Field(
        None, description="Value that the annotation mogulsync.dev/check-requested-at had when it began."
    )
    outcome: str | None = Field(None, description="Succeeded or Failed.")
    reason: str | None = Field(None, description="Why, in one word.")
    message: str | None = Field(None, description="What was found, for a person.")
    completion_time: Time | None = Field(None, description="When the check ended.")
    unanswered_count: int | None = Field(None, description="Checks in a row that reached no answer.")
    next_check_time: Time | None = Field(
        None, description="When the operator checks again by itself, after one that reached no answer."
    )


class Evidence(StatusModel):
    """What Ready goes by: the last check, preview or run that reached an answer."""

    job: str | None = Field(None, description="Name of the Job that reached the answer.")
    generation: int | None = Field(
        None, json_schema_extra={"format": "int64"}, description="Generation of the spec that the Job was made from."
    )
    reason: str | None = Field(
        None,
        description="Succeeded, or why a person must act: CredentialsRejected, MissingCredentials, InvalidDestination, "
        "AttributesNotUsable, GuardTripped.",
    )
    message: str | None = Field(None, description="What was found, for a person.")
    guard_message: str | None = Field(
        None,
        description="What the guard said that stopped the last run of this generation, where a check or preview was "
        "rejected since.",
    )
    completion_time: Time | None = Field(None, description="When the answer was reached.")


class HistoryEntry(StatusModel):
    """One of the last runs, in short."""

    job: str = Field(description="Name of the run's Job.")
    trigger: str | None = Field(None, description="schedule or manual.")
    outcome: str | None = Field(None, description="Succeeded, PartiallySucceeded or Failed.")
    start_time: Time | None = Field(None, description="When the run began.")
    completion_time: Time | None = Field(None, description="When the run ended.")
    matched: int | None = Field(None, description="Customers matched.")
    updated: int | None = Field(None, description="Contacts written.")
    failed: int | None = Field(None, description="Contacts that could not be written.")


class Status(StatusModel):
    """What the operator saw last."""

    observed_generation: int | None = Field(
        None,
        json_schema_extra={"format": "int64"},
        description="Generation of the spec that this status speaks of.",
    )
    conditions: list[Condition] | None = Field(
        None,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        description="Ready, Synced, Overdue; Reconciling and Stalled only while True.",
    )
    message: str | None = Field(
        None, description="Ready's message, or Synced's when Ready is True: what kubectl get -o wide shows."
    )
    workspace: WorkspaceStatus | None = Field(None, description="The workspace, as the last check or run saw it.")
    cron_job: str | None = Field(None, description="Name of the CronJob in place.")
    next_sync_time: Time | None = Field(None, description="When the next run is due.")
    last_sync_time: Time | None = Field(None, description="End of the last finished run.")
    last_successful_sync_time: Time | None = Field(None, description="End of the last run that succeeded wholly.")
    last_successful_sync_start_time: Time | None = Field(
        None, description="When the last run that succeeded, at least partly, began, by the cluster's clock."
    )
    consecutive_failures: int | None = Field(None, description="Runs since the last one that succeeded wholly.")
    last_sync: LastSync | None = Field(None, description="Report of the last finished run.")
    last_preview: LastPreview | None = Field(None, description="Report of the last dry run in the cluster.")
    last_check: LastCheck | None = Field(None, description="Result of the last finished check.")
    evidence: Evidence | None = Field(None, description="The last check, preview or run that reached an answer.")
    history: list[HistoryEntry] | None = Field(
        None,
        max_length=HISTORY_LENGTH,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
        description="The last 10 runs, newest first.",
    )
    last_handled_sync_request: str | None = Field(
        None, description="Value of the annotation mogulsync.dev/sync-requested-at that was acted on last."
    )
    last_handled_check_request: str | None = Field(
        None, description="Value of the annotation mogulsync.dev/check-requested-at that was acted on last."
    )
    last_handled_preview_request: str | None = Field(
        None, description="Value of the annotation mogulsync.dev/preview-requested-at that was acted on last."
    )

"""Every reason that a status, event or report may carry, once, with its meaning.

A run's reason becomes the reason of the conditions and events that report it, so that whoever reads
one can look the word up here.
"""

from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """How a run or a check ended."""

    SUCCEEDED = "Succeeded"
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    FAILED = "Failed"


class ExitCode(IntEnum):
    """What the worker's exit code means to the Job that runs it."""

    SUCCEEDED = 0
    USAGE = 2
    """The command line, the manifest or a missing credential variable: no retry can help."""
    PARTIALLY_SUCCEEDED = 3
    FAILED = 4
    """Failed, and a retry cannot help."""
    RETRYABLE = 5
    """Failed, and a retry may help."""


class RunReason(StrEnum):
    """Why a run or a check ended as it did."""

    SUCCEEDED = "Succeeded"
    """Every matched contact is as ChartMogul says."""
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    """Some records or fields failed; the report names them."""
    INVALID_DESTINATION = "InvalidDestination"
    """The manifest is wrong; the message names the field and the fix."""
    MISSING_CREDENTIALS = "MissingCredentials"
    """A credential variable is not set or empty."""
    CREDENTIALS_REJECTED = "CredentialsRejected"
    """ChartMogul or Intercom refused the key or token, or it lacks a permission."""
    ATTRIBUTES_NOT_USABLE = "AttributesNotUsable"
    """No selected attribute, or one that matching needs, can be used in Intercom."""
    GUARD_TRIPPED = "GuardTripped"
    """More contacts would change than spec.maxChangedPercent allows; nothing was written."""
    CHARTMOGUL_UNAVAILABLE = "ChartMogulUnavailable"
    """ChartMogul could not be read to the end."""
    INTERCOM_UNAVAILABLE = "IntercomUnavailable"
    """Intercom could not be read to the end, or no write came through."""
    INTERRUPTED = "Interrupted"
    """The run got SIGTERM before it was done."""
    INTERNAL_ERROR = "InternalError"
    """A fault of mogulsync itself; the log has the trace."""


class AttributeReason(StrEnum):
    """Why an Intercom attribute cannot be used."""

    WRONG_TYPE = "WrongType"
    """It exists with another data type, which Intercom's API cannot change."""
    ARCHIVED = "Archived"
    """Intercom ignores writes to archived attributes without a word."""
    HAS_OPTIONS = "HasOptions"
    """It is a list of options; other values are refused."""
    NOT_WRITABLE = "NotWritable"
    """It is not writable by API."""
    NAME_TAKEN = "NameTaken"
    """Another kind of data of the workspace has this name."""
    LIMIT_REACHED = "LimitReached"
    """The workspace has as many custom attributes as Intercom allows."""
    CANNOT_CREATE = "CannotCreate"
    """Intercom refused to create it; its own message is kept."""
    NOT_FOUND = "NotFound"
    """An attribute of spec.matching.intercomFields that the workspace does not have."""


class RecordReason(StrEnum):
    """Why a single contact was not written. A run's own reason takes this place when it ends early."""

    NOT_STORED = "NotStored"
    """Intercom answered with success and dropped a value."""
    REJECTED = "Rejected"
    """Intercom refused the contact's values."""
    UNAVAILABLE = "Unavailable"
    """No usable answer after every attempt."""
    THROTTLED = "Throttled"
    """Throttled in every attempt."""
    CLEAR_FAILED = "ClearFailed"
    """The values of a contact without a customer could not be cleared."""


class WarningReason(StrEnum):
    """What a run found and did not fail by. A warning's count is the number of what it is about."""

    MIXED_CURRENCIES = "MixedCurrencies"
    """Customers whose payments are in another currency than they are: NetPayments left empty."""
    CUSTOM_ATTRIBUTE_TYPE = "CustomAttributeType"
    """Matched customers with a custom attribute that is not of the field's type: its value is left empty."""
    UNREADABLE = "Unreadable"
    """Records of ChartMogul or Intercom not of the documented shape: they, or what could not be read, were left out."""
    UNKNOWN_DATA_SOURCE = "UnknownDataSource"
    """Entries of spec.chartmogul.dataSources that no customer has."""
    INCOMPLETE_SEARCH = "IncompleteSearch"
    """Contacts that the pages of Intercom's searches lacked, by the searches' own total_count."""
    CLEARS_MANY = "ClearsMany"
    """Contacts that would have been cleared, more than match: none was."""
    REGION_MISMATCH = "RegionMismatch"
    """Intercom names another region than spec.intercom.region."""


class ConditionType(StrEnum):
    """The conditions of an IntercomDestination."""

    READY = "Ready"
    SYNCED = "Synced"
    OVERDUE = "Overdue"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


class ConditionReason(StrEnum):
    """Reasons that the operator gives of its own; a run's or check's reason may be there too."""

    READY = "Ready"
    """The CronJob is in place and the credentials passed a check."""
    SUSPENDED = "Suspended"
    """As Ready, but the schedule is suspended."""
    CHECKING = "Checking"
    """A check of the credentials is under way."""
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason's name
    """A Secret, or the key in it, does not exist; the next check sees it when it appears."""
    INVALID_SCHEDULE = "InvalidSchedule"
    """The CronJob API refuses the schedule or the time zone, or the schedule is never due."""
    INVALID_JOB = "InvalidJob"
    """The CronJob API refuses what spec.job asks for."""
    REFUSED = "Refused"
    """Permissions, a quota or an admission policy of the cluster forbid the CronJob or a Job."""
    REQUEST_FAILED = "RequestFailed"
    """The API server, or a webhook that it asks, cannot take the CronJob or a Job; sent again until it does."""
    REPLACING = "Replacing"
    """A deleted resource of this name left a CronJob behind that Kubernetes is about to collect."""
    NAME_CONFLICT = "NameConflict"
    """A CronJob of this name exists that the resource does not own."""
    NO_REPORT = "NoReport"
    """The run's Job completed, and its report is missing or cannot be read. (One that failed has Kubernetes' own.)"""
    NO_RUN_YET = "NoRunYet"
    """No run has ended yet."""
    RUN_MISSED = "RunMissed"
    """The last due time passed and no run that began since has succeeded."""
    ON_TIME = "OnTime"
    """No due time was missed."""


class NoticeReason(StrEnum):
    """Reasons of Events that no condition shows."""

    STALE_REQUEST = "StaleRequest"
    """A request that is older than the resource, as after a restored backup, is echoed and not acted on."""
    CONTENDED = "Contended"
    """Something else, such as a second operator, changes again and again what the operator writes."""

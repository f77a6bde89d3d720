"""The report of one run or check, as it travels in the termination message and in status.lastSync."""

import json
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mogulsync.resource.reasons import AttributeReason, ExitCode, Outcome, RunReason, WarningReason
from mogulsync.resource.sources import Source

REPORT_VERSION: Final = 1
REPORT_MAX_BYTES: Final = 4096
"""What Kubernetes keeps of a termination message (Pod API, terminationMessagePath): the last bytes of a longer one."""
JSON_MAX_BYTES: Final = REPORT_MAX_BYTES - len("\n")
"""Of a report without the end of its line, which one that is written to a file has too."""
TEXT_MAX_LENGTH: Final = 400
"""Characters kept of a message."""
_WORKSPACE_MAX_LENGTH: Final = 100
"""Characters kept of the workspace's id, name and region."""

_RETRY_CANNOT_HELP: Final = frozenset(
    {RunReason.CREDENTIALS_REJECTED, RunReason.ATTRIBUTES_NOT_USABLE, RunReason.GUARD_TRIPPED}
)
_USAGE: Final = frozenset({RunReason.INVALID_DESTINATION, RunReason.MISSING_CREDENTIALS})


class ReportPart(BaseModel):
    """Base of the report's parts: camelCase, unknown keys refused.

    They are built when first used: a run needs them at its end, not before its first request.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid", defer_build=True
    )


class WorkspaceName(ReportPart):
    """The Intercom workspace, from `/me`."""

    id: str | None = None
    name: str | None = None
    region: str | None = None


class Customers(ReportPart):
    """Customers; `total` is the sum of all others."""

    total: int = 0
    matched: int = 0
    ambiguous: int = 0
    unmatched: int = 0
    unmatchable: int = 0
    conflicts: int = 0


class Contacts(ReportPart):
    """Contacts; `matched` is the sum of all others but `cleared`."""

    matched: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    vanished: int = 0
    cleared: int = 0
    """Contacts without a customer whose values were cleared; not among the matched."""


class RefusedAttribute(ReportPart):
    """An attribute that the run could not use."""

    attribute: str
    reason: AttributeReason
    message: str | None = None
    """Intercom's own words, with CannotCreate."""


class Attributes(ReportPart):
    """What became of the selected attributes."""

    created: list[str] = Field(default_factory=list)
    refused: list[RefusedAttribute] = Field(default_factory=list)


class Requests(ReportPart):
    """HTTP requests, every attempt counted."""

    chartmogul: int = 0
    intercom: int = 0
    throttled: int = 0
    """Answers 429 of both APIs."""
    retried: int = 0
    """Attempts after the first."""


class Example(ReportPart):
    """One record with an error, by ids only."""

    contact: str | None = None
    request_id: str | None = None


class ErrorCount(ReportPart):
    """Contacts that failed for one reason."""

    reason: str
    count: int
    detail: str | None = None
    """The API's error code of the first refusal and, of its message, words of a fixed list; `…` for the rest."""
    example: Example | None = None


class WarningCount(ReportPart):
    """A warning: what the run found and did not fail by, with a count."""

    reason: WarningReason
    count: int
    """Number of what the reason is about: customers, records, sources or contacts."""


class Report(ReportPart):
    """What one run or check did.

    Holds no credential, no email address and no customer's name, whatever the APIs answered.
    """

    version: int = REPORT_VERSION
    outcome: Outcome
    reason: str
    """A RunReason; a newer worker may know others, and Kubernetes has its own for runs that left no report."""
    message: str
    dry_run: bool = False
    start_time: str
    completion_time: str
    workspace: WorkspaceName | None = None
    customers: Customers = Field(default_factory=Customers)
    contacts: Contacts = Field(default_factory=Contacts)
    attributes: Attributes = Field(default_factory=Attributes)
    requests: Requests = Field(default_factory=Requests)
    fields: dict[Source, int] = Field(default_factory=dict)
    """Values written to matched contacts, by source; all custom attributes together."""
    errors: list[ErrorCount] = Field(default_factory=list)
    warnings: list[WarningCount] = Field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """The worker's exit code for this outcome and reason."""
        return exit_code_of(self.outcome, self.reason)

    def to_json(self) -> str:
        """Return the report as JSON that fits a termination message as a line, whatever it holds.

        Texts are cut first; then a list that would take it past that is cut and ends with `{"more": n}`, the
        longest first.
        """
        document = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        _shorten_texts(document)
        while len(_encode(document)) > JSON_MAX_BYTES and _cut_longest_list(document):
            pass
        while len(_encode(document)) > JSON_MAX_BYTES:
            document["message"] = shorten(document["message"], len(document["message"]) // 2)
        return _encode(document).decode()


def exit_code_of(outcome: str, reason: str) -> ExitCode:
    """Return the worker's exit code for an outcome and reason; a failure for a reason that is not ours: 5."""
    if outcome == Outcome.SUCCEEDED:
        return ExitCode.SUCCEEDED
    if outcome == Outcome.PARTIALLY_SUCCEEDED:
        return ExitCode.PARTIALLY_SUCCEEDED
    if reason in _USAGE:
        return ExitCode.USAGE
    if reason in _RETRY_CANNOT_HELP:
        return ExitCode.FAILED
    return ExitCode.RETRYABLE


def shorten(text: str, limit: int = TEXT_MAX_LENGTH) -> str:
    """Return the text cut to so many characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def _shorten_texts(document: dict[str, Any]) -> None:
    document["message"] = shorten(document["message"])
    workspace = document.get("workspace", {})
    for key, text in workspace.items():
        workspace[key] = shorten(text, _WORKSPACE_MAX_LENGTH)
    for refused in document["attributes"]["refused"]:
        if "message" in refused:
            refused["message"] = shorten(refused["message"])


def _encode(document: dict[str, Any]) -> bytes:
    # Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark.
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _cut_longest_list(document: dict[str, Any]) -> bool:
    """Take one more entry off the list that needs most bytes; false when there is none left."""
    homes: tuple[tuple[dict[str, Any], str], ...] = (
        (document["attributes"], "created"),
        (document["attributes"], "refused"),
        (document, "errors"),
        (document, "warnings"),
    )
    home, key = max(homes, key=lambda home: _size_of_entries(home[0][home[1]]))
    entries, more = _split(home[key])
    if not entries:
        return False
    home[key] = [*entries[:-1], {"more": more + 1}]
    return True


def _size_of_entries(listed: list[Any]) -> int:
    entries, _ = _split(listed)
    return len(json.dumps(entries)) if entries else 0


def _split(listed: list[Any]) -> tuple[list[Any], int]:
    """Return the entries of a list and the number of those that were cut off before."""
    if listed and isinstance(listed[-1], dict) and "more" in listed[-1]:
        return listed[:-1], listed[-1]["more"]
    return listed, 0

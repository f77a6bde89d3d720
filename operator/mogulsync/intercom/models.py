"""Intercom's workspace, contacts and data attributes, with the values that a sync uses."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace that a token belongs to, from `/me`."""

    id: str | None
    name: str | None
    region: str | None
    """US, EU or AU."""


@dataclass(frozen=True, slots=True)
class DataAttribute:
    """A contact attribute: one of Intercom's own or a custom one."""

    name: str
    data_type: str
    """string, integer, float, boolean, date, ..."""
    custom: bool
    archived: bool
    api_writable: bool
    has_options: bool
    model: str
    """contact, or what else carries this name."""


@dataclass(slots=True)
class Contact:
    """A contact, lead or user."""

    id: str
    email: str | None
    external_id: str | None
    attributes: dict[str, Any]
    """The custom attributes that the run asked for; one that is not set is left out."""
    request_id: str | None = None
    """Intercom's id of the request that wrote it and that it answers; None for a contact that was read."""

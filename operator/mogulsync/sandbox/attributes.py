"""Intercom's data attributes: the built-in ones, the custom ones, and which values each takes.

Rules and messages are those of Intercom's OpenAPI description (data attributes) where it gives them; where it does not,
a comment says so.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

MOST_CUSTOM_ATTRIBUTES: Final = 250
"""Custom attributes that a workspace may hold (Intercom's help, article 179)."""
LONGEST_STRING: Final = 255
"""Characters in a string value (Intercom's help, article 179)."""

_FEWEST_OPTIONS: Final = 2
MODELS: Final = ("contact", "company")
"""What attributes are of."""
_INTEGERS: Final = (-(2**63), 2**63 - 1)
_DATES: Final = (-62_135_510_400, 253_402_214_400)
"""Unix seconds of the years 1 to 9999, but for a day at either end: dates in every time zone."""
_NAME: Final = re.compile(r"[\w\s$¢£¤¥\u20a0-\u20cf-]+")
_READ_TYPE: Final = {
    "string": "string",
    "integer": "integer",
    "float": "float",
    "boolean": "boolean",
    "date": "date",
    "datetime": "date",
    "options": "string",
}
"""The data_type that an attribute created with this one reads back as."""


class AttributeRejectedError(Exception):
    """Intercom's refusal to create or change an attribute, or to store a value."""

    def __init__(self, message: str, *, status: int = 400, code: str = "parameter_invalid") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class SandboxAttribute:
    """A data attribute."""

    name: str
    data_type: str
    model: str = "contact"
    id: int | None = None
    """None for a built-in one."""
    label: str = ""
    description: str = ""
    options: tuple[str, ...] = ()
    archived: bool = False
    api_writable: bool = True
    messenger_writable: bool = False
    known_at: float = 0.0
    """When it was created, in unix seconds."""

    @property
    def custom(self) -> bool:
        """Whether the workspace made it."""
        return self.id is not None

    def to_json(self) -> dict[str, Any]:
        """Return it as the API gives it."""
        json: dict[str, Any] = {
            "type": "data_attribute",
            "name": self.name,
            "full_name": f"custom_attributes.{self.name}" if self.custom else self.name,
            "label": self.label or self.name,
            "description": self.description,
            "data_type": self.data_type,
            "api_writable": self.api_writable,
            "ui_writable": False,
            "messenger_writable": self.messenger_writable,
            "custom": self.custom,
            "archived": self.archived,
            "model": self.model,
        }
        if self.custom:
            json |= {
                "id": self.id,
                "admin_id": "991267459",
                "created_at": int(self.known_at),
                "updated_at": int(self.known_at),
            }
        if self.options:
            json["options"] = list(self.options)
        return json


_BUILT_IN: Final = (
    SandboxAttribute("id", "string", label="ID", description="The Intercom ID of the person", api_writable=False),
    SandboxAttribute("external_id", "string", label="User ID", description="A number or string identifying the person"),
    SandboxAttribute("role", "string", label="Role", description="user or lead"),
    SandboxAttribute("email", "string", label="Email", description="The email address assigned to the person"),
    SandboxAttribute("name", "string", label="Name", description="A person's full name"),
    SandboxAttribute("phone", "string", label="Phone", description="A person's phone number"),
    SandboxAttribute(
        "created_at", "date", label="First seen", description="When the person was added", api_writable=False
    ),
    SandboxAttribute(
        "updated_at", "date", label="Updated", description="When the person was changed", api_writable=False
    ),
    SandboxAttribute("signed_up_at", "date", label="Signed up", description="The day the person signed up"),
    SandboxAttribute(
        "unsubscribed_from_emails", "boolean", label="Unsubscribed from emails", description="Receives no emails"
    ),
    SandboxAttribute("name", "string", "company", label="Company name", description="The name of a company"),
    SandboxAttribute(
        "company_id", "string", "company", label="Company ID", description="A number identifying a company"
    ),
)

_AT_THE_START: Final = (
    SandboxAttribute("billing_id", "string", description="Id of the person's account in the billing system"),
    SandboxAttribute("account_number", "integer", description="Number of the person's account"),
    SandboxAttribute("trial_ends_at", "date", description="When the trial ends"),
    SandboxAttribute("newsletter", "boolean", description="Receives the newsletter"),
    SandboxAttribute("lifetime_value", "float", description="What the person brought in"),
    SandboxAttribute("crm_id", "string", description="Id of the person in the CRM"),
    SandboxAttribute("customer_status", "string", description="Written by an earlier integration"),
    SandboxAttribute("support_tier", "string", description="Level of support", options=("basic", "priority")),
    SandboxAttribute("legacy_plan", "string", description="Plan before the last price change", archived=True),
    SandboxAttribute("health_score", "integer", description="Computed inside Intercom", api_writable=False),
    SandboxAttribute("industry", "string", "company", description="What the company does"),
)
"""The custom attributes that the made-up workspace begins with."""


class SandboxAttributes:
    """The attributes of one workspace."""

    def __init__(self) -> None:
        self._all = list(_BUILT_IN)
        self._next_id = 40
        for attribute in _AT_THE_START:
            self._append(replace(attribute, known_at=1_700_000_000))

    def __iter__(self) -> Iterator[SandboxAttribute]:
        return iter(self._all)

    def custom(self, name: str) -> SandboxAttribute | None:
        """Return the contacts' custom attribute of this name, archived or not."""
        return next((each for each in self._all if each.custom and each.model == "contact" and each.name == name), None)

    def create(self, wanted: dict[str, Any], *, now: float = 0.0) -> SandboxAttribute:
        """Create the attribute that the body of a POST describes.

        Raises:
            AttributeRejectedError: It cannot be made.
        """
        name, model, data_type = (wanted.get(key) for key in ("name", "model", "data_type"))
        if model not in MODELS:
            raise AttributeRejectedError("The Data Attribute model field must be either contact or company")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.strip():
            raise AttributeRejectedError(
                "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens"
            )
        if not isinstance(data_type, str) or data_type not in _READ_TYPE:
            raise AttributeRejectedError("Data Type isn't an option")
        options = _options(wanted.get("options")) if data_type == "options" else ()
        self._refuse_taken(name, model)
        if sum(1 for each in self._all if each.custom and not each.archived) >= MOST_CUSTOM_ATTRIBUTES:
            # The real message is not documented.
            raise AttributeRejectedError(f"You have reached the limit of {MOST_CUSTOM_ATTRIBUTES} custom attributes")
        return self._append(
            SandboxAttribute(
                name,
                _READ_TYPE[data_type],
                model,
                description=str(wanted.get("description") or ""),
                options=options,
                messenger_writable=wanted.get("messenger_writable") is True,
                known_at=now,
            )
        )

    def change(self, identifier: int, wanted: dict[str, Any]) -> SandboxAttribute:
        """Change the custom attribute of this id as the body of a PUT asks.

        Raises:
            AttributeRejectedError: There is none, or the change is not possible.
        """
        place = next((at for at, each in enumerate(self._all) if each.custom and each.id == identifier), None)
        if place is None:
            raise AttributeRejectedError(
                "We couldn't find that data attribute to update", status=404, code="field_not_found"
            )
        changes: dict[str, Any] = {}
        if isinstance(wanted.get("archived"), bool):
            changes["archived"] = wanted["archived"]
        if isinstance(wanted.get("description"), str):
            changes["description"] = wanted["description"]
        if isinstance(wanted.get("messenger_writable"), bool):
            changes["messenger_writable"] = wanted["messenger_writable"]
        if "options" in wanted:
            changes["options"] = _options(wanted["options"])
        self._all[place] = replace(self._all[place], **changes)
        return self._all[place]

    def archive(self, name: str) -> None:
        """Archive the contacts' custom attribute of this name.

        Raises:
            KeyError: There is none.
        """
        attribute = self.custom(name)
        if attribute is None or attribute.id is None:
            raise KeyError(name)
        self.change(attribute.id, {"archived": True})

    def _append(self, attribute: SandboxAttribute) -> SandboxAttribute:
        attribute = replace(attribute, id=self._next_id)
        self._next_id += 1
        self._all.append(attribute)
        return attribute

    def _refuse_taken(self, name: str, model: str) -> None:
        for each in self._all:
            if each.custom and each.name == name:
                wanted = "people" if model == "contact" else "company"
                raise AttributeRejectedError(
                    f"You already have '{name}' in your {each.model} data. "
                    f"To save this as new {wanted} data, use a different name."
                )


def _options(wanted: object) -> tuple[str, ...]:
    if not isinstance(wanted, list):
        raise AttributeRejectedError("SandboxOptions isn't an array")
    values = tuple(str(each.get("value")) if isinstance(each, dict) else str(each) for each in wanted)
    if len(values) < _FEWEST_OPTIONS:
        raise AttributeRejectedError("The Data Attribute options field must hold at least two options")
    return values


def unknown_attribute(name: str) -> str:
    """Return the message for a value of an attribute that does not exist.

    That it is an answer 400 is known; the words are those for conversations (intercom-node issue 349).
    """
    return f"Custom attribute '{name}' does not exist"


def in_range(data_type: str, number: float) -> bool:
    """Return whether a `date` has a calendar day, an `integer` 64 bits, and any other number is finite.

    That Intercom's bounds are these is our choice; it documents none.
    """
    match data_type:
        case "date":
            return _DATES[0] <= number <= _DATES[1]
        case "integer":
            return _INTEGERS[0] <= number <= _INTEGERS[1]
        case _:  # math.isfinite raises OverflowError for a large int
            return abs(number) <= sys.float_info.max


def accepted(attribute: SandboxAttribute, value: object) -> bool:
    """Return whether the value is of the attribute's type; null and blank text, which clear, always are."""
    if value is None or value == "":
        return True
    match attribute.data_type:
        case "string":
            return isinstance(value, str)
        case "integer" | "date":
            return isinstance(value, int) and not isinstance(value, bool) and in_range(attribute.data_type, value)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool) and in_range("float", value)
        case _:
            return isinstance(value, bool)


def checked(attribute: SandboxAttribute, value: Any) -> Any:
    """Return the value as the attribute stores it; blank text is stored as null where it is no string's.

    Raises:
        AttributeRejectedError: It cannot be stored. That these are answers 400 is known; the codes and
            messages are not documented.
    """
    if not attribute.api_writable:
        raise AttributeRejectedError(f"Custom attribute '{attribute.name}' is not writable")
    if not accepted(attribute, value):
        raise AttributeRejectedError(
            f"Custom attribute '{attribute.name}' must be of type {attribute.data_type}", code="type_mismatch"
        )
    if isinstance(value, str) and len(value) > LONGEST_STRING:
        raise AttributeRejectedError(
            f"Custom attribute '{attribute.name}' is too long (maximum is {LONGEST_STRING} characters)"
        )
    if attribute.options and value and value not in attribute.options:
        raise AttributeRejectedError(f"Custom attribute '{attribute.name}' has no such option")
    if value == "" and attribute.data_type != "string":
        return None
    return value

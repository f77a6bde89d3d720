"""How a rule of the resource is written once, as CEL for the API server and as Python for the worker and `validate`."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

VALIDATIONS: Final = "x-kubernetes-validations"
"""The key of a structural schema that holds CEL rules."""
NO_DEFAULT: Final[dict[str, Any]] = {"x-mogulsync-no-default": True}
"""Marks a key whose default is not in the schema, so that the API server does not write it into the resource.

Keys that came after 0.1.0 have none there: what nobody wrote must not reach an older operator or worker.
"""
VERBATIM: Final = "x-mogulsync-verbatim"
"""Marks a schema that the CustomResourceDefinition takes as it is."""
OFFENDER: Final = "{offender}"
"""Place in a message where the offender's name goes."""


@dataclass(frozen=True, kw_only=True)
class Offender:
    """Which part of a value breaks a rule."""

    cel: str
    """CEL expression of its name, evaluated only where the rule is broken; with `among`, of an item f."""
    of: Callable[[Any], str]
    """The same in Python."""
    otherwise: str
    """Word for it where the name cannot be had."""
    among: str = ""
    """CEL expression of the list whose first item that breaks the rule is meant; empty: the value itself is."""
    where: str = ""
    """CEL expression that an item f of `among` breaks the rule."""

    def message(self, text: str) -> str:
        """Return the CEL expression of a message, given that of its text.

        The text of each item is made where the API server can estimate what it costs, which it cannot after the item
        has been taken out of a list.
        """
        return f"{self.among}.map(f, {self.where}, {text})[0]" if self.among else text


@dataclass(frozen=True)
class Rule:
    """A rule that a value of the spec must obey, as an annotation of its type or one of its model's `rules`.

    The message says what is wrong and how to fix it; whoever reports it puts the field's path and value in front.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str
    """Holds OFFENDER where `offender` is set."""
    offender: Offender | None = None
    field: str = ""
    """Name of the key below the value that the message is about, as in the manifest; empty: the value itself."""

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the rule after the value's own schema has accepted it."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the rule to what the value's own schema says."""
        described = handler(schema)
        if "$ref" in described:
            described = {"allOf": [described]}
        described.setdefault(VALIDATIONS, []).append(self.validation())
        return described

    def validation(self) -> dict[str, str]:
        """Return the rule as an entry of x-kubernetes-validations."""
        entry = {"rule": self.cel, "message": self.message}
        if self.offender is not None:
            before, _, after = self.message.partition(OFFENDER)
            texts = (json.dumps(before, ensure_ascii=False), json.dumps(after, ensure_ascii=False))
            entry["message"] = self.message.replace(OFFENDER, self.offender.otherwise)
            entry["messageExpression"] = self.offender.message(f"{texts[0]} + ({self.offender.cel}) + {texts[1]}")
        if self.field:
            entry["fieldPath"] = f".{self.field}"
        return entry

    def check(self, value: Any) -> Any:
        """Return the value.

        Raises:
            PydanticCustomError: It breaks the rule.
        """
        if not self.holds(value):
            name = self.offender.of(value) if self.offender is not None else ""
            raise PydanticCustomError(
                "rule", "{fix}", {"fix": self.message.replace(OFFENDER, name), "field": self.field}
            )
        return value


def no_object(**more: Any) -> dict[str, Any]:
    """Return a schema that takes numbers and texts only, each as further keys say.

    A structural schema has no type for both: x-kubernetes-int-or-string takes whole numbers alone. So it has none at
    all, and what would take objects, lists and booleans takes no value of theirs.
    """
    return {"minProperties": 1, "maxProperties": 0, "minItems": 1, "maxItems": 0, "not": {"enum": [True, False]}} | more


def _add_rules(schema: dict[str, Any], model: type["SpecModel"]) -> None:
    if model.rules:
        schema[VALIDATIONS] = [rule.validation() for rule in model.rules]


class SpecModel(BaseModel):
    """Base of the spec's models: camelCase as in the manifest, frozen, unknown keys refused; built when used."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        json_schema_extra=_add_rules,
        defer_build=True,
    )
    rules: ClassVar[tuple[Rule, ...]] = ()
    """Rules between the model's fields, checked in this order, up to the first that is broken."""

    @model_validator(mode="after")
    def _obeys_rules(self) -> Self:
        for rule in self.rules:
            rule.check(self)
        return self

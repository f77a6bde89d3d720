"""A rule of the resource in two tongues: CEL for the API server, Python for the worker and `validate`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

VALIDATIONS: Final = "x-kubernetes-validations"
"""The key of a structural schema that holds CEL rules."""


@dataclass(frozen=True)
class Rule:
    """Annotates a value of the spec with a rule that must hold.

    The message says what is wrong and how to mend it; whoever reports it puts the field's path and
    value in front.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the rule after the value's own schema has accepted it."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the rule to what the value's own schema says."""
        described = handler(schema)
        if "$ref" in described:
            described = {"allOf": [described]}
        described.setdefault(VALIDATIONS, []).append({"rule": self.cel, "message": self.message})
        return described

    def _check(self, value: Any) -> Any:
        if not self.holds(value):
            raise PydanticCustomError("rule", "{mend}", {"mend": self.message})
        return value

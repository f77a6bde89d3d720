"""An IntercomDestination as one reconcile sees it: parsed once, typed from there on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from mogulsync.kube.objects import NamespacedName, Object
from mogulsync.resource import names
from mogulsync.resource.manifest import SpecProblems, problems_of_spec
from mogulsync.resource.reasons import ConditionReason, ConditionType
from mogulsync.resource.spec import Spec
from mogulsync.resource.status import Status

_NO_ANNOTATIONS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, kw_only=True)
class IntercomDestination:
    """A destination: metadata, spec and status."""

    key: NamespacedName
    uid: str
    resource_version: str
    generation: int
    """Of the spec."""
    created: datetime
    annotations: Mapping[str, str]
    spec: Spec | None
    """None when it is not valid to this version of the operator; see `problems`."""
    problems: SpecProblems
    manifest_spec: Object
    """The spec as the API server stores it, which the worker gets."""
    status: Status
    stored_status: Object
    """The status as the API server stores it, which a new one is compared with."""

    @classmethod
    def parse(cls, stored: Object) -> "IntercomDestination":
        """Return the destination that the API server stores."""
        metadata, status = stored["metadata"], stored.get("status") or {}
        spec, problems = _parse_spec(stored["spec"])
        return cls(
            key=NamespacedName.of(stored),
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            generation=metadata["generation"],
            created=datetime.fromisoformat(metadata["creationTimestamp"]),
            annotations=metadata.get("annotations") or _NO_ANNOTATIONS,
            spec=spec,
            problems=problems,
            manifest_spec=stored["spec"],
            status=Status.model_validate(status),
            stored_status=status,
        )

    def request(self, annotation: str) -> str | None:
        """Return the value of an annotation that requests something; None when it is not set or empty."""
        return self.annotations.get(annotation) or None

    def reference(self) -> Object:
        """Return the reference that an Event regards."""
        return {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "name": self.key.name,
            "namespace": self.key.namespace,
            "uid": self.uid,
            "resourceVersion": self.resource_version,
        }

    def ready_message_for(self, reason: ConditionReason) -> str | None:
        """Return the message of the Ready that is in the status now, if it has this reason."""
        for condition in self.status.conditions or ():
            if condition.type == ConditionType.READY and condition.reason == reason:
                return condition.message
        return None


def _parse_spec(stored: Object) -> tuple[Spec | None, SpecProblems]:
    try:
        return Spec.model_validate(stored), SpecProblems((), ())
    except ValidationError as error:
        return None, problems_of_spec(error)

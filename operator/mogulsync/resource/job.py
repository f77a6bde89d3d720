"""The models of spec.job, the shape of the Jobs' Pods, which is also that of the operator's --job-defaults.

Nothing here takes a Pod out of Pod Security `restricted` (Kubernetes' documentation, Pod Security Standards): what
could is no key of these models, or has a rule.
"""

import math
import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

from mogulsync.resource.names import RESERVED_ENV
from mogulsync.resource.rules import VERBATIM, Offender, Rule, SpecModel, no_object

_OPEN: Final[dict[str, Any]] = {"x-kubernetes-preserve-unknown-fields": True}
_ATOMIC: Final[dict[str, Any]] = {"x-kubernetes-list-type": "atomic"}
MAX_ITEMS: Final = 50
"""Longest list in spec.job."""
MAX_ANNOTATIONS: Final = 1000
_QUANTITY: Final = r"[+-]?[0-9.]+([eE][-+]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?"
_QUANTITY_SHAPE: Final = re.compile(_QUANTITY)
_LABEL_VALUE: Final = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
FORBIDDEN_ANNOTATIONS: Final = (
    "container.apparmor.security.",
    "container.seccomp.security.",
    "seccomp.security.",
)
"""Beginnings of annotations that set a Pod's AppArmor or seccomp profile."""
_IS_FORBIDDEN: Final = " || ".join(f"f.startsWith('{start}')" for start in FORBIDDEN_ANNOTATIONS)
_FORBIDDEN_START_CEL: Final = (
    "".join(f"self.exists(f, f.startsWith('{start}')) ? '{start}' : " for start in FORBIDDEN_ANNOTATIONS)
    + "'one of these'"
)
"""CEL expression of the forbidden beginning that is there. (A key can be too long to put into a message.)"""
_RESERVED: Final = f"{list(RESERVED_ENV)}"

Seconds = Annotated[int, Field(ge=1, le=2_147_483_647, strict=True)]
HistoryLimit = Annotated[int, Field(ge=0, le=100, strict=True)]
Text = Annotated[str, Field(min_length=1, max_length=253)]
LabelValue = Annotated[str, Field(max_length=63, pattern=_LABEL_VALUE)]
Id = Annotated[int, Field(ge=0, le=2_147_483_647, strict=True)]


def by_key(key: str) -> dict[str, Any]:
    """Return the schema's extension for a list in which no two items have the same value of this key."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def _each_once(key: str) -> AfterValidator:
    """Return what `by_key` makes the API server check of a list."""

    def check(items: list[Any]) -> list[Any]:
        seen: set[str] = set()
        for item in items:
            value = getattr(item, key)
            if value in seen:
                raise PydanticCustomError("rule", "{fix}", {"fix": f"{value} is named twice; name each once"})
            seen.add(value)
        return items

    return AfterValidator(check)


class EnvVar(SpecModel):
    """An environment variable of the sync container."""

    name: str = Field(min_length=1, max_length=253, description="Name of the variable.")
    value: str | None = Field(None, max_length=32768, description="Its value.")
    value_from: dict[str, Any] | None = Field(
        None,
        json_schema_extra=_OPEN,
        description="Where its value comes from, as in a Pod: configMapKeyRef, fieldRef, secretKeyRef, ...",
    )


class Toleration(SpecModel):
    """A toleration, as in a Pod."""

    key: str | None = Field(None, description="Taint key; empty with operator Exists tolerates all.")
    operator: Literal["Exists", "Equal"] | None = Field(None, description="Exists or Equal (the Pod's default).")
    value: str | None = Field(None, description="Taint value, with Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Taint effect; empty: all."
    )
    toleration_seconds: int | None = Field(
        None, strict=True, description="How long a NoExecute taint is tolerated, in seconds; default: for ever."
    )


def _quantity(value: Any) -> int | float | str:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number and not (isinstance(value, str) and _QUANTITY_SHAPE.fullmatch(value)):
        raise PydanticCustomError("quantity", "must be a number or a text such as 500m or 128Mi")
    quantity: int | float | str = value
    return quantity


_Quantities = Annotated[
    dict[str, Annotated[int | float | str, PlainValidator(_quantity)]],
    Field(
        json_schema_extra={
            "additionalProperties": {VERBATIM: True, **_OPEN, **no_object(pattern=f"^({_QUANTITY})$")},
        }
    ),
]


class Resources(SpecModel):
    """Compute resources of the sync container, as in a Pod."""

    limits: _Quantities | None = Field(None, description="Most it may use.")
    requests: _Quantities | None = Field(None, description="What it is sure to get.")


class TopologySpreadConstraint(SpecModel):
    """How Pods spread over nodes and zones, as in a Pod."""

    max_skew: int = Field(ge=1, strict=True, description="Largest difference of Pods between two topology domains.")
    topology_key: str = Field(min_length=1, max_length=317, description="Node label that makes a topology domain.")
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = Field(
        description="What a Pod that cannot be spread does."
    )
    label_selector: dict[str, Any] | None = Field(None, json_schema_extra=_OPEN, description="Pods that are counted.")
    match_label_keys: list[Text] | None = Field(
        None,
        max_length=MAX_ITEMS,
        json_schema_extra=_ATOMIC,
        description="Keys of labels that are added to the selector.",
    )
    min_domains: int | None = Field(None, ge=1, strict=True, description="Fewest topology domains.")
    node_affinity_policy: Literal["Honor", "Ignore"] | None = Field(
        None, description="Whether nodes that affinity excludes count."
    )
    node_taints_policy: Literal["Honor", "Ignore"] | None = Field(
        None, description="Whether nodes with taints that are not tolerated count."
    )


class ImagePullSecret(SpecModel):
    """A Secret with the credentials of an image registry."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret, in the same namespace.")


class ProjectedSource(SpecModel):
    """A source of a projected volume; a service account token is none that a destination may have."""

    config_map: dict[str, Any] | None = Field(None, json_schema_extra=_OPEN, description="Keys of a ConfigMap.")
    secret: dict[str, Any] | None = Field(None, json_schema_extra=_OPEN, description="Keys of a Secret.")
    downward_api: dict[str, Any] | None = Field(
        None, alias="downwardAPI", json_schema_extra=_OPEN, description="Fields of the Pod."
    )
    cluster_trust_bundle: dict[str, Any] | None = Field(
        None, json_schema_extra=_OPEN, description="Certificates of a ClusterTrustBundle."
    )


class Projected(SpecModel):
    """Several sources in one folder, as in a Pod."""

    default_mode: int | None = Field(None, ge=0, le=0o777, strict=True, description="Mode of the files; default 0644.")
    sources: list[ProjectedSource] | None = Field(
        None, max_length=MAX_ITEMS, json_schema_extra=_ATOMIC, description="What the folder holds."
    )


_VOLUME_KINDS: Final = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
)


class Volume(SpecModel):
    """A volume of the Pods, of one of the kinds that Pod Security `restricted` allows."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            " + ".join(f"(has(self.{kind}) ? 1 : 0)" for kind in _VOLUME_KINDS) + " == 1",
            lambda volume: sum(getattr(volume, kind) is not None for kind in volume.kinds) == 1,
            f"the volume {{offender}} must be of exactly one kind: {', '.join(_VOLUME_KINDS)}",
            Offender(cel="self.name", of=lambda volume: str(volume.name), otherwise="of this entry"),
        ),
    )
    kinds: ClassVar[tuple[str, ...]] = (
        "config_map",
        "csi",
        "downward_api",
        "empty_dir",
        "ephemeral",
        "persistent_volume_claim",
        "projected",
        "secret",
    )

    name: str = Field(min_length=1, max_length=63, description="Name that volumeMounts refer to.")
    config_map: dict[str, Any] | None = Field(None, json_schema_extra=_OPEN, description="A ConfigMap's keys as files.")
    csi: dict[str, Any] | None = Field(None, json_schema_extra=_OPEN, description="A volume of a CSI driver.")
    downward_api: dict[str, Any] | None = Field(
        None, alias="downwardAPI", json_schema_extra=_OPEN, description="The Pod's own fields as files."
    )
    empty_dir: dict[str, Any] | None = Field(None, json_schema_extra=_OPEN, description="A folder that begins empty.")
    ephemeral: dict[str, Any] | None = Field(
        None, json_schema_extra=_OPEN, description="A volume that is made with the Pod and deleted with it."
    )
    persistent_volume_claim: dict[str, Any] | None = Field(
        None, json_schema_extra=_OPEN, description="A PersistentVolumeClaim of the namespace."
    )
    projected: Projected | None = Field(None, description="Several sources in one folder.")
    secret: dict[str, Any] | None = Field(None, json_schema_extra=_OPEN, description="A Secret's keys as files.")


class VolumeMount(SpecModel):
    """Where a volume is in the sync container, as in a Pod."""

    name: str = Field(min_length=1, max_length=63, description="Name of the volume.")
    mount_path: str = Field(min_length=1, max_length=1024, description="Where it is in the container.")
    read_only: bool | None = Field(None, strict=True, description="Whether it cannot be written; default false.")
    recursive_read_only: Literal["Disabled", "IfPossible", "Enabled"] | None = Field(
        None, description="Whether mounts below it cannot be written either; default Disabled."
    )
    sub_path: str | None = Field(None, max_length=1024, description="Path in the volume; default: its root.")
    sub_path_expr: str | None = Field(
        None, max_length=1024, description="As subPath, with variables such as $(NAME) expanded."
    )
    mount_propagation: Literal["None", "HostToContainer"] | None = Field(
        None, description="How later mounts propagate; default None."
    )


class SELinuxOptions(SpecModel):
    """SELinux labels; `restricted` leaves the level alone to choose."""

    level: str | None = Field(None, min_length=1, max_length=253, description="SELinux level, such as s0:c123,c456.")


_NOT_ROOT: Final = Rule(
    "self != 0", lambda user: user != 0, "0 is root, which Pod Security restricted forbids; set another user id"
)


class ContainerSecurityContext(SpecModel):
    """Security settings of the sync container, merged over the operator's own."""

    run_as_user: Annotated[Id, _NOT_ROOT] | None = Field(
        None, description="User id of the process, not 0; default: the image's, or the cluster's choice on OpenShift."
    )
    run_as_group: Id | None = Field(None, description="Group id of the process; default: the image's.")
    se_linux_options: SELinuxOptions | None = Field(
        None, alias="seLinuxOptions", description="SELinux labels; default: the container runtime's."
    )


class PodSecurityContext(ContainerSecurityContext):
    """Security settings of the Pods, merged over the operator's own."""

    fs_group: Id | None = Field(None, description="Group id that owns the Pod's volumes; default: none is set.")
    fs_group_change_policy: Literal["OnRootMismatch", "Always"] | None = Field(
        None, description="When a volume's group is changed; default Always."
    )
    supplemental_groups: list[Id] | None = Field(
        None, max_length=MAX_ITEMS, json_schema_extra=_ATOMIC, description="Further group ids of the process."
    )


class HostAlias(SpecModel):
    """Host names of an IP address, written to the Pods' /etc/hosts."""

    ip: str = Field(min_length=1, max_length=45, description="IP address.")
    hostnames: list[Text] | None = Field(
        None, max_length=MAX_ITEMS, json_schema_extra=_ATOMIC, description="Names of the address."
    )


class Job(SpecModel):
    """How the Jobs' Pods are shaped; everything is optional."""

    image: str | None = Field(None, min_length=1, description="Image of the worker; default: the operator's own.")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="When the image is pulled; default: Always for the tag latest, else IfNotPresent."
    )
    image_pull_secrets: Annotated[list[ImagePullSecret], _each_once("name")] | None = Field(
        None,
        max_length=MAX_ITEMS,
        json_schema_extra=by_key("name"),
        description="Secrets with the credentials of the image's registry; default: none.",
    )
    service_account_name: str | None = Field(
        None,
        min_length=1,
        max_length=253,
        description="ServiceAccount of the Pods, whose token is never mounted; default: default.",
    )
    resources: Resources | None = Field(
        None, description="Compute resources; default: requests of 100m and 128Mi, a memory limit of 512Mi."
    )
    node_selector: dict[str, LabelValue] | None = Field(None, description="Labels that the Pod's node must have.")
    tolerations: list[Toleration] | None = Field(
        None, max_length=MAX_ITEMS, json_schema_extra=_ATOMIC, description="Taints that the Pod tolerates."
    )
    affinity: dict[str, Any] | None = Field(None, json_schema_extra=_OPEN, description="Affinity, as in a Pod.")
    topology_spread_constraints: list[TopologySpreadConstraint] | None = Field(
        None,
        max_length=MAX_ITEMS,
        json_schema_extra=_ATOMIC,
        description="How Pods spread over nodes and zones; default: the cluster's.",
    )
    pod_labels: dict[str, LabelValue] | None = Field(
        None, description="Further labels of the Pods; the operator's own take precedence."
    )
    pod_annotations: (
        Annotated[
            dict[str, str],
            Field(max_length=MAX_ANNOTATIONS),
            Rule(
                f"!self.exists(f, {_IS_FORBIDDEN})",
                lambda annotations: not any(key.startswith(FORBIDDEN_ANNOTATIONS) for key in annotations),
                "an annotation that begins with {offender} sets a security profile of the Pod, which the operator sets "
                "itself; remove it",
                Offender(
                    cel=_FORBIDDEN_START_CEL,
                    of=lambda annotations: next(
                        start for start in FORBIDDEN_ANNOTATIONS if any(key.startswith(start) for key in annotations)
                    ),
                    otherwise="one of these",
                ),
            ),
        ]
        | None
    ) = Field(None, description="Annotations of the Pods.")
    env: (
        Annotated[
            list[EnvVar],
            Rule(
                f"!self.exists(f, f.name in {_RESERVED})",
                lambda env: all(variable.name not in RESERVED_ENV for variable in env),
                "the operator sets {offender} itself; use apiKeySecretRef and oauthSecretRef",
                Offender(
                    cel="f.name",
                    among="self",
                    where=f"f.name in {_RESERVED}",
                    of=lambda env: next(variable.name for variable in env if variable.name in RESERVED_ENV),
                    otherwise="a variable",
                ),
            ),
            _each_once("name"),
        ]
        | None
    ) = Field(
        None,
        max_length=MAX_ITEMS,
        json_schema_extra=by_key("name"),
        description="Further environment variables, for example HTTPS_PROXY.",
    )
    volumes: Annotated[list[Volume], _each_once("name")] | None = Field(
        None,
        max_length=MAX_ITEMS,
        json_schema_extra=by_key("name"),
        description="Further volumes of the Pods, for example a ConfigMap with a CA's certificate.",
    )
    volume_mounts: Annotated[list[VolumeMount], _each_once("mount_path")] | None = Field(
        None,
        max_length=MAX_ITEMS,
        json_schema_extra=by_key("mountPath"),
        description="Where the volumes are in the sync container.",
    )
    pod_security_context: PodSecurityContext | None = Field(None, description="Security settings of the Pods.")
    security_context: ContainerSecurityContext | None = Field(
        None, description="Security settings of the sync container."
    )
    active_deadline_seconds: Seconds | None = Field(
        None, description="A run is stopped after this many seconds; default 21600 (6 hours)."
    )
    starting_deadline_seconds: Seconds | None = Field(
        None, description="A missed run still starts within this many seconds; default 28800 (8 hours)."
    )
    successful_jobs_history_limit: HistoryLimit | None = Field(None, description="Finished Jobs kept; default 3.")
    failed_jobs_history_limit: HistoryLimit | None = Field(None, description="Failed Jobs kept; default 3.")
    priority_class_name: str | None = Field(None, min_length=1, description="Priority class of the Pods.")
    runtime_class_name: str | None = Field(
        None, min_length=1, max_length=253, description="RuntimeClass of the Pods; default: the cluster's."
    )
    host_aliases: Annotated[list[HostAlias], _each_once("ip")] | None = Field(
        None,
        max_length=MAX_ITEMS,
        json_schema_extra=by_key("ip"),
        description="Host names written to the Pods' /etc/hosts.",
    )

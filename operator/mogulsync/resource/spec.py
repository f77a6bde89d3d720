"""What a user declares: the spec of an IntercomDestination, its defaults and its rules.

The CustomResourceDefinition is generated from these models, so each field's description is what
`kubectl explain` prints. A rule stands here once, as CEL and as Python.
"""

import re
from collections.abc import Hashable, Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from mogulsync.resource.names import NAME_MAX_LENGTH, RESERVED_ENV
from mogulsync.resource.rules import Rule
from mogulsync.resource.sources import SOURCES, Source

MAX_FIELDS: Final = len(SOURCES)
MAX_INTERCOM_FIELDS: Final = 10
ATTRIBUTE_MAX_LENGTH: Final = 255
EXTERNAL_ID_FIELD: Final = "external_id"
"""Intercom's own attribute for the id of a contact in another system."""

REGION_URLS: Final = {
    "US": "https://api.intercom.io",
    "EU": "https://api.eu.intercom.io",
    "AU": "https://api.au.intercom.io",
}
"""API host of each region (Intercom's OpenAPI description, servers)."""

# Both shapes spell their blanks out: \s means other characters in RE2 than in Python.
_CRON_SHAPE: Final = r"[ \t\r\n]*[0-9A-Za-z*,/-]+([ \t\r\n]+[0-9A-Za-z*,/-]+){4}[ \t\r\n]*"
_URL_SHAPE: Final = r"https?://[^/?#@\x00-\x20\x7f]+(/[^?#@\x00-\x20\x7f]*)?"
_BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What CEL's trim() takes off: white space as Unicode defines it. Python's strip() takes four more."""
_DEFAULT_ATTRIBUTES_CEL: Final = (
    "{" + ",".join(f"'{source}':'{info.attribute}'" for source, info in SOURCES.items()) + "}"
)


def _matches(pattern: str, message: str) -> Rule:
    """Return the rule that a text matches the pattern from end to end; RE2 and Python must read it alike."""
    cel_pattern = f"^({pattern})$".replace("\\", "\\\\")
    compiled = re.compile(pattern, re.ASCII)
    return Rule(f"self.matches('{cel_pattern}')", lambda value: compiled.fullmatch(value) is not None, message)


def _distinct(values: Iterable[Hashable]) -> bool:
    listed = list(values)
    return len(set(listed)) == len(listed)


class Model(BaseModel):
    """Base of the spec's models: camelCase as in the manifest, frozen, unknown keys refused by name."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid", frozen=True
    )


NAME_RULE: Final = Rule(
    f"self.metadata.name.size() <= {NAME_MAX_LENGTH}",
    lambda name: len(name) <= NAME_MAX_LENGTH,
    f"metadata.name is longer than {NAME_MAX_LENGTH} characters, the most that its CronJob may have; shorten it",
)
"""A rule of the whole resource; in Python its value is metadata.name."""

Url = Annotated[
    str,
    Field(max_length=2048),
    _matches(
        _URL_SHAPE,
        "must be an http or https URL without user name, query or fragment, for example https://api.example.com/v1",
    ),
]
AttributeName = Annotated[
    str,
    Field(min_length=1, max_length=ATTRIBUTE_MAX_LENGTH),
    Rule(
        "!self.contains('.') && !self.contains('$')",
        lambda name: "." not in name and "$" not in name,
        "Intercom forbids . and $ in attribute names; use _ in their place",
    ),
    Rule(
        "self == self.trim()",
        lambda name: name == name.strip(_BLANKS),
        "an attribute name must not be blank, nor begin or end with one; remove it",
    ),
]
Percentage = Annotated[int, Field(ge=1, le=100, strict=True)]
Seconds = Annotated[int, Field(ge=1, le=2_147_483_647, strict=True)]
HistoryLimit = Annotated[int, Field(ge=0, le=100, strict=True)]


class SecretKeyRef(Model):
    """A key of a Secret in the resource's own namespace."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret, in the same namespace.")


class ApiKeySecretRef(SecretKeyRef):
    """Where the ChartMogul API key is."""

    key: str = Field("api-key", min_length=1, max_length=253, description="Key in the Secret that holds the API key.")


class OauthSecretRef(SecretKeyRef):
    """Where the Intercom access token is."""

    key: str = Field(
        "access-token",
        min_length=1,
        max_length=253,
        description="Key in the Secret that holds the access token.",
    )


class ChartMogul(Model):
    """The account that data comes from."""

    api_key_secret_ref: ApiKeySecretRef = Field(description="Secret with the ChartMogul API key.")
    url: Url = Field("https://api.chartmogul.com/v1", description="Base URL of ChartMogul's API.")
    data_sources: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=253)]],
        Rule("self.all(a, self.exists_one(b, b == a))", _distinct, "a data source is listed twice; list each once"),
        Field(
            max_length=100,
            json_schema_extra={"x-kubernetes-list-type": "set"},
            description="Only customers of these data sources (their uuids, such as ds_1a2b...). Empty: all customers.",
        ),
    ] = Field(default=[])


class Intercom(Model):
    """The workspace that data goes to."""

    oauth_secret_ref: OauthSecretRef = Field(description="Secret with the Intercom OAuth or private app token.")
    region: Literal["US", "EU", "AU"] = Field(
        "US", description="Region that hosts the workspace; picks the API host unless url is set."
    )
    url: Url | None = Field(None, description="Base URL of Intercom's API; overrides the region's host.")
    read_plan: Literal["Auto", "Scan", "Search"] = Field(
        "Auto",
        description="How contacts are read: Scan lists them all, Search asks for the keys of ChartMogul's customers "
        "(Intercom's search misses contacts that are minutes old), Auto takes what needs fewer requests.",
    )

    @property
    def base_url(self) -> str:
        """The API's base URL without a trailing slash."""
        return (self.url or REGION_URLS[self.region]).rstrip("/")


class Matching(Model):
    """How customers and contacts are matched."""

    chartmogul_field: Literal["Email", "ExternalID"] = Field(
        description="Email: the customer's email equals the contact's. ExternalID: any of the customer's external ids "
        "equals any of the contact's attributes in intercomFields."
    )
    intercom_fields: Annotated[
        list[AttributeName],
        Rule(
            "self.all(f, self.exists_one(g, g == f))",
            _distinct,
            "an Intercom field is listed twice; list each once",
        ),
    ] = Field(
        default=["email"],
        min_length=1,
        max_length=MAX_INTERCOM_FIELDS,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
        description="Intercom attributes to compare with: [email] with Email; with ExternalID external_id or names of "
        "custom attributes.",
    )
    ambiguous: Literal["UpdateAll", "Skip"] = Field(
        "UpdateAll", description="A customer that matches several contacts updates all of them, or none."
    )


class FieldMapping(Model):
    """One data element and the Intercom attribute that it goes to."""

    source: Source = Field(description="The data element of ChartMogul.")
    attribute: AttributeName | None = Field(
        None,
        description="Intercom custom attribute that receives it; created when missing. Default: chartmogul_ and the "
        "element's name, such as chartmogul_mrr.",
    )

    @property
    def attribute_name(self) -> str:
        """The attribute, or the source's default."""
        return self.attribute or SOURCES[self.source].attribute


class EnvVar(Model):
    """An environment variable of the sync container."""

    name: str = Field(min_length=1, max_length=253, description="Name of the variable.")
    value: str | None = Field(None, max_length=32768, description="Its value.")
    value_from: dict[str, Any] | None = Field(
        None,
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
        description="Where its value comes from, as in a Pod: configMapKeyRef, fieldRef, secretKeyRef, ...",
    )


class Toleration(Model):
    """A toleration, as in a Pod."""

    key: str | None = Field(None, description="Taint key; empty with operator Exists tolerates all.")
    operator: Literal["Exists", "Equal"] | None = Field(None, description="Exists or Equal (the Pod's default).")
    value: str | None = Field(None, description="Taint value, with Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Taint effect; empty: all."
    )
    toleration_seconds: int | None = Field(None, strict=True, description="How long a NoExecute taint is tolerated.")


def _quantity(value: Any) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("quantity", "must be a whole number or text, such as 500m or 128Mi")
    return value


_Quantities = Annotated[
    dict[str, Annotated[int | str, PlainValidator(_quantity)]],
    Field(json_schema_extra={"additionalProperties": {"x-kubernetes-int-or-string": True}}),
]


class Resources(Model):
    """Compute resources of the sync container, as in a Pod."""

    limits: _Quantities | None = Field(None, description="Most it may use.")
    requests: _Quantities | None = Field(None, description="What it is sure to get.")


class Job(Model):
    """How the Jobs' Pods are shaped; everything is optional."""

    image: str | None = Field(None, min_length=1, description="Image of the worker; default: the operator's own.")
    resources: Resources | None = Field(None, description="Compute resources; default: requests of 100m and 128Mi.")
    node_selector: dict[str, str] | None = Field(None, description="Labels that the Pod's node must have.")
    tolerations: list[Toleration] | None = Field(
        None,
        max_length=50,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
        description="Taints that the Pod tolerates.",
    )
    affinity: dict[str, Any] | None = Field(
        None,
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
        description="Affinity, as in a Pod.",
    )
    pod_labels: dict[str, str] | None = Field(
        None, description="Further labels of the Pods; the operator's own take precedence."
    )
    pod_annotations: dict[str, str] | None = Field(None, description="Annotations of the Pods.")
    env: (
        Annotated[
            list[EnvVar],
            Rule(
                "self.all(e, !(e.name in [" + ", ".join(f"'{name}'" for name in RESERVED_ENV) + "]))",
                lambda env: all(variable.name not in RESERVED_ENV for variable in env),
                "the operator sets " + ", ".join(RESERVED_ENV) + " itself; use apiKeySecretRef and oauthSecretRef",
            ),
            Rule(
                "self.all(a, self.exists_one(b, b.name == a.name))",
                lambda env: _distinct(variable.name for variable in env),
                "a variable is named twice; name each once",
            ),
        ]
        | None
    ) = Field(
        None,
        max_length=50,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        description="Further environment variables, for example HTTPS_PROXY.",
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


class Spec(Model):
    """What to send, to whom and when."""

    chartmogul: ChartMogul = Field(description="The ChartMogul account that data comes from.")
    intercom: Intercom = Field(description="The Intercom workspace that data goes to.")
    matching: Annotated[
        Matching,
        Rule(
            "self.chartmogulField != 'Email' || self.intercomFields == ['email']",
            lambda matching: matching.chartmogul_field != "Email" or matching.intercom_fields == ["email"],
            "with chartmogulField Email, intercomFields must be [email]; to match by other attributes use ExternalID",
        ),
        Rule(
            "self.chartmogulField != 'ExternalID' || !('email' in self.intercomFields)",
            lambda matching: matching.chartmogul_field != "ExternalID" or "email" not in matching.intercom_fields,
            "with chartmogulField ExternalID, intercomFields must not hold email; set it to the attributes that hold "
            "the external id, for example [external_id]",
        ),
    ] = Field(description="How customers and contacts are matched.")
    fields: Annotated[
        list[FieldMapping],
        Rule(
            "self.all(f, self.exists_one(g, g.source == f.source))",
            lambda fields: _distinct(field.source for field in fields),
            "a source is named twice; name each source once",
        ),
        Rule(
            "self.map(f, has(f.attribute) ? f.attribute : "
            + _DEFAULT_ATTRIBUTES_CEL
            + "[f.source]).all(a, self.exists_one(g, (has(g.attribute) ? g.attribute : "
            + _DEFAULT_ATTRIBUTES_CEL
            + "[g.source]) == a))",
            lambda fields: _distinct(field.attribute_name for field in fields),
            "two sources go to one attribute; give each its own",
        ),
    ] = Field(
        min_length=1,
        max_length=MAX_FIELDS,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
        description="The data elements to send, 1 to 13.",
    )
    empty_values: Literal["Clear", "Keep"] = Field(
        "Clear", description="What a value that ChartMogul does not have does to the attribute."
    )
    schedule: Annotated[
        str,
        Field(max_length=256),
        _matches(
            _CRON_SHAPE,
            "must be five cron fields of digits, names and * , - / such as 0 9 * * * (no macros like @daily; the time "
            "zone goes to timeZone)",
        ),
    ] = Field("0 9 * * *", description="When to sync: five cron fields, in timeZone.")
    time_zone: str = Field(
        "CET",
        min_length=1,
        max_length=128,
        description="IANA time zone of the schedule, such as CET, Europe/Berlin or UTC.",
    )
    suspend: bool = Field(
        default=False,
        strict=True,
        description="Stop the schedule; a run can still be requested by annotation.",
    )
    max_changed_percent: Percentage = Field(
        100, description="Refuse a run that would write to more than this share of the matched contacts."
    )
    rate_limit_percent: Percentage = Field(
        80, description="Share of the workspace's Intercom request budget that a run may use."
    )
    job: Job = Field(default=Job(), description="How the Jobs' Pods are shaped.")

"""The spec of an IntercomDestination but for spec.job: what a run reads, its defaults and its rules.

The CustomResourceDefinition is generated from these models, so each field's description is what
`kubectl explain` prints. A rule is written here once, as CEL and as Python.
"""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from mogulsync.resource.names import NAME_MAX_LENGTH
from mogulsync.resource.rules import NO_DEFAULT, VERBATIM, Offender, Rule, SpecModel, no_object
from mogulsync.resource.sources import SOURCES, DataType, Source, description_of

MAX_FIELDS: Final = 50
MAX_INTERCOM_FIELDS: Final = 10
ATTRIBUTE_MAX_LENGTH: Final = 255
CUSTOM_ATTRIBUTE_KEY_MAX_LENGTH: Final = 255
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
_HOST_SHAPE: Final = r"(\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]\x00-\x20\x7f]+)"
_PORT_SHAPE: Final = r"([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_URL_SHAPE: Final = rf"https?://{_HOST_SHAPE}(:{_PORT_SHAPE})?(/[^?#@\x00-\x20\x7f]*)?"
_RATE: Final = r"0*[1-9][0-9]*(\.[0-9]+)?|0+\.0*[1-9][0-9]*"
_RATE_FIX: Final = 'a positive decimal as text: quote the number, such as "0.92"'
RATE_MAX_LENGTH: Final = 40
_RATE_SHAPE: Final = re.compile(_RATE, re.ASCII)
_BLANKS: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What CEL's trim() takes off: white space as Unicode defines it. Python's strip() takes four more."""
_OWN_ATTRIBUTES: Final = ("email", EXTERNAL_ID_FIELD)
"""A contact's own attributes that customers are matched by."""


def _matches(pattern: str, message: str) -> Rule:
    """Return the rule that a text matches the pattern from end to end; RE2 and Python must read it alike."""
    cel_pattern = f"^({pattern})$".replace("\\", "\\\\")
    compiled = re.compile(pattern, re.ASCII)
    return Rule(f"self.matches('{cel_pattern}')", lambda value: compiled.fullmatch(value) is not None, message)


_DEFAULT_ATTRIBUTE_CEL: Final = "".join(
    f"{{field}}.source == '{source}' ? '{info.attribute}' : " for source, info in SOURCES.items()
)


def _attribute_cel(field: str) -> str:
    """Return the CEL expression of a field's attribute; of a CustomAttribute without one, a text that names none.

    The defaults are no map: the API server would not know how long what comes out of it can be.
    """
    defaults = _DEFAULT_ATTRIBUTE_CEL.format(field=field)
    return f"(has({field}.attribute) ? {field}.attribute : {defaults}'.')"


def _same_source_cel(one: str, other: str) -> str:
    """Return the CEL expression that two fields have the same source and, with CustomAttribute, the same key."""
    keys = (f"(has({field}.key) ? {field}.key : '')" for field in (one, other))
    return f"({one}.source == {other}.source && {' == '.join(keys)})"


_LABEL_CEL: Final = "has(f.key) ? f.source + ' ' + f.key : f.source"
"""CEL expression of the source of a field f, with its key where it has one."""
_CLASH_CEL: Final = (
    f"(has(f.attribute) && self.exists(g, !{_same_source_cel('f', 'g')} && f.attribute == {_attribute_cel('g')}))"
)
"""CEL expression that a field f names an attribute that a field of another source goes to.

Of two fields that go to one attribute at least one names it, as all defaults differ. The API server checks every rule
at each write of a status, so it looks at the defaults only where some field names an attribute.
"""


def _first_twice(items: Iterable[str]) -> str:
    """Return the first item that is there twice."""
    listed = list(items)
    return next(item for item in listed if listed.count(item) > 1)


def _distinct(values: Iterable[Hashable]) -> bool:
    listed = list(values)
    return len(set(listed)) == len(listed)


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
CustomAttributeKey = Annotated[str, Field(min_length=1, max_length=CUSTOM_ATTRIBUTE_KEY_MAX_LENGTH)]
Percentage = Annotated[int, Field(ge=1, le=100, strict=True)]


def _rate(value: Any) -> str:
    if not isinstance(value, str) or len(value) > RATE_MAX_LENGTH or not _RATE_SHAPE.fullmatch(value):
        raise PydanticCustomError("rule", "{fix}", {"fix": f"must be {_RATE_FIX}"})
    return value


ExchangeRates = Annotated[
    dict[str, Annotated[str, PlainValidator(_rate)]],
    Field(
        max_length=200,
        json_schema_extra={
            "additionalProperties": {
                VERBATIM: True,
                "x-kubernetes-preserve-unknown-fields": True,
                "maxLength": RATE_MAX_LENGTH,
                # With `type: string` the API server would not say what to do about a number. So it names what it
                # supports: a text that is too long to be one of them, or what the second schema takes.
                "anyOf": [{"enum": [_RATE_FIX]}, no_object(pattern=f"^({_RATE})$", minimum=1, maximum=0)],
            }
        },
    ),
]
"""Worth of one unit of each currency, by its ISO code, as decimal text."""


class SecretKeyRef(SpecModel):
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


class ChartMogul(SpecModel):
    """The account that data comes from."""

    api_key_secret_ref: ApiKeySecretRef = Field(description="Secret with the ChartMogul API key.")
    url: Url = Field("https://api.chartmogul.com/v1", description="Base URL of ChartMogul's API.")
    data_sources: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=253)]],
        Rule(
            "self.all(a, self.exists_one(b, b == a))",
            _distinct,
            "{offender} is listed twice; list each once",
            Offender(
                cel="f",
                of=_first_twice,
                otherwise="a data source",
                among="self",
                where="!self.exists_one(g, g == f)",
            ),
        ),
        Field(
            max_length=100,
            json_schema_extra={"x-kubernetes-list-type": "set"},
            description="Only customers of these data sources (their uuids, such as ds_1a2b...). Empty: all customers.",
        ),
    ] = Field(default=[])
    exchange_rates: ExchangeRates = Field(
        default={},
        json_schema_extra=NO_DEFAULT,
        description="For NetPayments only: what one unit of a currency is worth in the account's currency, such as "
        '{USD: "0.92"}; positive decimals, in quotes. The customer\'s own currency is never converted. Default: none, '
        "so that the NetPayments of customers with payments in other currencies are empty.",
    )


class Intercom(SpecModel):
    """The workspace that data goes to."""

    oauth_secret_ref: OauthSecretRef = Field(description="Secret with the Intercom OAuth or private app token.")
    region: Literal["US", "EU", "AU"] = Field(
        "US", description="Region that hosts the workspace; picks the API host unless url is set."
    )
    url: Url | None = Field(
        None, description="Base URL of Intercom's API. Default: the region's host, such as https://api.intercom.io."
    )
    read_plan: Literal["Auto", "Scan", "Search"] = Field(
        "Auto",
        description="How contacts are read: Scan lists them all, Search asks for the keys of ChartMogul's customers "
        "(Intercom's search misses contacts that are minutes old), Auto takes what needs fewer requests.",
    )

    @property
    def base_url(self) -> str:
        """The API's base URL without a trailing slash."""
        return (self.url or REGION_URLS[self.region]).rstrip("/")


class Matching(SpecModel):
    """How customers and contacts are matched."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.chartmogulField != 'Email' || self.intercomFields == ['email']",
            lambda matching: matching.chartmogul_field != "Email" or matching.intercom_fields == ["email"],
            "with chartmogulField Email, intercomFields must be [email]; to match by other attributes use ExternalID, "
            "UUID or CustomAttribute",
            field="intercomFields",
        ),
        Rule(
            "self.chartmogulField == 'Email' || !('email' in self.intercomFields)",
            lambda matching: matching.chartmogul_field == "Email" or "email" not in matching.intercom_fields,
            "with chartmogulField {offender}, intercomFields must not hold email; set it to the attributes that hold "
            "the id, for example [external_id]",
            Offender(
                cel="self.chartmogulField", of=lambda matching: str(matching.chartmogul_field), otherwise="ExternalID"
            ),
            field="intercomFields",
        ),
        Rule(
            "self.chartmogulField != 'CustomAttribute' || has(self.chartmogulKey)",
            lambda matching: matching.chartmogul_field != "CustomAttribute" or matching.chartmogul_key is not None,
            "chartmogulField CustomAttribute needs chartmogulKey: the custom attribute's name in ChartMogul",
            field="chartmogulKey",
        ),
        Rule(
            "!has(self.chartmogulKey) || self.chartmogulField == 'CustomAttribute'",
            lambda matching: matching.chartmogul_field == "CustomAttribute" or matching.chartmogul_key is None,
            "chartmogulKey goes with chartmogulField CustomAttribute only, not {offender}; remove it or change "
            "chartmogulField",
            Offender(
                cel="self.chartmogulField", of=lambda matching: str(matching.chartmogul_field), otherwise="others"
            ),
            field="chartmogulKey",
        ),
    )

    chartmogul_field: Literal["Email", "ExternalID", "UUID", "CustomAttribute"] = Field(
        description="Email: the customer's email equals the contact's. ExternalID: any of the customer's external ids "
        "equals any of the contact's attributes in intercomFields. UUID and CustomAttribute: likewise with the "
        "customer's uuid, or its custom attribute chartmogulKey."
    )
    chartmogul_key: CustomAttributeKey | None = Field(
        None,
        description="With CustomAttribute, which requires it: name of the custom attribute in ChartMogul, such as "
        "crm_id. No default.",
    )
    intercom_fields: Annotated[
        list[AttributeName],
        Rule(
            "self.all(a, self.exists_one(b, b == a))",
            _distinct,
            "{offender} is listed twice; list each once",
            Offender(
                cel="f",
                of=_first_twice,
                otherwise="an Intercom field",
                among="self",
                where="!self.exists_one(g, g == f)",
            ),
        ),
    ] = Field(
        default=["email"],
        min_length=1,
        max_length=MAX_INTERCOM_FIELDS,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
        description="Intercom attributes to compare with, 1 to 10: [email] with Email; otherwise external_id or names "
        "of custom attributes.",
    )
    ambiguous: Literal["UpdateAll", "Skip"] = Field(
        "UpdateAll", description="A customer that matches several contacts updates all of them, or none."
    )


class FieldMapping(SpecModel):
    """One data element and the Intercom attribute that it goes to."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.source != 'CustomAttribute' || has(self.key)",
            lambda field: field.source is not Source.CUSTOM_ATTRIBUTE or field.key is not None,
            "source CustomAttribute needs key: the custom attribute's name in ChartMogul",
            field="key",
        ),
        Rule(
            "self.source != 'CustomAttribute' || has(self.attribute)",
            lambda field: field.source is not Source.CUSTOM_ATTRIBUTE or field.attribute is not None,
            "source CustomAttribute needs attribute: the Intercom attribute that receives it, for example chartmogul_ "
            "and its key",
            field="attribute",
        ),
        Rule(
            "!has(self.key) || self.source == 'CustomAttribute'",
            lambda field: field.source is Source.CUSTOM_ATTRIBUTE or field.key is None,
            "key goes with source CustomAttribute only, not {offender}; remove it or change source",
            Offender(cel="self.source", of=lambda field: str(field.source), otherwise="others"),
            field="key",
        ),
        Rule(
            "!has(self.type) || self.source == 'CustomAttribute'",
            lambda field: field.source is Source.CUSTOM_ATTRIBUTE or field.type is None,
            "type goes with source CustomAttribute only, not {offender}; remove it or change source",
            Offender(cel="self.source", of=lambda field: str(field.source), otherwise="others"),
            field="type",
        ),
    )

    source: Source = Field(description="The data element of ChartMogul.")
    key: CustomAttributeKey | None = Field(
        None,
        description="With CustomAttribute, which requires it: name of the custom attribute in ChartMogul, such as "
        "health_score. No default.",
    )
    type: DataType | None = Field(
        None, description="With CustomAttribute: type of its values and of the Intercom attribute. Default: string."
    )
    attribute: AttributeName | None = Field(
        None,
        description="Intercom custom attribute that receives it; created when missing. Default: chartmogul_ and the "
        "element's name, such as chartmogul_mrr; CustomAttribute has no default and requires it.",
    )

    @property
    def attribute_name(self) -> str:
        """The attribute, or the source's default."""
        return self.attribute or SOURCES[self.source].attribute

    @property
    def data_type(self) -> DataType:
        """Intercom's data type of the attribute."""
        if self.source is Source.CUSTOM_ATTRIBUTE:
            return self.type or "string"
        return SOURCES[self.source].data_type

    @property
    def description(self) -> str:
        """The description that Intercom gets with the attribute."""
        return description_of(self.source, self.key)

    @property
    def label(self) -> str:
        """The source, and the key where there is one: what no other field has."""
        return self.source if self.key is None else f"{self.source} {self.key}"


def _unwritable(spec: "SyncSpec") -> Iterator[str]:
    """Yield the attributes among the fields that contacts are matched by."""
    for field in spec.fields:
        name = field.attribute or (SOURCES[field.source].attribute if field.source in SOURCES else "")
        if name in _OWN_ATTRIBUTES or name in spec.matching.intercom_fields:
            yield name


def _first_clash(fields: Sequence[FieldMapping]) -> str:
    """Return the first attribute that a field names and another goes to."""
    listed = [field.attribute_name for field in fields]
    return next(field.attribute for field in fields if field.attribute and listed.count(field.attribute) > 1)


def _is_one_twice(fields: Sequence[FieldMapping]) -> bool:
    return not _distinct(field.label for field in fields)


_MATCHED_BY_CEL: Final = (
    f"(has(f.attribute) && f.attribute in {list(_OWN_ATTRIBUTES)} || "
    f"!(a in {list(_OWN_ATTRIBUTES)}) && a == {_attribute_cel('f')})"
)
"""CEL expression that a field f writes an attribute of a contact's own, or the Intercom field a.

No default is an attribute of a contact's own, so by email or external_id alone no field is looked at for its default.
"""


class SyncSpec(SpecModel):
    """The spec without spec.job: all that a run needs, which has no use for the models of spec.job."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"!self.matching.intercomFields.exists(a, self.fields.exists(f, {_MATCHED_BY_CEL}))",
            lambda spec: not any(_unwritable(spec)),
            "the attribute {offender} is one that contacts are matched by, and a sync would overwrite it; send the "
            "source to another attribute",
            Offender(
                cel=_attribute_cel("f"),
                among="self.fields",
                where=f"self.matching.intercomFields.exists(a, {_MATCHED_BY_CEL})",
                of=lambda spec: next(_unwritable(spec)),
                otherwise="of a field",
            ),
            field="fields",
        ),
        Rule(
            "!has(self.unmatchedContacts) || self.unmatchedContacts != 'Clear' || self.intercom.readPlan != 'Search'",
            lambda spec: spec.unmatched_contacts != "Clear" or spec.intercom.read_plan != "Search",
            "Clear needs to see every contact, which intercom.readPlan Search does not; set readPlan to Auto or Scan",
            field="unmatchedContacts",
        ),
    )

    chartmogul: ChartMogul = Field(description="The ChartMogul account that data comes from.")
    intercom: Intercom = Field(description="The Intercom workspace that data goes to.")
    matching: Matching = Field(description="How customers and contacts are matched.")
    fields: Annotated[
        list[FieldMapping],
        Rule(
            # The list of one gives the labels a name, so that each field is looked into once.
            f"[self.map(f, {_LABEL_CEL})].all(l, l.all(a, l.exists_one(b, b == a)))",
            lambda fields: not _is_one_twice(fields),
            "{offender} is named twice; name each source once",
            Offender(
                cel=_LABEL_CEL,
                among="self",
                where=f"!self.exists_one(g, {_same_source_cel('f', 'g')})",
                of=lambda fields: _first_twice(field.label for field in fields),
                otherwise="a source",
            ),
        ),
        Rule(
            f"!self.exists(f, {_CLASH_CEL})",
            lambda fields: _is_one_twice(fields) or _distinct(field.attribute_name for field in fields),
            "two sources go to one attribute; give each its own: {offender}",
            Offender(
                cel=_attribute_cel("f"),
                among="self",
                where=_CLASH_CEL,
                of=_first_clash,
                otherwise="an attribute is named twice",
            ),
        ),
    ] = Field(
        min_length=1,
        max_length=MAX_FIELDS,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
        description="The data elements to send, 1 to 50, each source once and CustomAttribute once per key.",
    )
    empty_values: Literal["Clear", "Keep"] = Field(
        "Clear", description="What a value that ChartMogul does not have does to the attribute."
    )
    unmatched_contacts: Literal["Keep", "Clear"] = Field(
        "Keep",
        json_schema_extra=NO_DEFAULT,
        description="What happens to contacts that no customer matches: Keep leaves them, Clear empties the attributes "
        "of fields. Clear needs readPlan Auto or Scan, and attributes that no other destination writes. Default: Keep.",
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
        100, description="Refuse a run that would write to more than this share of the matched contacts, in percent."
    )
    rate_limit_percent: Percentage = Field(
        80, description="Share of the workspace's Intercom request budget that a run may use, in percent."
    )

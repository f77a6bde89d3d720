"""Manifests of IntercomDestinations for tests: a small valid one, and tables of what must be accepted and refused.

`tests/api/resource` runs the tables through a real API server, `tests/unit/resource` through the worker's reader.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

REMOVED: Final = object()
"""As a change's value: the field is taken away."""

_MINIMAL: Final[dict[str, Any]] = {
    "apiVersion": "mogulsync.dev/v1alpha1",
    "kind": "IntercomDestination",
    "metadata": {"name": "production"},
    "spec": {
        "chartmogul": {"apiKeySecretRef": {"name": "chartmogul"}},
        "intercom": {"oauthSecretRef": {"name": "intercom"}},
        "matching": {"chartmogulField": "Email"},
        "fields": [{"source": "MRR"}],
    },
}

SOURCES: Final = (
    "MRR",
    "ARR",
    "NetPayments",
    "SubscriberSince",
    "CustomerStatus",
    "Plan",
    "PlanExternalID",
    "ExternalID",
    "Email",
    "CurrencyCode",
    "CurrencySymbol",
    "LastUpdated",
    "CustomerRecordLink",
    "ExternalIDs",
    "CustomerUUID",
    "CompanyName",
    "Country",
    "BillingSystem",
    "BillingCycle",
    "LeadCreated",
    "TrialStarted",
    "Tags",
    "CustomAttribute",
)
"""The sources, as the contract names them."""


def destination(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the smallest valid manifest with changes, each a dotted path such as spec.suspend and its value."""
    manifest = copy.deepcopy(_MINIMAL)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        place = manifest
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is REMOVED:
            del place[last]
        else:
            place[last] = value
    return manifest


def external_id(*intercom_fields: str) -> dict[str, Any]:
    """Return the changes that match by external id with these attributes of Intercom."""
    return {"spec.matching": {"chartmogulField": "ExternalID", "intercomFields": list(intercom_fields)}}


def attribute(name: str) -> dict[str, Any]:
    """Return the changes that send MRR to the attribute of this name."""
    return {"spec.fields": [{"source": "MRR", "attribute": name}]}


@dataclass(frozen=True)
class Accepted:
    """A manifest that is right: what is special of it, and how it differs from the minimal one."""

    case: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Refused:
    """A manifest that is wrong, and what whoever refuses it must say: the field, and words that tell the mend."""

    case: str
    changes: Mapping[str, Any]
    where: str
    mend: str
    """Words of the API server's message, and of the worker's too unless `worker` has others."""
    worker: str = field(default="")

    @property
    def worker_mend(self) -> str:
        """Words of the worker's message."""
        return self.worker or self.mend


_HTTP: Final = "must be an http or https URL"
_BLANK: Final = "must not be blank, nor begin or end with one; remove it"
_FORBIDDEN: Final = "use _ in their place"
_CRON: Final = "must be five cron fields"

ACCEPTED: Final = (
    Accepted("the least that may be said", {}),
    Accepted("a name of 52 characters", {"metadata.name": "a" * 52}),
    Accepted("a name with dots", {"metadata.name": "customers.eu"}),
    Accepted(
        "every source, once",
        {"spec.fields": [{"source": source} for source in SOURCES if source != "CustomAttribute"]},
    ),
    Accepted(
        "two sources on two attributes, one named like the other's default",
        {"spec.fields": [{"source": "MRR", "attribute": "chartmogul_arr"}, {"source": "ARR", "attribute": "arr"}]},
    ),
    Accepted("an attribute of 255 characters", attribute("a" * 255)),
    Accepted("an attribute with a blank inside", attribute("Monthly revenue")),
    Accepted("an attribute of one letter", attribute("m")),
    Accepted("an attribute beyond ASCII", attribute("Umsatz im März 💶")),
    Accepted("email named as the field to match", {"spec.matching.intercomFields": ["email"]}),
    Accepted("external_id to match", external_id("external_id")),
    Accepted("ten attributes to match", external_id(*(f"id_{number}" for number in range(10)))),
    Accepted("ambiguous customers skipped", {"spec.matching.ambiguous": "Skip"}),
    Accepted("the region EU", {"spec.intercom.region": "EU"}),
    Accepted("the region AU", {"spec.intercom.region": "AU"}),
    Accepted("contacts scanned", {"spec.intercom.readPlan": "Scan"}),
    Accepted("contacts searched", {"spec.intercom.readPlan": "Search"}),
    Accepted("plain http with a port", {"spec.intercom.url": "http://127.0.0.1:8090/intercom"}),
    Accepted("an IPv6 address", {"spec.chartmogul.url": "https://[::1]:8443/v1/"}),
    Accepted("data sources", {"spec.chartmogul.dataSources": ["ds_1", "ds_2"]}),
    Accepted(
        "keys of the Secrets", {"spec.chartmogul.apiKeySecretRef.key": "k", "spec.intercom.oauthSecretRef.key": "t"}
    ),
    Accepted("empty values kept", {"spec.emptyValues": "Keep"}),
    Accepted("suspended", {"spec.suspend": True}),
    Accepted("every minute", {"spec.schedule": "* * * * *"}),
    Accepted("lists, ranges and steps", {"spec.schedule": "*/15 0,12 1-7 * 1-5"}),
    Accepted("names of months and days", {"spec.schedule": "0 9 * JAN-dec mon,FRI"}),
    Accepted("blanks around and between the cron fields", {"spec.schedule": " 0  9 * *\t* \n"}),
    Accepted("a shape that only the CronJob API refuses", {"spec.schedule": "99 99 * * *"}),
    Accepted("another time zone", {"spec.timeZone": "Europe/Berlin"}),
    Accepted("a time zone that only the CronJob API refuses", {"spec.timeZone": "Mars/Olympus"}),
    Accepted("the smallest percentages", {"spec.maxChangedPercent": 1, "spec.rateLimitPercent": 1}),
    Accepted("the largest percentages", {"spec.maxChangedPercent": 100, "spec.rateLimitPercent": 100}),
    Accepted(
        "a whole number with a point", {"spec.rateLimitPercent": 50.0, "spec.job": {"activeDeadlineSeconds": 60.0}}
    ),
    Accepted("null for what has a default", {"spec.schedule": None, "spec.intercom.url": None, "spec.job": None}),
    Accepted(
        "every setting of the Job",
        {
            "spec.job": {
                "image": "registry.example/mogulsync:1",
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": 1}},
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "tolerations": [{"key": "spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}],
                "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}},
                "podLabels": {"team": "growth"},
                "podAnnotations": {"example.com/note": "x"},
                "env": [
                    {"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"},
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                ],
                "activeDeadlineSeconds": 600,
                "startingDeadlineSeconds": 300,
                "successfulJobsHistoryLimit": 0,
                "failedJobsHistoryLimit": 10,
                "priorityClassName": "low",
            }
        },
    ),
)
"""Manifests that both the API server and the worker take."""

REFUSED: Final = (
    Refused(
        "no spec",
        {"spec": REMOVED},
        "spec",
        "Required value",
        worker="missing; say what to send",
    ),
    *(
        Refused(f"no {path}", {path: REMOVED}, path, "Required value", worker="missing; it is required")
        for path in (
            "spec.chartmogul",
            "spec.chartmogul.apiKeySecretRef",
            "spec.chartmogul.apiKeySecretRef.name",
            "spec.intercom",
            "spec.intercom.oauthSecretRef",
            "spec.intercom.oauthSecretRef.name",
            "spec.matching",
            "spec.matching.chartmogulField",
            "spec.fields",
        )
    ),
    Refused("a name of 53 characters", {"metadata.name": "a" * 53}, "metadata.name", "shorten it"),
    Refused(
        "a name with capitals",
        {"metadata.name": "Production"},
        "metadata.name",
        "a lowercase RFC 1123 subdomain must consist of",
        worker="must be small letters, digits",
    ),
    Refused(
        "an unknown source",
        {"spec.fields": [{"source": "Mrr"}]},
        "spec.fields[0].source",
        'supported values: "MRR", "ARR"',
        worker="input should be 'MRR', 'ARR'",
    ),
    Refused(
        "a field without a source",
        {"spec.fields": [{"attribute": "a"}]},
        "spec.fields[0].source",
        "Required value",
        worker="missing; it is required",
    ),
    Refused(
        "no fields",
        {"spec.fields": []},
        "spec.fields",
        "should have at least 1 items",
        worker="should have at least 1 item",
    ),
    Refused(
        "51 fields",
        {"spec.fields": [{"source": "MRR", "attribute": f"a{number}"} for number in range(51)]},
        "spec.fields",
        "must have at most 50 items",
        worker="should have at most 50 items",
    ),
    Refused(
        "a source named twice",
        {"spec.fields": [{"source": "MRR", "attribute": "a"}, {"source": "MRR", "attribute": "b"}]},
        "spec.fields",
        "name each source once",
    ),
    Refused(
        "two sources on one attribute",
        {"spec.fields": [{"source": "MRR", "attribute": "a"}, {"source": "ARR", "attribute": "a"}]},
        "spec.fields",
        "two sources go to one attribute; give each its own",
    ),
    Refused(
        "a source on the default attribute of another",
        {"spec.fields": [{"source": "MRR"}, {"source": "ARR", "attribute": "chartmogul_mrr"}]},
        "spec.fields",
        "two sources go to one attribute; give each its own",
    ),
    *(
        Refused(f"the attribute {name!r}", attribute(name), "spec.fields[0].attribute", mend)
        for name, mend in (
            ("a.b", _FORBIDDEN),
            (".", _FORBIDDEN),
            ("$a", _FORBIDDEN),
            (" a", _BLANK),
            ("a ", _BLANK),
            ("a\t", _BLANK),
            ("a\n", _BLANK),
            ("\u00a0a", _BLANK),
            ("a\u2003", _BLANK),
            (" ", _BLANK),
        )
    ),
    Refused(
        "an empty attribute",
        attribute(""),
        "spec.fields[0].attribute",
        "should be at least 1 chars long",
        worker="should have at least 1 character",
    ),
    Refused(
        "an attribute of 256 characters",
        attribute("ä" * 256),
        "spec.fields[0].attribute",
        "may not be more than 255",
        worker="should have at most 255 characters",
    ),
    Refused(
        "an unknown ChartMogul field",
        {"spec.matching.chartmogulField": "Name"},
        "spec.matching.chartmogulField",
        'supported values: "Email", "ExternalID"',
        worker="input should be 'Email', 'ExternalID'",
    ),
    *(
        Refused(
            f"Email with {fields}",
            {"spec.matching.intercomFields": fields},
            "spec.matching",
            "intercomFields must be [email]",
        )
        for fields in (["external_id"], ["email", "external_id"])
    ),
    Refused(
        "ExternalID without intercomFields",
        {"spec.matching": {"chartmogulField": "ExternalID"}},
        "spec.matching",
        "set it to the attributes that hold the id, for example [external_id]",
    ),
    Refused(
        "ExternalID with email among others",
        external_id("external_id", "email"),
        "spec.matching",
        "set it to the attributes that hold the id, for example [external_id]",
    ),
    Refused(
        "11 attributes to match",
        external_id(*(f"id_{number}" for number in range(11))),
        "spec.matching.intercomFields",
        "must have at most 10 items",
        worker="should have at most 10 items",
    ),
    Refused(
        "no attribute to match",
        external_id(),
        "spec.matching.intercomFields",
        "should have at least 1 items",
        worker="should have at least 1 item",
    ),
    Refused(
        "an attribute to match twice",
        external_id("a", "b", "a"),
        "spec.matching.intercomFields",
        "list each once",
    ),
    Refused("an attribute to match with a dot", external_id("a.b"), "spec.matching.intercomFields[0]", _FORBIDDEN),
    Refused(
        "an attribute to match that ends with a blank", external_id("a "), "spec.matching.intercomFields[0]", _BLANK
    ),
    Refused(
        "another way with ambiguous customers",
        {"spec.matching.ambiguous": "First"},
        "spec.matching.ambiguous",
        'supported values: "UpdateAll", "Skip"',
        worker="input should be 'UpdateAll' or 'Skip'",
    ),
    Refused(
        "an unknown region",
        {"spec.intercom.region": "eu"},
        "spec.intercom.region",
        'supported values: "US", "EU", "AU"',
        worker="input should be 'US', 'EU' or 'AU'",
    ),
    Refused(
        "an unknown read plan",
        {"spec.intercom.readPlan": "Fast"},
        "spec.intercom.readPlan",
        'supported values: "Auto", "Scan", "Search"',
        worker="input should be 'Auto', 'Scan' or 'Search'",
    ),
    Refused(
        "another way with empty values",
        {"spec.emptyValues": "Drop"},
        "spec.emptyValues",
        'supported values: "Clear", "Keep"',
        worker="input should be 'Clear' or 'Keep'",
    ),
    *(
        Refused(f"the URL {url!r}", {path: url}, path, _HTTP)
        for path in ("spec.chartmogul.url", "spec.intercom.url")
        for url in (
            "",
            "api.intercom.io",
            "ftp://api.intercom.io",
            "https://",
            "https:///v1",
            "https://user:secret@api.intercom.io",
            "https://api.intercom.io/?a=b",
            "https://api.intercom.io/#a",
            "https://api.intercom.io/a b",
            "https://api.intercom.io\n",
            " https://api.intercom.io",
        )
    ),
    Refused(
        "a data source twice",
        {"spec.chartmogul.dataSources": ["ds_1", "ds_1"]},
        "spec.chartmogul.dataSources",
        "list each once",
    ),
    *(
        Refused(f"the schedule {schedule!r}", {"spec.schedule": schedule}, "spec.schedule", _CRON)
        for schedule in (
            "",
            "0 9 * *",
            "0 9 * * * *",
            "@daily",
            "@every 1h",
            "TZ=CET 0 9 * * *",
            "CRON_TZ=CET 0 9 * * *",
            "0 9 ? * *",
            "0 9 * * 5#2",
            "0 9\u00a0* * *",
            "at nine",
        )
    ),
    Refused(
        "an empty time zone",
        {"spec.timeZone": ""},
        "spec.timeZone",
        "should be at least 1 chars long",
        worker="should have at least 1 character",
    ),
    *(
        Refused(f"{value} percent", {path: value}, path, server, worker=worker)
        for path in ("spec.maxChangedPercent", "spec.rateLimitPercent")
        for value, server, worker in (
            (0, "should be greater than or equal to 1", "should be greater than or equal to 1"),
            (101, "should be less than or equal to 100", "should be less than or equal to 100"),
            (-1, "should be greater than or equal to 1", "should be greater than or equal to 1"),
            ("80", "must be of type integer", "should be a valid integer"),
            (80.5, "must be of type integer", "should be a valid integer"),
            (True, "must be of type integer", "should be a valid integer"),
        )
    ),
    Refused(
        "suspend as text",
        {"spec.suspend": "true"},
        "spec.suspend",
        "must be of type boolean",
        worker="should be a valid boolean",
    ),
    Refused(
        "a variable that the operator sets",
        {"spec.job": {"env": [{"name": "INTERCOM_ACCESS_TOKEN", "value": "x"}]}},
        "spec.job.env",
        "use apiKeySecretRef and oauthSecretRef",
    ),
    Refused(
        "a variable twice",
        {"spec.job": {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}},
        "spec.job.env",
        "Duplicate value",
        worker="A is named twice; name each once",
    ),
    Refused(
        "a quantity that is true",
        {"spec.job": {"resources": {"limits": {"cpu": True}}}},
        "spec.job.resources.limits.cpu",
        "must be of type integer,string",
        worker="must be a whole number or text, such as 500m",
    ),
    Refused(
        "a deadline of no time",
        {"spec.job": {"activeDeadlineSeconds": 0}},
        "spec.job.activeDeadlineSeconds",
        "should be greater than or equal to 1",
    ),
)
"""Manifests that both the API server and the worker refuse."""

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
"""The sources, as the documentation names them."""


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


def matching(field: str, *intercom_fields: str, **more: Any) -> dict[str, Any]:
    """Return the changes that match this field of ChartMogul's with these attributes of Intercom."""
    return {"spec.matching": {"chartmogulField": field, "intercomFields": list(intercom_fields), **more}}


def custom_attribute(key: str = "health_score", **more: Any) -> dict[str, Any]:
    """Return a field that sends a custom attribute of ChartMogul's; a key that is REMOVED is not there."""
    field = {"source": "CustomAttribute", "key": key, "attribute": f"chartmogul_{key}"} | more
    return {name: value for name, value in field.items() if value is not REMOVED}


def field_list(*listed: dict[str, Any] | str) -> dict[str, Any]:
    """Return the changes that send these fields, each as the spec has it or as the name of its source."""
    return {"spec.fields": [{"source": each} if isinstance(each, str) else each for each in listed]}


def job(**settings: Any) -> dict[str, Any]:
    """Return the changes that shape the Jobs' Pods."""
    return {"spec.job": settings}


def volume(**kinds: Any) -> dict[str, Any]:
    """Return the changes that give the Pods one volume."""
    return job(volumes=[{"name": "extra"} | kinds])


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
    """A manifest that is wrong, and what whoever refuses it must say: the field, and words that name the fix."""

    case: str
    changes: Mapping[str, Any]
    where: str
    fix: str
    """Words of the API server's message, and of the worker's too unless `worker` has others."""
    worker: str = field(default="")

    @property
    def worker_fix(self) -> str:
        """Words of the worker's message."""
        return self.worker or self.fix


_HTTP: Final = "must be an http or https URL"
_BLANK: Final = "must not be blank, nor begin or end with one; remove it"
_FORBIDDEN: Final = "use _ in their place"
_CRON: Final = "must be five cron fields"

_NO_RATES: Final[tuple[Any, ...]] = (
    0.92,
    1,
    0,
    -1.5,
    "",
    "0",
    "0.0",
    "-1",
    "+1",
    "1e3",
    "1,5",
    "0.92 ",
    ".5",
    "1.",
    "NaN",
    True,
    {},
    [],
)

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
    Accepted("the last port", {"spec.chartmogul.url": "https://chartmogul:65535"}),
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
    *(
        Accepted(f"{field} to match", matching(field, "external_id", "crm_id", **more))
        for field, more in (("ExternalID", {}), ("UUID", {}), ("CustomAttribute", {"chartmogulKey": "crm_id"}))
    ),
    Accepted("fifty fields", field_list(*(custom_attribute(f"k{number}") for number in range(50)))),
    Accepted(
        "fifty fields with the longest names",
        field_list(*(custom_attribute(f"{number:03}" * 85, attribute=f"{number:03}" * 85) for number in range(50))),
    ),
    Accepted("every source without an attribute of its own", field_list(*SOURCES[:-1], custom_attribute())),
    *(
        Accepted(f"a custom attribute of type {kind}", field_list(custom_attribute(type=kind)))
        for kind in ("string", "integer", "float", "boolean", "date")
    ),
    Accepted("two custom attributes", field_list(custom_attribute("a"), custom_attribute("b"))),
    Accepted(
        "a custom attribute with blanks and dots in its name",
        field_list(custom_attribute("Lead source 2.0", attribute="a")),
    ),
    *(
        Accepted(
            f"unmatched contacts cleared with the read plan {plan}",
            {"spec.unmatchedContacts": "Clear", "spec.intercom.readPlan": plan},
        )
        for plan in ("Auto", "Scan")
    ),
    Accepted("unmatched contacts cleared", {"spec.unmatchedContacts": "Clear"}),
    Accepted(
        "unmatched contacts kept with Search", {"spec.unmatchedContacts": "Keep", "spec.intercom.readPlan": "Search"}
    ),
    Accepted(
        "exchange rates",
        {
            "spec.chartmogul.exchangeRates": {
                "USD": "0.92",
                "JPY": "0.0061",
                "GBP": "1",
                "KWD": "3.0000001",
                "IDR": "00.5",
            }
        },
    ),
    Accepted("no exchange rates", {"spec.chartmogul.exchangeRates": {}}),
    *(
        Accepted(f"a volume of the kind {kind}", volume(**{kind: body}))
        for kind, body in (
            ("configMap", {"name": "ca", "items": [{"key": "ca.crt", "path": "ca.crt"}], "optional": True}),
            ("csi", {"driver": "secrets-store.csi.k8s.io", "readOnly": True}),
            ("downwardAPI", {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}),
            ("emptyDir", {}),
            ("emptyDir", {"sizeLimit": "1Gi", "medium": "Memory"}),
            (
                "ephemeral",
                {
                    "volumeClaimTemplate": {
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
                    }
                },
            ),
            ("persistentVolumeClaim", {"claimName": "a", "readOnly": True}),
            ("projected", {"sources": [{"configMap": {"name": "a"}}, {"secret": {"name": "b"}}, {"downwardAPI": {}}]}),
            ("secret", {"secretName": "ca", "defaultMode": 0o400}),
        )
    ),
    *(
        Accepted(f"a limit of {quantity!r}", job(resources={"limits": {"cpu": quantity}}))
        for quantity in (1, 0.5, "0.5", "500m", "1e3", "1E3", "128Mi", ".5", "+1", 1.5e9)
    ),
    Accepted(
        "labels of numbers in quotes, and an empty one",
        job(podLabels={"year": "2026", "a.b/c": ""}, nodeSelector={"zone": "a_b.c-1"}),
    ),
    Accepted(
        "an annotation with a name like the forbidden ones", job(podAnnotations={"seccomp.example.com/note": "x"})
    ),
    Accepted(
        "a user id of the namespace's range",
        job(podSecurityContext={"runAsUser": 1000680000, "runAsGroup": 0, "fsGroup": 0}),
    ),
    Accepted(
        "every setting of the Job",
        {
            "spec.job": {
                "image": "registry.example/mogulsync:1",
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": 1}},
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "tolerations": [{"key": "spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}],
                "affinity": {
                    "podAntiAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}
                        ]
                    }
                },
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
                "runtimeClassName": "gvisor",
                "imagePullPolicy": "IfNotPresent",
                "imagePullSecrets": [{"name": "registry"}, {"name": "mirror"}],
                "serviceAccountName": "jobs",
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": "topology.kubernetes.io/zone",
                        "whenUnsatisfiable": "DoNotSchedule",
                        "labelSelector": {"matchLabels": {"a": "b"}},
                        "matchLabelKeys": ["a"],
                        "minDomains": 2,
                        "nodeAffinityPolicy": "Honor",
                        "nodeTaintsPolicy": "Ignore",
                    }
                ],
                "volumes": [{"name": "ca", "configMap": {"name": "ca"}}, {"name": "tmp", "emptyDir": {}}],
                "volumeMounts": [
                    {"name": "ca", "mountPath": "/etc/ca", "readOnly": True, "subPath": "ca.crt"},
                    {"name": "tmp", "mountPath": "/var/spare", "mountPropagation": "None", "subPathExpr": "$(NODE)"},
                ],
                "podSecurityContext": {
                    "runAsUser": 1000,
                    "runAsGroup": 1000,
                    "fsGroup": 1000,
                    "fsGroupChangePolicy": "OnRootMismatch",
                    "supplementalGroups": [1, 2],
                    "seLinuxOptions": {"level": "s0:c123,c456"},
                },
                "securityContext": {"runAsUser": 1000, "runAsGroup": 1, "seLinuxOptions": {"level": "s0"}},
                "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["proxy.example", "p"]}],
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
        "MRR is named twice; name each source once",
    ),
    Refused(
        "a custom attribute named twice",
        field_list("MRR", custom_attribute("a"), custom_attribute("a", attribute="b", type="float")),
        "spec.fields",
        "CustomAttribute a is named twice; name each source once",
    ),
    Refused(
        "two custom attributes on one attribute",
        field_list(custom_attribute("a", attribute="c"), custom_attribute("b", attribute="c")),
        "spec.fields",
        "two sources go to one attribute; give each its own: c",
    ),
    Refused(
        "a custom attribute on the default attribute of a source",
        field_list("Tags", custom_attribute("a", attribute="chartmogul_tags")),
        "spec.fields",
        "two sources go to one attribute; give each its own: chartmogul_tags",
    ),
    Refused(
        "two pairs of sources on one attribute each: the first that a field names",
        field_list(
            "Tags",
            custom_attribute("a", attribute="c"),
            custom_attribute("b", attribute="c"),
            custom_attribute("d", attribute="chartmogul_tags"),
        ),
        "spec.fields",
        "two sources go to one attribute; give each its own: c",
    ),
    *(
        Refused(
            f"a custom attribute with {what}",
            field_list(custom_attribute(**changes)),
            f"spec.fields[0].{where}",
            fix,
            worker=worker,
        )
        for what, changes, where, fix, worker in (
            ("no key", {"attribute": "a", "key": REMOVED}, "key", "the custom attribute's name in ChartMogul", ""),
            ("no attribute", {"attribute": REMOVED}, "attribute", "the Intercom attribute that receives it", ""),
            ("an empty key", {"key": "", "attribute": "a"}, "key", "at least 1 chars long", "at least 1 character"),
            (
                "a key of 256 characters",
                {"key": "k" * 256, "attribute": "a"},
                "key",
                "not be more than 255",
                "at most 255",
            ),
            ("another type", {"type": "datetime"}, "type", 'supported values: "string"', "input should be 'string'"),
        )
    ),
    *(
        Refused(
            f"{key} with another source",
            field_list({"source": "MRR", key: value}),
            f"spec.fields[0].{key}",
            f"{key} goes with source CustomAttribute only, not MRR; remove it or change source",
        )
        for key, value in (("key", "a"), ("type", "string"), ("type", "float"))
    ),
    *(
        Refused(
            f"a field that goes to {name}, matched by {changes['spec.matching']}",
            changes | attribute(name),
            "spec.fields",
            f"the attribute {name} is one that contacts are matched by",
        )
        for name, changes in (
            ("email", {"spec.matching": {"chartmogulField": "Email"}}),
            ("external_id", {"spec.matching": {"chartmogulField": "Email"}}),
            ("email", matching("UUID", "external_id")),
            ("external_id", matching("UUID", "crm_id")),
            ("crm_id", matching("ExternalID", "external_id", "crm_id")),
        )
    ),
    Refused(
        "a field whose default attribute contacts are matched by",
        matching("ExternalID", "chartmogul_external_id") | field_list("MRR", "ExternalID"),
        "spec.fields",
        "the attribute chartmogul_external_id is one that contacts are matched by",
    ),
    Refused(
        "another way with unmatched contacts",
        {"spec.unmatchedContacts": "Delete"},
        "spec.unmatchedContacts",
        'supported values: "Keep", "Clear"',
        worker="input should be 'Keep' or 'Clear'",
    ),
    Refused(
        "unmatched contacts cleared with Search",
        {"spec.unmatchedContacts": "Clear", "spec.intercom.readPlan": "Search"},
        "spec.unmatchedContacts",
        "set readPlan to Auto or Scan",
    ),
    *(
        Refused(
            f"the exchange rate {rate!r}",
            {"spec.chartmogul.exchangeRates": {"GBP": "1.17", "USD": rate}},
            "spec.chartmogul.exchangeRates.USD",
            'a positive decimal as text: quote the number, such as \\"0.92\\"',
            worker='a positive decimal as text: quote the number, such as "0.92"',
        )
        for rate in _NO_RATES
    ),
    Refused(
        "an exchange rate of 41 digits",
        {"spec.chartmogul.exchangeRates": {"USD": "1" * 41}},
        "spec.chartmogul.exchangeRates.USD",
        "may not be more than 40",
        worker="a positive decimal as text",
    ),
    *(
        Refused(
            f"chartmogulKey with {field}",
            matching(field, *attributes, chartmogulKey="crm_id"),
            "spec.matching.chartmogulKey",
            f"goes with chartmogulField CustomAttribute only, not {field}",
        )
        for field, attributes in (("Email", ["email"]), ("ExternalID", ["external_id"]), ("UUID", ["external_id"]))
    ),
    Refused(
        "CustomAttribute without chartmogulKey",
        matching("CustomAttribute", "external_id"),
        "spec.matching.chartmogulKey",
        "the custom attribute's name in ChartMogul",
    ),
    Refused(
        "an empty chartmogulKey",
        matching("CustomAttribute", "external_id", chartmogulKey=""),
        "spec.matching.chartmogulKey",
        "at least 1 chars long",
        worker="at least 1 character",
    ),
    *(
        Refused(
            f"{field} with email",
            matching(field, "external_id", "email", **more),
            "spec.matching.intercomFields",
            f"with chartmogulField {field}, intercomFields must not hold email",
        )
        for field, more in (("UUID", {}), ("CustomAttribute", {"chartmogulKey": "a"}))
    ),
    Refused(
        "UUID without intercomFields",
        {"spec.matching": {"chartmogulField": "UUID"}},
        "spec.matching.intercomFields",
        "must not hold email",
    ),
    Refused(
        "a volume of no kind",
        job(volumes=[{"name": "extra"}]),
        "spec.job.volumes[0]",
        "the volume extra must be of exactly one kind: configMap",
    ),
    Refused(
        "a volume of two kinds",
        volume(emptyDir={}, secret={"secretName": "a"}),
        "spec.job.volumes[0]",
        "the volume extra must be of exactly one kind: configMap",
    ),
    Refused(
        "a volume twice",
        job(volumes=[{"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}]),
        "spec.job.volumes",
        "Duplicate value",
        worker="a is named twice; name each once",
    ),
    Refused(
        "two volumes at one place",
        job(volumeMounts=[{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/a"}]),
        "spec.job.volumeMounts",
        "Duplicate value",
        worker="/a is named twice; name each once",
    ),
    *(
        Refused(f"{key} of root", job(**{key: {"runAsUser": 0}}), f"spec.job.{key}.runAsUser", "0 is root")
        for key in ("podSecurityContext", "securityContext")
    ),
    Refused(
        "1001 annotations",
        job(podAnnotations={f"example.com/{number}": "x" for number in range(1001)}),
        "spec.job.podAnnotations",
        "must have at most 1000 items",
        worker="should have at most 1000 items",
    ),
    *(
        Refused(
            f"the annotation {name}",
            job(podAnnotations={"example.com/a": "b", name: "unconfined"}),
            "spec.job.podAnnotations",
            f"begins with {name[: name.index('security.')]}security. sets a security profile of the Pod",
        )
        for name in (
            "container.apparmor.security.beta.kubernetes.io/sync",
            "container.seccomp.security.alpha.kubernetes.io/sync",
            "seccomp.security.alpha.kubernetes.io/pod",
        )
    ),
    *(
        Refused(
            f"the label {value!r}",
            job(**{key: {"a": value}}),
            f"spec.job.{key}.a",
            fix,
            worker=worker,
        )
        for key in ("podLabels", "nodeSelector")
        for value, fix, worker in (
            ("a b", "should match", "should match pattern"),
            ("-a", "should match", "should match pattern"),
            ("a" * 64, "may not be more than 63", "at most 63 characters"),
            (2026, "must be of type string", "should be a valid string"),
        )
    ),
    *(
        Refused(
            f"the quantity {value!r}",
            job(resources={"requests": {"memory": value}}),
            "spec.job.resources.requests.memory",
            fix,
            worker="must be a number or a text such as 500m",
        )
        for value, fix in (
            ("lots", "should match"),
            ("1 Gi", "should match"),
            ("", "should match"),
            ({}, "at least 1 properties"),
            ([1], "at most 0 items"),
        )
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
        Refused(f"the attribute {name!r}", attribute(name), "spec.fields[0].attribute", fix)
        for name, fix in (
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
            "spec.matching.intercomFields",
            "intercomFields must be [email]",
        )
        for fields in (["external_id"], ["email", "external_id"])
    ),
    Refused(
        "ExternalID without intercomFields",
        {"spec.matching": {"chartmogulField": "ExternalID"}},
        "spec.matching.intercomFields",
        "set it to the attributes that hold the id, for example [external_id]",
    ),
    Refused(
        "ExternalID with email among others",
        external_id("external_id", "email"),
        "spec.matching.intercomFields",
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
            "https://api.intercom.io:65536",
            "https://api.intercom.io:https/",
            "https://api.intercom.io:",
            "https://[::1",
            "https://::1/",
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
        job(resources={"limits": {"cpu": True}}),
        "spec.job.resources.limits.cpu",
        "must not validate the schema (not)",
        worker="must be a number or a text such as 500m",
    ),
    Refused(
        "a deadline of no time",
        {"spec.job": {"activeDeadlineSeconds": 0}},
        "spec.job.activeDeadlineSeconds",
        "should be greater than or equal to 1",
    ),
)
"""Manifests that both the API server and the worker refuse."""


@dataclass(frozen=True)
class Unknown:
    """A manifest with a key that the resource does not have."""

    case: str
    changes: Mapping[str, Any]
    where: str
    """Path of the key: dropped by the API server, or refused under strict validation; refused by the worker."""


UNKNOWN: Final = (
    Unknown("a key of spec", {"spec.plan": 1}, "spec.plan"),
    Unknown("a key that is misspelt", {"spec.intercom.regoin": "EU"}, "spec.intercom.regoin"),
    Unknown("a key of a field", field_list({"source": "MRR", "attr": "a"}), "spec.fields[0].attr"),
    Unknown("a key of the job", job(hostNetwork=True), "spec.job.hostNetwork"),
    *(
        Unknown(f"a volume of the kind {kind}", volume(emptyDir={}, **{kind: {}}), f"spec.job.volumes[0].{kind}")
        for kind in ("hostPath", "nfs", "image", "iscsi", "awsElasticBlockStore")
    ),
    Unknown(
        "a service account's token",
        volume(projected={"sources": [{"serviceAccountToken": {"path": "token"}}]}),
        "spec.job.volumes[0].projected.sources[0].serviceAccountToken",
    ),
    *(
        Unknown(f"{key} of the Pod", job(podSecurityContext={key: value}), f"spec.job.podSecurityContext.{key}")
        for key, value in (
            ("runAsNonRoot", False),
            ("seccompProfile", {"type": "Unconfined"}),
            ("appArmorProfile", {"type": "Unconfined"}),
            ("sysctls", []),
            ("windowsOptions", {"hostProcess": True}),
        )
    ),
    *(
        Unknown(f"{key} of the container", job(securityContext={key: value}), f"spec.job.securityContext.{key}")
        for key, value in (
            ("privileged", True),
            ("allowPrivilegeEscalation", True),
            ("capabilities", {"add": ["SYS_ADMIN"]}),
            ("procMount", "Unmasked"),
            ("readOnlyRootFilesystem", False),
            ("fsGroup", 1),
        )
    ),
    *(
        Unknown(
            f"{key} of SELinux",
            job(**{context: {"seLinuxOptions": {key: "x"}}}),
            f"spec.job.{context}.seLinuxOptions.{key}",
        )
        for context in ("podSecurityContext", "securityContext")
        for key in ("type", "user", "role")
    ),
)
"""Manifests with one unknown key each."""

"""The API server and the worker take and refuse the same manifests, also those that no table thought of."""

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localkube import ControlPlane
from localkube.kubeapi import ApiError, KubeApi
from mogulsync.resource.manifest import InvalidDestinationError, destination_from
from tests.support.destinations import attribute, destination

PATH = "/apis/mogulsync.dev/v1alpha1/namespaces/default/intercomdestinations?dryRun=All&fieldValidation=Strict"


def _is_evaluable(change: dict[str, Any]) -> bool:
    """Return whether it is not 1.0 where a rule looks at the number: the API server cannot evaluate any on it.

    Nobody sends it so: kubectl, as all that is written in Go, sends 1.0 as 1.
    """
    user = change.get("spec.job.securityContext.runAsUser")
    return not (isinstance(user, float) and user.is_integer())


BLANKS = "\t\n\v\f\r \x1c\x1f\x85\xa0\u1680\u2000\u200b\u2028\u202f\u3000\ufeff"

attributes = st.text(st.sampled_from(BLANKS + "ab.$é"), max_size=6).map(attribute)
schedules = st.one_of(
    st.text(st.sampled_from("09*,/-aZ?@#=\xa0 \t\n\v"), max_size=14),
    st.lists(st.text(st.sampled_from("09*,/-aZ"), min_size=1, max_size=3), min_size=4, max_size=6).map(" ".join),
).map(lambda schedule: {"spec.schedule": schedule})
urls = st.builds(
    lambda scheme, rest: {"spec.intercom.url": scheme + rest},
    st.sampled_from(["http://", "https://", "HTTP://", "http:/", ""]),
    st.text(st.sampled_from("ab.:@?#/[]\\ \n\t\x7f\x80é\u2028-_%"), max_size=8),
)
matchings = st.builds(
    lambda field, listed, key: {"spec.matching": {"chartmogulField": field, "intercomFields": listed} | key},
    st.sampled_from(["Email", "ExternalID", "UUID", "CustomAttribute"]),
    st.lists(st.sampled_from(["email", "external_id", "x", "a.b", " ", "chartmogul_mrr"]), max_size=4),
    st.sampled_from([{}, {"chartmogulKey": "crm_id"}, {"chartmogulKey": ""}]),
)
mappings = st.lists(
    st.fixed_dictionaries(
        {"source": st.sampled_from(["MRR", "ARR", "CustomAttribute"])},
        optional={
            "attribute": st.sampled_from(["a", "chartmogul_mrr", "chartmogul_arr", "email", "external_id"]),
            "key": st.sampled_from(["a", "b"]),
            "type": st.sampled_from(["string", "integer", "x"]),
        },
    ),
    max_size=4,
).map(lambda fields: {"spec.fields": fields})
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
rates = (
    (values | st.text(st.sampled_from("019.eE+- \n"), max_size=5))
    .map(lambda rate: {"USD": rate})
    .map(lambda rates: {"spec.chartmogul.exchangeRates": rates})
)
quantities = (
    (values | st.text(st.sampled_from("01.eEmMi+- \n"), max_size=5))
    .map(lambda quantity: {"limits": {"cpu": quantity}})
    .map(lambda resources: {"spec.job.resources": resources})
)
labels = (
    st.text(st.sampled_from("aZ0-_. \n"), max_size=4)
    .map(lambda value: {"a": value})
    .map(lambda labels: {"spec.job.podLabels": labels})
)
clearing = st.builds(
    lambda unmatched, plan: {"spec.unmatchedContacts": unmatched, "spec.intercom.readPlan": plan},
    st.sampled_from(["Keep", "Clear", None, ""]),
    st.sampled_from(["Auto", "Scan", "Search", None]),
)
misplaced = st.builds(
    lambda path, value: {path: value},
    st.sampled_from(
        [
            "spec",
            "spec.chartmogul",
            "spec.chartmogul.apiKeySecretRef",
            "spec.chartmogul.dataSources",
            "spec.intercom.region",
            "spec.matching.intercomFields",
            "spec.fields",
            "spec.suspend",
            "spec.timeZone",
            "spec.maxChangedPercent",
            "spec.job",
            "spec.job.resources.limits",
            "spec.job.nodeSelector",
            "spec.job.tolerations",
            "spec.job.affinity",
            "spec.job.env",
            "spec.job.failedJobsHistoryLimit",
            "spec.chartmogul.exchangeRates",
            "spec.unmatchedContacts",
            "spec.matching.chartmogulKey",
            "spec.job.volumes",
            "spec.job.volumeMounts",
            "spec.job.podAnnotations",
            "spec.job.podSecurityContext",
            "spec.job.securityContext.runAsUser",
            "spec.job.imagePullSecrets",
            "spec.job.hostAliases",
            "spec.job.topologySpreadConstraints",
        ]
    ),
    st.sampled_from(
        [
            None,
            True,
            0,
            1,
            1.0,
            1.5,
            2**40,
            "",
            "a",
            [],
            [None],
            ["a", "a"],
            [1],
            {},
            {"a": 1},
            {"a": "b"},
            {"name": "x"},
            [{"name": "x"}],
            [{"name": "x", "emptyDir": {}}],
        ]
    ),
).filter(_is_evaluable)


def worker_refusal(manifest: dict[str, Any]) -> str | None:
    try:
        destination_from(json.loads(json.dumps(manifest)))
    except InvalidDestinationError as refusal:
        return str(refusal)
    return None


async def server_refusal(api: KubeApi, manifest: dict[str, Any]) -> str | None:
    try:
        await api.post(PATH, manifest)
    except ApiError as refusal:
        return str(refusal)
    return None


def test_api_server_and_worker_agree(plane: ControlPlane) -> None:
    with asyncio.Runner() as runner:
        api = KubeApi(plane.kubeconfig)

        @settings(max_examples=400, deadline=None)
        @given(
            st.one_of(
                attributes,
                schedules,
                urls,
                matchings,
                mappings,
                st.tuples(matchings, mappings).map(lambda both: both[0] | both[1]),
                rates,
                quantities,
                labels,
                clearing,
                misplaced,
            )
        )
        def agree(changes: dict[str, Any]) -> None:
            manifest = destination(changes)
            worker, server = worker_refusal(manifest), runner.run(server_refusal(api, manifest))
            assert (worker is None) == (server is None), (worker, server)

        try:
            agree()
        finally:
            runner.run(api.__aexit__(None, None, None))

"""ChartMogul's own Python client (PyPI `chartmogul`) reads everything that the sandbox answers."""

import gc
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import chartmogul
import pytest

from mogulsync.sandbox import API_KEY, Respond, Sandbox, SandboxAccount, SandboxOptions, serve_in_thread

CUSTOMERS = 260

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the client closes no session


@pytest.fixture(autouse=True)
def _no_session_left() -> Iterator[None]:
    """Collect the client's sessions while their warnings are ignored, and not in another test."""
    yield
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()


def configuration(uri: str, api_key: str = API_KEY) -> Any:
    """Return the client's configuration, pointed at a sandbox."""
    config = chartmogul.Config(api_key, request_timeout=30, max_retries=0)
    config.uri = uri
    return config


class Served:
    """A sandbox and the client's configurations for it."""

    def __init__(self, sandbox: Sandbox, uri: str) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account
        self.config = configuration(uri)
        self.wrong = configuration(uri, "wrong")


@contextmanager
def served(options: SandboxOptions) -> Iterator[Served]:
    sandbox = Sandbox(SandboxAccount(customers=CUSTOMERS, contacts=0), options)
    with serve_in_thread(sandbox) as urls:
        yield Served(sandbox, urls.chartmogul)


@pytest.fixture(scope="module")
def shared() -> Iterator[Served]:
    """A sandbox that tests only read."""
    with served(SandboxOptions(chartmogul_limit=None)) as sandbox:
        yield sandbox


def everything(list_page: Any, config: Any, root: str, **query: Any) -> list[Any]:
    found: list[Any] = []
    while True:
        page = list_page(config, **query).get()
        found += getattr(page, root)
        if not page.has_more:
            return found
        query["cursor"] = page.cursor


def refusal(call: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the body of the error that the client raises."""
    with pytest.raises(chartmogul.APIError) as raised:
        call(*args, **kwargs).get()
    return json.loads(raised.value.args[0])


def test_it_reads_every_customer_by_pages(shared: Served) -> None:
    read = everything(chartmogul.Customer.all, shared.config, "entries", per_page=90)
    expected = [customer for _, customer in shared.account.customers()]
    assert [(each.uuid, each.email, each.company, each.external_id, each.mrr) for each in read] == [
        (each["uuid"], each["email"], each["company"], each["external_id"], each["mrr"]) for each in expected
    ]
    assert [each.attributes.custom for each in read] == [each["attributes"]["custom"] for each in expected]
    assert [each.attributes.tags for each in read] == [each["attributes"]["tags"] for each in expected]
    assert [each.address.country for each in read] == [each["address"]["country"] for each in expected]
    assert [each.free_trial_started_at is None for each in read] == [
        each["free_trial_started_at"] is None for each in expected
    ]


@pytest.mark.parametrize(
    "query", [{"system": "Chargebee"}, {"status": "Past_Due"}, {"external_id": "cus_1001"}, {"status": "New_Lead"}]
)
def test_it_filters_customers(shared: Served, query: dict[str, str]) -> None:
    read = everything(chartmogul.Customer.all, shared.config, "entries", per_page=5, **query)
    assert 0 <= len(read) < CUSTOMERS


def test_it_reads_single_customers_and_finds_them_by_email(shared: Served) -> None:
    for _, customer in shared.account.customers():
        assert chartmogul.Customer.retrieve(shared.config, uuid=customer["uuid"]).get().name == customer["name"]
        if customer["email"]:
            found = chartmogul.Customer.search(shared.config, email=customer["email"]).get().entries
            assert customer["uuid"] in {each.uuid for each in found}


def test_it_reads_every_subscription(shared: Served) -> None:
    for _, customer in shared.account.customers():
        uuid = customer["uuid"]
        read = everything(chartmogul.Customer.subscriptions, shared.config, "entries", uuid=uuid, per_page=1)
        assert [(each.plan, each.mrr, each.status) for each in read] == [
            (each["plan"], each["mrr"], each["status"]) for each in shared.account.subscriptions(uuid)
        ]


def test_it_reads_every_plan_and_data_source(shared: Served) -> None:
    plans = everything(chartmogul.Plan.all, shared.config, "plans", per_page=4)
    assert [plan.uuid for plan in plans] == [plan["uuid"] for plan in shared.account.plans()]
    assert chartmogul.Plan.retrieve(shared.config, uuid=plans[-1].uuid).get().name == plans[-1].name
    sources = chartmogul.DataSource.all(shared.config).get().data_sources
    assert [source.system for source in sources] == ["Stripe", "Chargebee", "Custom"]
    assert chartmogul.DataSource.retrieve(shared.config, uuid=sources[0].uuid).get().system == "Stripe"


def test_it_reads_every_invoice(shared: Served) -> None:
    read = everything(chartmogul.Invoice.all, shared.config, "invoices", per_page=150, with_disabled=True)
    expected = [invoice for index, _ in shared.account.customers() for invoice in shared.account.invoices_at(index)]
    assert [(each.uuid, each.currency, len(each.transactions)) for each in read] == [
        (each["uuid"], each["currency"], len(each["transactions"])) for each in expected
    ]
    first = read[0]
    assert chartmogul.Invoice.retrieve(shared.config, uuid=first.uuid).get().external_id == first.external_id
    of_one = chartmogul.Invoice.all(shared.config, uuid=first.customer_uuid).get()
    assert of_one.customer_uuid == first.customer_uuid
    assert {each.uuid for each in of_one.invoices} <= {
        each["uuid"] for each in shared.account.invoices(first.customer_uuid)
    }


def test_it_pings_and_reads_the_account(shared: Served) -> None:
    assert chartmogul.Ping.ping(shared.config).get().data == "pong!"
    account = chartmogul.Account.retrieve(shared.config).get()
    assert (account.currency, account.name) == ("USD", "Sandbox")


def test_it_raises_the_recorded_errors(shared: Served) -> None:
    assert refusal(chartmogul.Ping.ping, shared.wrong) == {
        "code": 401,
        "message": "No valid API key provided",
        "param": None,
    }
    assert refusal(chartmogul.Customer.retrieve, shared.config, uuid="cus_nobody") == {"error": "Customer not found"}
    assert refusal(chartmogul.Customer.search, shared.config, email="no@example.com")["param"] == "email"
    assert refusal(chartmogul.Customer.all, shared.config, cursor="broken")["code"] == 400
    assert refusal(chartmogul.Customer.all, shared.config, per_page=0)["code"] == 400


def test_it_raises_at_the_rate_limit_and_during_an_outage() -> None:
    with served(SandboxOptions(chartmogul_limit=3, clock=lambda: 1_000.0)) as sandbox:
        for _ in range(3):
            chartmogul.Ping.ping(sandbox.config).get()
        assert refusal(chartmogul.Ping.ping, sandbox.config) == {
            "code": 429,
            "message": "Your request rate has exceeded our rate limit.",
            "param": None,
        }
    with served(SandboxOptions(chartmogul_limit=None)) as sandbox:
        sandbox.sandbox.faults.inject(Respond(503))
        assert refusal(chartmogul.Ping.ping, sandbox.config)["code"] == 503

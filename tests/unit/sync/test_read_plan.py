import pytest

from mogulsync.chartmogul.models import SelectedDetails
from mogulsync.resource.spec import Spec
from mogulsync.resource.syncspec import Matching
from mogulsync.sync.keys import EmailKeys, keys_for
from mogulsync.sync.readplan import Search, Searches, choose, read_plan_for, searches_for
from tests.support.builders import customer

BY_EMAIL = Matching(chartmogul_field="Email")


def by_id(*names: str) -> Matching:
    return Matching(chartmogul_field="ExternalID", intercom_fields=list(names))


def some(keys: int, *, obstacle: str | None = None) -> Searches:
    return Searches((Search("email", [str(number) for number in range(keys)]),), obstacle)


@pytest.mark.parametrize(
    ("total", "searches", "plan"),
    [
        pytest.param(150, some(1), "Scan", id="the first page was all"),
        pytest.param(300, some(50), "Scan", id="equally many: the scan sees more"),
        pytest.param(451, some(50), "Search", id="fewer searches than pages"),
        pytest.param(451, some(150), "Scan", id="as many searches as pages"),
        pytest.param(1_000_000, some(100_000), "Search", id="many contacts, few customers"),
        pytest.param(10_000, some(10_000), "Scan", id="all customers are contacts"),
        pytest.param(1_000_000, some(1, obstacle="why not"), "Scan", id="a search would miss some"),
        pytest.param(None, some(1), "Scan", id="unknown"),
        pytest.param(0, some(1), "Scan", id="no contacts"),
    ],
)
def test_fewer_requests_win(total: int | None, searches: Searches, plan: str) -> None:
    first = 150 if total is None else min(150, total)
    choice = choose(total_contacts=total, first_page=first, searches=searches, batch=50)
    assert choice.plan == plan
    assert choice.reasoning


def test_each_key_is_asked_for_in_lower_case_and_as_written() -> None:
    customers = [customer(email=" Ann@X.io "), customer(email="bob@x.io"), customer(email="bob@x.io"), customer()]
    found = searches_for(BY_EMAIL, EmailKeys(), customers, {})
    assert found == Searches((Search("email", ["ann@x.io", "Ann@X.io", "bob@x.io"]),), None)
    assert found.requests(2) == 2


def test_a_key_outside_ascii_needs_a_scan() -> None:
    found = searches_for(BY_EMAIL, EmailKeys(), [customer(email="ünal@x.io")], {})
    assert found.fields == (Search("email", ["ünal@x.io"]),)
    assert found.obstacle is not None


def test_a_key_that_utf_8_cannot_carry_is_not_asked_for() -> None:
    found = searches_for(BY_EMAIL, EmailKeys(), [customer(email="\ud83d@x.io")], {})
    assert found.fields == ()


def test_numbers_are_asked_for_as_numbers() -> None:
    matching = by_id("external_id", "number", "text")
    customers = [customer(external_ids=("42", "042", "AB1", "-7", "9" * 30, "٤٢"))]
    found = searches_for(
        matching, keys_for(matching, SelectedDetails()), customers, {"number": "integer", "text": "string"}
    )
    texts = ["42", "042", "ab1", "AB1", "-7", "9" * 30, "٤٢"]
    assert found.fields == (Search("external_id", texts), Search("number", [42, -7]), Search("text", texts))


def test_an_attribute_that_no_search_can_ask_for_needs_a_scan() -> None:
    matching = by_id("amount")
    found = searches_for(
        matching, keys_for(matching, SelectedDetails()), [customer(external_ids=("42",))], {"amount": "float"}
    )
    assert found.fields == (Search("amount", [42]),)
    assert found.obstacle is not None


def test_without_a_key_nothing_is_asked_for() -> None:
    assert searches_for(BY_EMAIL, EmailKeys(), [customer()], {}) == Searches((), None, any_key=False)


@pytest.mark.parametrize("character", list("&<>\"'"))
def test_a_key_with_a_character_that_html_escapes_needs_a_scan(character: str) -> None:
    found = searches_for(BY_EMAIL, EmailKeys(), [customer(email=f"o{character}brien@x.io")], {})
    assert found.obstacle is not None


def test_a_number_s_attribute_that_may_hold_a_key_as_text_needs_a_scan() -> None:
    matching = by_id("number")
    found = searches_for(
        matching, keys_for(matching, SelectedDetails()), [customer(external_ids=("0042",))], {"number": "integer"}
    )
    assert found.fields == ()
    assert found.any_key
    assert found.obstacle is not None


@pytest.mark.parametrize(
    ("asked", "unmatched", "any_key", "plan"),
    [
        ("Auto", "Keep", True, "Auto"),
        ("Search", "Keep", True, "Search"),
        ("Scan", "Keep", False, None),
        ("Auto", "Clear", True, "Scan"),
        ("Auto", "Clear", False, "Scan"),
    ],
)
def test_clearing_reads_all_contacts_and_without_a_key_none_is_read_otherwise(
    asked: str, unmatched: str, plan: str | None, *, any_key: bool
) -> None:
    spec = Spec.model_validate(
        {
            "chartmogul": {"apiKeySecretRef": {"name": "a"}},
            "intercom": {"oauthSecretRef": {"name": "b"}, "readPlan": asked},
            "matching": {"chartmogulField": "Email"},
            "fields": [{"source": "MRR"}],
            "unmatchedContacts": unmatched,
        }
    )
    assert read_plan_for(spec, Searches((), None, any_key)) == plan

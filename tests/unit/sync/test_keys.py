from typing import Any, Literal

import pytest

from mogulsync.chartmogul.models import CustomerDetails, CustomValue, SelectedDetails
from mogulsync.resource.syncspec import Matching
from mogulsync.sync.keys import EmailKeys, IdKeys, external_ids, keys_for
from tests.support.builders import contact, customer


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("ann@example.com", "ann@example.com", True),
        (" Ann@Example.COM ", "ann@example.com\n", True),
        ("straße@example.com", "STRASSE@example.com", True),
        ("ann@example.com", "bob@example.com", False),
    ],
)
def test_emails_are_compared_trimmed_and_case_folded(ours: str, theirs: str, *, same: bool) -> None:
    keys = EmailKeys()
    found = set(keys.of_customer(customer(email=ours))) & set(keys.of_contact(contact(email=theirs)))
    assert bool(found) is same


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_email_is_no_key(blank: str | None) -> None:
    assert not EmailKeys().of_customer(customer(email=blank))
    assert not list(EmailKeys().of_contact(contact(email=blank)))


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        ("abc", "abc"),
        (" abc ", "abc"),
        ("ABC", "ABC"),
        (42, "42"),
        (42.0, "42"),
        (1e15, "1000000000000000"),
        (42.5, "42.5"),
        ("42.0", "42.0"),
        (0, "0"),
        (True, None),
        (False, None),
        ("", None),
        ("  ", None),
        (float("inf"), None),
        (["abc"], None),
    ],
)
def test_an_attribute_is_compared_as_trimmed_text_and_a_whole_number_by_its_digits(
    stored: Any, key: str | None
) -> None:
    assert list(IdKeys(["shop_id"], external_ids).of_contact(contact(shop_id=stored))) == ([key] if key else [])


def test_any_external_id_against_any_listed_attribute() -> None:
    keys = IdKeys(["external_id", "shop_id"], external_ids)
    assert set(keys.of_customer(customer(external_id="a", external_ids=("b", " c ")))) == {"a", "b", "c"}
    assert list(keys.of_contact(contact(external_id="x", shop_id="b", other="z"))) == ["x", "b"]


def test_a_customer_without_external_id_has_no_key() -> None:
    assert not IdKeys(["external_id"], external_ids).of_customer(customer(external_ids=(" ",)))


def test_the_spec_says_which_keys() -> None:
    selected = SelectedDetails(custom=("other", "crm_id"))
    whose = customer(
        "cus_7",
        email="ann@example.com",
        external_ids=("e1", "e2"),
        details=CustomerDetails(custom=("no", 42.0)),
    )

    def of(field: Literal["Email", "ExternalID", "UUID", "CustomAttribute"], key: str | None = None) -> list[str]:
        names = ["email"] if field == "Email" else ["external_id"]
        matching = Matching(chartmogul_field=field, chartmogul_key=key, intercom_fields=names)
        return list(keys_for(matching, selected).of_customer(whose))

    assert of("Email") == ["ann@example.com"]
    assert of("ExternalID") == ["e1", "e2"]
    assert of("UUID") == ["cus_7"]
    assert of("CustomAttribute", "crm_id") == ["42"]


@pytest.mark.parametrize(
    ("value", "key"),
    [("abc", "abc"), (42, "42"), (42.0, "42"), (4.5, "4.5"), (True, None), (None, None), ((), None), (10**400, None)],
)
def test_a_custom_attribute_is_a_key_by_its_text_or_digits(value: CustomValue, key: str | None) -> None:
    matching = Matching(chartmogul_field="CustomAttribute", chartmogul_key="crm_id", intercom_fields=["shop_id"])
    keys = keys_for(matching, SelectedDetails(custom=("crm_id",)))
    whose = customer(details=CustomerDetails(custom=(value,)))
    assert list(keys.of_customer(whose)) == ([key] if key else [])


def test_a_text_of_intercom_stands_for_itself_and_for_its_form_unescaped_once() -> None:
    assert list(EmailKeys().of_contact(contact(email="O&#39;Brien@x.io"))) == ["o&#39;brien@x.io", "o'brien@x.io"]
    keys = IdKeys(["external_id", "shop_id"], external_ids)
    found = list(keys.of_contact(contact(external_id="a&amp;b", shop_id="x&amp;amp;y")))
    assert found == ["a&amp;b", "a&b", "x&amp;amp;y", "x&amp;y"]

from typing import Any

import pytest

from mogulsync.resource.spec import Matching
from mogulsync.sync.keys import EmailKeys, ExternalIdKeys, keys_for
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
    assert list(ExternalIdKeys(["shop_id"]).of_contact(contact(shop_id=stored))) == ([key] if key else [])


def test_any_external_id_against_any_listed_attribute() -> None:
    keys = ExternalIdKeys(["external_id", "shop_id"])
    assert set(keys.of_customer(customer(external_id="a", external_ids=("b", " c ")))) == {"a", "b", "c"}
    assert list(keys.of_contact(contact(external_id="x", shop_id="b", other="z"))) == ["x", "b"]


def test_a_customer_without_external_id_has_no_key() -> None:
    assert not ExternalIdKeys(["external_id"]).of_customer(customer(external_ids=(" ",)))


def test_the_spec_says_which_keys() -> None:
    assert isinstance(keys_for(Matching(chartmogul_field="Email")), EmailKeys)
    by_id = Matching(chartmogul_field="ExternalID", intercom_fields=["external_id"])
    assert isinstance(keys_for(by_id), ExternalIdKeys)

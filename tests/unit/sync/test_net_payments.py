import pytest

from mogulsync.chartmogul.models import Invoice
from mogulsync.sync.fields import amount
from mogulsync.sync.netpayments import NetPayments
from tests.support.builders import customer, invoice, payment, refund


def summed(*invoices: Invoice, rates: dict[str, str] | None = None) -> NetPayments:
    payments = NetPayments(rates)
    for each in invoices:
        payments.add(each)
    return payments


@pytest.mark.parametrize(
    ("invoices", "cents"),
    [
        ([], None),
        ([invoice()], 0),
        ([invoice(payment(1000))], 1000),
        ([invoice(payment(1000), refund(300))], 700),
        ([invoice(payment(1000)), invoice(payment(500))], 1500),
        ([invoice(refund(300))], -300),
        ([invoice(payment(1000, successful=False))], 0),
        ([invoice(payment(1000, disabled=True))], 0),
        ([invoice(payment(1000), disabled=True)], None),
        ([invoice(payment(1000), disabled=True), invoice(payment(1))], 1),
        ([invoice(payment(None), total=4200.0)], 4200),
        ([invoice(refund(None), total=4200.0)], -4200),
        ([invoice(payment(0), total=4200.0)], 0),
        ([invoice(payment(1000), customer_uuid="cus_other")], None),
    ],
)
def test_sums_what_was_paid_and_not_given_back(invoices: list[Invoice], cents: float | None) -> None:
    payments = summed(*invoices)
    assert payments.cents(customer()) == cents
    assert not payments.is_mixed(customer())


@pytest.mark.parametrize(
    ("invoices", "own", "mixed"),
    [
        ([invoice(payment(1), currency="EUR")], "USD", True),
        ([invoice(payment(1), currency="EUR"), invoice(payment(1), currency="USD")], "USD", True),
        ([invoice(payment(1, successful=False), currency="EUR")], "USD", False),
        ([invoice(payment(1, disabled=True), currency="EUR")], "USD", False),
        ([invoice(payment(1), currency="EUR", disabled=True), invoice()], "USD", False),
        ([invoice(currency="EUR")], "USD", False),
        ([invoice(payment(1), currency="usd")], "USD", False),
        ([invoice(payment(1), currency=None)], "USD", False),
        ([invoice(payment(1), currency="EUR")], None, False),
        ([invoice(payment(1), currency="EUR"), invoice(payment(1), currency="USD")], None, True),
    ],
)
def test_amounts_in_another_currency_leave_the_sum_empty(
    invoices: list[Invoice], own: str | None, *, mixed: bool
) -> None:
    payments = summed(*invoices)
    whose = customer(currency=own)
    assert payments.is_mixed(whose) is mixed
    assert (payments.cents(whose) is None) is mixed


RATES = {"USD": "0.92", "GBP": "1.155", "EUR": "7"}


@pytest.mark.parametrize(
    ("invoices", "cents"),
    [
        pytest.param([invoice(payment(500), currency="USD")], 460, id="converted"),
        pytest.param([invoice(payment(500), currency="EUR")], 500, id="its own currency never is"),
        pytest.param([invoice(payment(500), currency="usd"), invoice(payment(1), currency="EUR")], 461, id="added"),
        pytest.param([invoice(payment(500), refund(100), currency="USD")], 368, id="refunds too"),
        pytest.param([invoice(payment(1), currency="USD"), invoice(payment(1), currency="GBP")], 2, id="rounded once"),
        pytest.param([invoice(payment(1), currency="USD")] * 10, 9, id="not rounded one by one"),
        pytest.param([invoice(payment(1), currency="CHF"), invoice(payment(1), currency="USD")], None, id="not listed"),
        pytest.param([invoice(currency="CHF")], 0, id="no amount that counts"),
    ],
)
def test_amounts_in_listed_currencies_are_converted(invoices: list[Invoice], cents: float | None) -> None:
    payments = summed(*invoices, rates=RATES)
    whose = customer(currency="EUR")
    assert payments.cents(whose) == cents
    assert payments.is_mixed(whose) is (cents is None)


def test_sums_beyond_what_numbers_can_hold_are_empty_and_no_fault() -> None:
    payments = summed(invoice(payment(1e308), payment(1e308), currency="USD"), rates=RATES)
    assert amount(payments.cents(customer(currency="EUR"))) is None
    assert amount(payments.cents(customer(currency="USD"))) is None

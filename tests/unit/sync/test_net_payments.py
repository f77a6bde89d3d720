import pytest

from mogulsync.chartmogul.models import Invoice
from mogulsync.sync.netpayments import NetPayments
from tests.support.builders import customer, invoice, payment, refund


def summed(*invoices: Invoice) -> NetPayments:
    payments = NetPayments()
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
    assert not payments.mixed(customer())


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
    assert payments.mixed(whose) is mixed
    assert (payments.cents(whose) is None) is mixed

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from google.type.date_pb2 import Date

from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_invoices import (
    OpenItems,
    accounting_key,
    invoice_filter,
    invoice_from_s4,
    open_items_filter,
    open_items_from_s4,
)
from cloud_erp.s4hana.mapping_units import Factor, base_quantity, factor_from_s4
from erp.v1.orders_pb2 import PaymentState
from erp_ports.amounts import money_amount, quantity
from erp_ports.errors import NotFound
from erp_ports.values import InvoiceQuery


def document(**fields: Any) -> dict[str, Any]:
    item = {
        "BillingDocument": "90000001",
        "BillingDocumentItem": "000010",
        "Material": "11",
        "Plant": "1010",
        "BillingQuantity": "12.000",
        "BillingQuantityUnit": "EA",
        "NetAmount": "168.000",
        "SalesDocument": "12",
    }
    return {
        "BillingDocument": "90000001",
        "BillingDocumentDate": "/Date(1795305600000)/",
        "BillingDocumentIsCancelled": False,
        "TotalNetAmount": "168.000",
        "TaxAmount": "13.440",
        "TotalGrossAmount": "181.440",
        "TransactionCurrency": "USD",
        "PayerParty": "10100001",
        "PurchaseOrderByCustomer": "PO 4711",
        "CompanyCode": "1010",
        "FiscalYear": "2026",
        "AccountingDocument": "1900000001",
        "InvoiceClearingStatus": "A",
        "to_Item": {"results": [item]},
        **fields,
    }


def receivable(amount: str, cleared: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "NetDueDate": "/Date(1797897600000)/",
        "AmountInCompanyCodeCurrency": amount,
        "CompanyCodeCurrency": "USD",
        "ClearingAccountingDocument": cleared,
        **fields,
    }


def test_a_billing_document_is_an_invoice(words: Words) -> None:
    accounting = OpenItems(due=dt.date(2026, 12, 22), open_amount=Decimal("181.44"))
    invoice = invoice_from_s4(document(), "NW", accounting, words)
    assert (invoice.name, invoice.invoice_number) == ("businessUnits/NW/invoices/s4~90000001", "90000001")
    assert invoice.customer == "businessUnits/NW/customers/ALFKI"
    assert (invoice.order_document_number, invoice.purchase_order_number) == ("12", "PO 4711")
    assert invoice.invoice_date == Date(year=2026, month=11, day=22)
    assert invoice.due_date == Date(year=2026, month=12, day=22)
    amounts = invoice.net_amount, invoice.tax_amount, invoice.gross_amount, invoice.open_amount
    assert [money_amount(x) for x in amounts] == [Decimal(x) for x in ("168", "13.44", "181.44", "181.44")]
    line = invoice.lines[0]
    assert (line.line_number, line.product, line.plant) == ("10", "businessUnits/NW/products/11", "1010")
    assert (line.quantity, money_amount(line.net_amount)) == (quantity(Decimal(12), "EA"), Decimal(168))


@pytest.mark.parametrize(
    ("open_amount", "clearing", "expected"),
    [
        ("181.44", "A", "PAYMENT_STATE_OPEN"),
        ("100.00", "A", "PAYMENT_STATE_PARTIAL"),
        ("0", "A", "PAYMENT_STATE_PAID"),
        (None, "A", "PAYMENT_STATE_OPEN"),
        (None, "B", "PAYMENT_STATE_PARTIAL"),
        (None, "C", "PAYMENT_STATE_PAID"),
        (None, "", "PAYMENT_STATE_UNKNOWN"),
        (None, "Z", "PAYMENT_STATE_UNKNOWN"),
    ],
)
def test_what_is_open_decides_how_far_an_invoice_is_paid(
    words: Words, open_amount: str | None, clearing: str, expected: str
) -> None:
    accounting = None if open_amount is None else OpenItems(due=None, open_amount=Decimal(open_amount))
    invoice = invoice_from_s4(document(InvoiceClearingStatus=clearing), "NW", accounting, words)
    assert PaymentState.Name(invoice.payment_state) == expected
    assert invoice.HasField("open_amount") is (open_amount is not None)


def test_an_invoice_without_optional_fields_can_be_read(words: Words) -> None:
    bare = {"BillingDocument": "9", "TransactionCurrency": "USD", "TotalNetAmount": "1.00", "SoldToParty": "10100001"}
    invoice = invoice_from_s4(bare, "NW", None, words)
    assert invoice.customer == "businessUnits/NW/customers/ALFKI"
    assert not invoice.HasField("gross_amount")
    assert not invoice.HasField("invoice_date")


def test_gross_is_net_and_tax_where_it_is_not_stated(words: Words) -> None:
    invoice = invoice_from_s4(document(TotalGrossAmount=None), "NW", None, words)
    assert money_amount(invoice.gross_amount) == Decimal("181.44")


def test_a_cancelled_invoice_says_so(words: Words) -> None:
    assert invoice_from_s4(document(BillingDocumentIsCancelled=True), "NW", None, words).cancelled


def test_open_is_what_is_not_cleared() -> None:
    found = open_items_from_s4([receivable("100.00"), receivable("81.44", cleared="1400000001")], "USD")
    assert found == OpenItems(due=dt.date(2026, 12, 22), open_amount=Decimal(100))


def test_the_amount_in_the_currency_of_the_invoice_is_taken() -> None:
    both = receivable(
        "90.00", CompanyCodeCurrency="EUR", AmountInTransactionCurrency="100.00", TransactionCurrency="USD"
    )
    assert open_items_from_s4([both], "USD").open_amount == Decimal(100)


def test_an_amount_in_another_currency_says_nothing() -> None:
    assert open_items_from_s4([receivable("90.00", CompanyCodeCurrency="EUR")], "USD").open_amount is None


def test_only_posted_invoices_have_an_accounting_document() -> None:
    assert accounting_key(document()) == ("1010", "2026", "1900000001")
    assert accounting_key(document(AccountingDocument="")) is None


def test_receivables_of_several_invoices_are_asked_for_at_once() -> None:
    assert open_items_filter([("1010", "2026", "1"), ("1010", "2026", "2")]) == (
        "FinancialAccountType eq 'D' and ("
        "(CompanyCode eq '1010' and FiscalYear eq '2026' and AccountingDocument eq '1')"
        " or (CompanyCode eq '1010' and FiscalYear eq '2026' and AccountingDocument eq '2'))"
    )


def test_a_page_is_filtered_by_business_unit_customer_and_the_last_invoice_seen(words: Words) -> None:
    query = InvoiceQuery(
        business_unit="NW",
        limit=10,
        customer="businessUnits/NW/customers/ALFKI",
        after=(dt.date(2026, 11, 22), "90000007"),
    )
    assert invoice_filter(query, words, ["1", "2"]) == (
        "SalesOrganization eq '1010' and PayerParty eq '0010100001'"
        " and (BillingDocument eq '1' or BillingDocument eq '2')"
        " and (BillingDocumentDate lt datetime'2026-11-22T00:00:00'"
        " or (BillingDocumentDate eq datetime'2026-11-22T00:00:00' and BillingDocument lt '90000007'))"
    )


def unit(name: str, numerator: str, denominator: str = "1", base: str = "EA") -> dict[str, str]:
    return {
        "Product": "11",
        "AlternativeUnit": name,
        "QuantityNumerator": numerator,
        "QuantityDenominator": denominator,
        "BaseUnit": base,
    }


@pytest.mark.parametrize("base", ["EA", ""])
def test_factors_are_those_of_the_erp(words: Words, base: str) -> None:
    factor = factor_from_s4([unit("EA", "1", base=base), unit("DZ", "12", base=base)], "11", "DZN", words)
    assert factor == Factor(base_unit="EA", numerator=Decimal(12), denominator=Decimal(1))
    assert base_quantity(quantity(Decimal("2.5"), "DZN"), factor) == quantity(Decimal(30), "EA")


@pytest.mark.parametrize(("rows", "kind"), [([], "product"), ([unit("EA", "1")], "unit")])
def test_an_unknown_product_is_told_apart_from_an_unknown_unit(
    words: Words, rows: list[dict[str, str]], kind: str
) -> None:
    with pytest.raises(NotFound) as refusal:
        factor_from_s4(rows, "11", "DZN", words)
    assert refusal.value.kind == kind

"""Billing documents as invoices, with what is open of them. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.config import Payment
from cloud_erp.s4hana.mapping import Words, money_from_s4, split_number
from erp.v1.invoices_pb2 import Invoice, InvoiceLine
from erp.v1.orders_pb2 import PAYMENT_STATE_UNKNOWN, PaymentState
from erp_ports.amounts import from_date, money, quantity
from erp_ports.names import customer_name, invoice_name, product_name
from erp_ports.values import InvoiceQuery

NEWEST_FIRST = "BillingDocumentDate desc,BillingDocument desc"
_STATUS_FIELDS = (
    "OverallBillingStatus",
    "AccountingPostingStatus",
    "AccountingTransferStatus",
    "InvoiceClearingStatus",
)

AccountingKey = tuple[str, str, str]
"""Company code, fiscal year and number of an accounting document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenItems:
    """What accounting says of one invoice: when it is due, and what is open (None when it does not say)."""

    due: dt.date | None
    open_amount: Decimal | None


def invoice_filter(query: InvoiceQuery, words: Words, documents: Sequence[str] | None) -> str:
    """Return the filter of one page; `documents` narrows it to these billing documents."""
    terms = [f"SalesOrganization eq {odata.literal(words.area(query.business_unit).sales_organisation)}"]
    if query.customer:
        terms.append(f"PayerParty eq {odata.literal(words.customer_to_s4(query.customer))}")
    if documents is not None:
        terms.append(_any_of(f"BillingDocument eq {odata.literal(key)}" for key in documents))
    if query.after is not None:
        date, key = odata.date_literal(query.after[0]), odata.literal(query.after[1])
        terms.append(f"(BillingDocumentDate lt {date} or (BillingDocumentDate eq {date} and BillingDocument lt {key}))")
    return " and ".join(terms)


def accounting_key(document: odata.Entity) -> AccountingKey | None:
    """Return the key of the accounting document, or None while the invoice is not posted."""
    number = odata.text(document, "AccountingDocument")
    if not number:
        return None
    return odata.text(document, "CompanyCode"), odata.text(document, "FiscalYear"), number


def open_items_filter(keys: Iterable[AccountingKey]) -> str:
    """Return the filter of the receivables ('D': customers) of these accounting documents."""
    documents = (
        f"(CompanyCode eq {odata.literal(company)} and FiscalYear eq {odata.literal(year)}"
        f" and AccountingDocument eq {odata.literal(number)})"
        for company, year, number in keys
    )
    return f"FinancialAccountType eq 'D' and {_any_of(documents)}"


def open_items_from_s4(rows: Iterable[odata.Entity], currency: str) -> OpenItems:
    """Return what the receivables of one invoice say; an amount in another currency says nothing."""
    due: dt.date | None = None
    amount: Decimal | None = Decimal(0)
    for row in rows:
        due = max((d for d in (due, odata.date(row, "NetDueDate")) if d is not None), default=None)
        if odata.text(row, "ClearingAccountingDocument"):
            continue
        stated = _amount_in(row, currency)
        amount = None if stated is None or amount is None else amount + stated
    return OpenItems(due=due, open_amount=amount)


def _amount_in(row: odata.Entity, currency: str) -> Decimal | None:
    for amount, unit in (
        ("AmountInTransactionCurrency", "TransactionCurrency"),
        ("AmountInCompanyCodeCurrency", "CompanyCodeCurrency"),
    ):
        if odata.text(row, unit) == currency:
            return odata.number(row, amount)
    return None


def invoice_from_s4(document: odata.Entity, business_unit: str, accounting: OpenItems | None, words: Words) -> Invoice:
    """Return one billing document; `accounting` is None where it is not posted or cannot be read."""
    key = odata.text(document, "BillingDocument")
    currency = odata.text(document, "TransactionCurrency")
    net = odata.needed_number(document, "TotalNetAmount")
    tax = odata.number(document, "TaxAmount")
    gross = odata.number(document, "TotalGrossAmount")
    if gross is None and tax is not None:
        gross = net + tax
    items = odata.children(document, "to_Item") or []
    payer = odata.text(document, "PayerParty") or odata.text(document, "SoldToParty")
    open_amount = accounting.open_amount if accounting else None
    invoice = Invoice(
        name=invoice_name(business_unit, words.backend, key),
        invoice_number=key,
        customer=customer_name(business_unit, words.from_s4("customer", payer)),
        order_document_number=next((d for d in (odata.text(i, "SalesDocument") for i in items) if d), ""),
        purchase_order_number=split_number(odata.text(document, "PurchaseOrderByCustomer"), words)[1],
        lines=[_line(item, business_unit, currency, words) for item in items],
        net_amount=money(net, currency),
        tax_amount=money_from_s4(tax, currency),
        gross_amount=money_from_s4(gross, currency),
        open_amount=money_from_s4(open_amount, currency),
        payment_state=_payment(document, gross, open_amount, words),
        cancelled=odata.flag(document, "BillingDocumentIsCancelled"),
        source_statuses=words.source_statuses(document, *_STATUS_FIELDS),
    )
    issued = odata.date(document, "BillingDocumentDate")
    if issued is not None:
        invoice.invoice_date.CopyFrom(from_date(issued))
    if accounting is not None and accounting.due is not None:
        invoice.due_date.CopyFrom(from_date(accounting.due))
    return invoice


def _line(item: odata.Entity, business_unit: str, currency: str, words: Words) -> InvoiceLine:
    plant = odata.text(item, "Plant")
    line = InvoiceLine(
        line_number=odata.text(item, "BillingDocumentItem").lstrip("0"),
        order_line_id=odata.text(item, "UnderlyingPurchaseOrderItem"),
        product=product_name(business_unit, words.from_s4("product", odata.text(item, "Material"))),
        plant=words.from_s4("plant", plant) if plant else "",
    )
    amount, unit = odata.number(item, "BillingQuantity"), odata.text(item, "BillingQuantityUnit")
    if amount is not None and unit:
        line.quantity.CopyFrom(quantity(amount, words.from_s4("unit", unit)))
    net = odata.number(item, "NetAmount")
    if net is not None:
        line.net_amount.CopyFrom(money(net, currency))
    return line


def _payment(
    document: odata.Entity, gross: Decimal | None, open_amount: Decimal | None, words: Words
) -> PaymentState.ValueType:
    """Return how far it is paid: what is open decides where accounting says it, else the clearing status."""
    if open_amount is not None and gross is not None:
        if open_amount == 0:
            return PaymentState.Value("PAYMENT_STATE_PAID")
        return PaymentState.Value("PAYMENT_STATE_PARTIAL" if open_amount != gross else "PAYMENT_STATE_OPEN")
    code = odata.text(document, "InvoiceClearingStatus")
    table = words.config.statuses.payment
    meaning: Payment | None = words.meaning("InvoiceClearingStatus", code, table) if code else None
    return PAYMENT_STATE_UNKNOWN if meaning is None else PaymentState.Value(f"PAYMENT_STATE_{meaning}")


def _any_of(terms: Iterable[str]) -> str:
    return "(" + " or ".join(terms) + ")"

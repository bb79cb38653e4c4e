"""Invoices: pay items of accounts receivable with the order lines they bill → `erp.v1` invoices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.type.money_pb2 import Money

from erp.v1.common_pb2 import SourceStatus
from erp.v1.invoices_pb2 import Invoice, InvoiceLine
from erp_ports.amounts import from_date, plain, quantity
from erp_ports.names import invoice_name
from erp_ports.values import KeyedInvoice
from legacy_erp.sql.column_types import jde_money
from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.documents import DocumentKey
from legacy_erp.sql.keys import Keys
from legacy_erp.sql.rows import DetailRow, InvoiceKey, PayItemRow
from legacy_erp.sql.status import is_cancelled, payment_state


def native_key(row: PayItemRow) -> str:
    """Return the invoice's key in the ERP."""
    return str(DocumentKey(company=row.company, document_type=row.document_type, number=row.document))


def invoices_from_jde(
    keys_in_order: Iterable[InvoiceKey],
    pay_items: Sequence[PayItemRow],
    lines: Sequence[DetailRow],
    business_unit: str,
    backend: str,
    keys: Keys,
    config: SqlConfig,
) -> list[KeyedInvoice]:
    """Return the invoices in the order of their keys; one whose pay items are gone meanwhile is left out."""
    found = []
    for key in keys_in_order:
        wanted = (key.document_type, key.document)
        own = [row for row in pay_items if (row.document_type, row.document) == wanted]
        # A collective invoice bills lines of several orders; a line read before and after it moved counts once.
        billed = {
            (row.order_number, row.line_number): row for row in lines if (row.invoice_type, row.invoice) == wanted
        }
        if own:
            details = [billed[number] for number in sorted(billed)]
            invoice = invoice_from_jde(own, details, business_unit, backend, keys, config)
            found.append(KeyedInvoice(native_key=native_key(own[0]), invoice=invoice))
    return found


def invoice_from_jde(
    pay_items: Sequence[PayItemRow],
    lines: Sequence[DetailRow],
    business_unit: str,
    backend: str,
    keys: Keys,
    config: SqlConfig,
) -> Invoice:
    """Return one invoice from all its pay items (at least one) and the lines it bills."""
    first = pay_items[0]
    invoice = Invoice(
        name=invoice_name(business_unit, backend, native_key(first)),
        invoice_number=str(first.document),
        customer=keys.customer_from_jde(business_unit, first.customer),
        purchase_order_number=first.purchase_order_number,
        net_amount=_sum((row.taxable + row.untaxed for row in pay_items), first.currency),
        tax_amount=_sum((row.tax for row in pay_items), first.currency),
        gross_amount=_sum((row.gross for row in pay_items), first.currency),
        open_amount=_sum((row.open for row in pay_items), first.currency),
        payment_state=payment_state(pay_items, config.payment_codes, backend),
        cancelled=is_cancelled(pay_items),
        lines=[_line(row, first.currency, business_unit, keys) for row in lines],
    )
    if first.order_number:
        invoice.order_document_number = str(
            DocumentKey(company=first.order_company, document_type=first.order_type, number=first.order_number)
        )
    dates = [row.invoice_date for row in pay_items if row.invoice_date is not None]
    if dates:
        invoice.invoice_date.CopyFrom(from_date(min(dates)))
    due = [row.due_date for row in pay_items if row.due_date is not None]
    if due:
        # Paid in instalments, the invoice is due with the last of them.
        invoice.due_date.CopyFrom(from_date(max(due)))
    codes = sorted({row.payment_code for row in pay_items})
    invoice.source_statuses.extend(SourceStatus(backend=backend, field="PST", value=code) for code in codes)
    return invoice


def _line(row: DetailRow, currency: str, business_unit: str, keys: Keys) -> InvoiceLine:
    return InvoiceLine(
        line_number=plain(row.line_number),
        order_line_id=row.line_id or plain(row.line_number),
        product=keys.product_from_jde(business_unit, row.number),
        plant=keys.plant_from_jde(row.branch),
        quantity=quantity(row.shipped, keys.unit_from_jde(row.unit)),
        net_amount=jde_money(row.amount, currency),
    )


def _sum(amounts: Iterable[int], currency: str) -> Money:
    return jde_money(sum(amounts), currency)

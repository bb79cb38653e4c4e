"""The in-memory ERP itself: stock, documents and invoices, changed by plain functions that never wait."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from erp.v1.orders_pb2 import Order
from erp_ports.errors import ErpError, NotFound, Rejected
from erp_ports.memory.config import InMemoryConfig
from erp_ports.memory.documents import Document, IssuedInvoice, invoice_message, paid
from erp_ports.memory.warehouse import Promise, Warehouse
from erp_ports.names import last_segment
from erp_ports.values import InvoiceQuery, OrderSubmission

Reference = tuple[str, str]


class LedgerLine(NamedTuple):
    """One order line as the ERP holds it."""

    document: str
    purchase_order_number: str
    line_id: str
    quantity: Decimal
    live: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """An order that was handed over, with the refusal that awaits it, if any."""

    submission: OrderSubmission
    refusal: ErpError | None = None


class Books:
    """What the ERP remembers. References are unique per business unit."""

    def __init__(self, config: InMemoryConfig) -> None:
        self.warehouse = Warehouse(config)
        self.held: dict[Reference, Held] = {}
        self.refused: dict[Reference, ErpError] = {}
        self._config = config
        self._documents: dict[str, Document] = {}
        self._by_reference: dict[Reference, str] = {}
        self._invoices: dict[str, IssuedInvoice] = {}
        self._order_numbers = itertools.count(config.first_document_number)
        self._invoice_numbers = itertools.count(config.first_document_number)

    def book(self, submission: OrderSubmission, order: Order, promise: Promise) -> Document:
        """Book the order under the next number and take its stock."""
        document = Document(
            number=str(next(self._order_numbers)),
            business_unit=submission.business_unit,
            reference=submission.reference,
            order=order,
            taken=promise.taken,
        )
        self.warehouse.keep(promise)
        self._documents[document.number] = document
        self._by_reference[submission.business_unit, submission.reference] = document.number
        return document

    def by_reference(self, business_unit: str, reference: str) -> Document | None:
        number = self._by_reference.get((business_unit, reference))
        return None if number is None else self._documents[number]

    def document(self, business_unit: str, number: str) -> Document:
        """Return the document; raise NotFound(kind="order")."""
        document = self._documents.get(number)
        if document is None or document.business_unit != business_unit:
            raise NotFound(f"there is no order document {number}", kind="order", key=number)
        return document

    def cancel(self, business_unit: str, number: str) -> Document:
        """Cancel the document and give its stock back, once; raise Rejected when it is shipped."""
        document = self.document(business_unit, number)
        if document.cancelled:
            return document
        if document.shipped:
            raise Rejected(f"order document {number} is shipped and can no longer be cancelled")
        self.warehouse.give_back(document.taken)
        return self._store(replace(document, cancelled=True, taken=()))

    def ship(self, number: str) -> Document:
        """Ship the whole document, whatever the stock; raise Rejected when it is cancelled."""
        document = self._documents[number]
        if document.cancelled:
            raise Rejected(f"order document {number} is cancelled and cannot be shipped")
        return self._store(replace(document, shipped=True))

    def invoice(self, number: str, today_in: Callable[[str], dt.date]) -> IssuedInvoice:
        """Invoice a shipped document, once; raise Rejected when it is not shipped or invoiced already.

        `today_in` says which date it is in a business unit.
        """
        document = self._documents[number]
        if document.invoiced or not document.shipped:
            raise Rejected(f"order document {number} is not shipped or is invoiced already")
        date = today_in(document.business_unit)
        key = str(next(self._invoice_numbers))
        message = invoice_message(
            document, key, date, payment_days=self._config.payment_days, tax_rate=self._config.tax_rate
        )
        self._store(replace(document, invoiced=True))
        issued = IssuedInvoice(native_key=key, business_unit=document.business_unit, date=date, invoice=message)
        self._invoices[key] = issued
        return issued

    def pay(self, native_key: str) -> None:
        """Pay the invoice in full."""
        issued = self._invoices[native_key]
        self._invoices[native_key] = replace(issued, invoice=paid(issued.invoice))

    def issued_invoice(self, business_unit: str, native_key: str) -> IssuedInvoice:
        """Return the invoice; raise NotFound(kind="invoice")."""
        issued = self._invoices.get(native_key)
        if issued is None or issued.business_unit != business_unit:
            raise NotFound(f"there is no invoice {native_key}", kind="invoice", key=native_key)
        return issued

    def invoices(self, query: InvoiceQuery) -> Sequence[IssuedInvoice]:
        """Return a page of invoices, newest first."""
        wanted = [
            x
            for x in self._invoices.values()
            if x.business_unit == query.business_unit
            and query.customer in ("", last_segment(x.invoice.customer))
            and query.order_document_number in ("", x.invoice.order_document_number)
            and (query.after is None or (x.date, x.native_key) < query.after)
        ]
        wanted.sort(key=lambda x: (x.date, x.native_key), reverse=True)
        return wanted[: query.limit]

    def open_documents(self) -> list[Document]:
        """Return the documents that are neither cancelled nor invoiced."""
        return [x for x in self._documents.values() if not x.cancelled and not x.invoiced]

    def ledger(self) -> list[LedgerLine]:
        """Return every order line in the order of booking."""
        return [
            LedgerLine(
                document=document.number,
                purchase_order_number=document.order.purchase_order_number,
                line_id=line.line_id,
                quantity=Decimal(line.quantity.value.value),
                live=not document.cancelled,
            )
            for document in self._documents.values()
            for line in document.order.lines
        ]

    def _store(self, document: Document) -> Document:
        self._documents[document.number] = document
        return document

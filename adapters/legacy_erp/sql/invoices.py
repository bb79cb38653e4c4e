"""Invoices: one, or a page of them."""

from __future__ import annotations

from sqlalchemy import Connection

from erp.v1.invoices_pb2 import Invoice
from erp_ports.call import Call
from erp_ports.errors import NotFound
from erp_ports.operations import Operation
from erp_ports.values import InvoiceQuery, KeyedInvoice
from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.documents import DocumentKey
from legacy_erp.sql.gateway import Gateway
from legacy_erp.sql.invoice_mapping import invoices_from_jde
from legacy_erp.sql.keys import Keys
from legacy_erp.sql.lanes import Lane
from legacy_erp.sql.queries import Queries
from legacy_erp.sql.rows import InvoiceKey


class Invoices:
    """The invoice operations of one backend."""

    def __init__(self, config: SqlConfig, backend: str, keys: Keys, queries: Queries, gateway: Gateway) -> None:
        self._config = config
        self._backend = backend
        self._keys = keys
        self._queries = queries
        self._gateway = gateway

    async def get(self, business_unit: str, native_key: str, call: Call) -> Invoice:
        """Return the invoice; raise NotFound when the business unit's company has none of that key."""
        company = self._keys.company(business_unit)
        key = DocumentKey.parse(native_key, company=company.company, document_type=company.invoice_type)
        found: list[KeyedInvoice] = []
        if key is not None:
            wanted = [InvoiceKey(document_type=key.document_type, document=key.number)]
            found = await self._gateway.run(
                Lane.READ,
                lambda connection: self._read(connection, business_unit, wanted),
                call,
                action=Operation.GET_INVOICE,
            )
        if not found:
            raise NotFound(f"the ERP has no invoice {native_key}", kind="invoice", key=native_key)
        return found[0].invoice

    async def page(self, query: InvoiceQuery, call: Call) -> list[KeyedInvoice]:
        """Return one page; three statements whatever its length."""
        company = self._keys.company(query.business_unit)
        customer = self._keys.customer_to_jde(query.customer) if query.customer else None

        def read(connection: Connection) -> list[KeyedInvoice]:
            page = self._queries.invoice_page(connection, query, company, customer)
            return self._read(connection, query.business_unit, page)

        found = await self._gateway.run(Lane.READ, read, call, action=Operation.LIST_INVOICES)
        # Old versions of SQL Server lose the order around a limit.
        return sorted(found, key=_newest, reverse=True)

    def _read(self, connection: Connection, business_unit: str, wanted: list[InvoiceKey]) -> list[KeyedInvoice]:
        company = self._keys.company(business_unit).company
        pay_items, lines = self._queries.invoices(connection, company, wanted)
        return invoices_from_jde(wanted, pay_items, lines, business_unit, self._backend, self._keys, self._config)


def _newest(found: KeyedInvoice) -> tuple[int, int, int, str]:
    date = found.invoice.invoice_date
    return date.year, date.month, date.day, found.native_key

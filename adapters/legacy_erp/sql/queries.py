"""What is asked within one transaction: a few statements for all lines together, never one for each line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Executable

from erp_ports.errors import NotFound
from erp_ports.values import InvoiceQuery
from legacy_erp.sql.config import CompanySettings, SqlConfig
from legacy_erp.sql.documents import DocumentKey
from legacy_erp.sql.gateway import chunks, fetch, padded
from legacy_erp.sql.mapping import AskedLine
from legacy_erp.sql.order_mapping import Row, StoredOrder, merge_lines
from legacy_erp.sql.rows import (
    AdjustmentRow,
    BasePriceRow,
    ConversionRow,
    CustomerRow,
    DetailRow,
    HeaderRow,
    InterfaceRow,
    InvoiceKey,
    ItemRow,
    MessageRow,
    PayItemRow,
    ReceiptRow,
    StockRow,
)
from legacy_erp.sql.statements import PRICED_LINES, Statements

R = TypeVar("R")

_ALL_COMPANIES = "00000"
_ALL_CUSTOMERS = 0
_ALL_BRANCHES = ""


class Queries:
    """Every question to the database, over a connection whose transaction the gateway holds."""

    def __init__(self, config: SqlConfig) -> None:
        self.statements = Statements(config)
        self._config = config

    def customer(self, connection: Connection, number: int, company: CompanySettings) -> CustomerRow | None:
        """Return the company's customer, else the one for all companies."""
        found = fetch(
            connection,
            self.statements.customer,
            {"customer": number, "companies": [company.company, _ALL_COMPANIES]},
            CustomerRow,
        )
        return max(found, key=lambda row: row.company == company.company, default=None)

    def items(self, connection: Connection, asked: Sequence[AskedLine]) -> dict[tuple[str, str], ItemRow]:
        """Read the items of the lines in their branches, by number and branch; one that is missing does not exist."""
        found = _in_chunks(
            connection, self.statements.items, "numbers", _distinct(line.number for line in asked), ItemRow,
            branches=padded(_distinct(line.branch for line in asked)),
        )  # fmt: skip
        return {(row.number, row.branch): row for row in found}

    def conversions(
        self, connection: Connection, items: Sequence[ItemRow], units: Iterable[str]
    ) -> list[ConversionRow]:
        """Read the conversions of the items, unless every unit in use is the primary one of all items."""
        pricing = self._config.pricing_units
        in_use = {pricing[unit].unit if unit in pricing else unit for unit in units}
        primary = {row.primary_unit for row in items}
        if len(primary) == 1 and in_use <= {"", *primary}:
            return []
        numbers = _distinct(row.item for row in items)
        return _in_chunks(connection, self.statements.conversions, "items", numbers, ConversionRow)

    def base_prices(
        self, connection: Connection, asked: Sequence[AskedLine], customer: int, currency: str, date: dt.date
    ) -> list[BasePriceRow]:
        """Read every base price that may apply to the lines."""
        return _in_chunks(
            connection, self.statements.base_prices, "numbers", _distinct(line.number for line in asked), BasePriceRow,
            branches=padded([_ALL_BRANCHES, *_distinct(line.branch for line in asked)]),
            customers=[_ALL_CUSTOMERS, customer],
            currency=currency,
            date=date,
        )  # fmt: skip

    def adjustments(
        self, connection: Connection, asked: Sequence[AskedLine], customer: int, currency: str, date: dt.date
    ) -> list[AdjustmentRow]:
        """Read the adjustment levels that the lines may reach; none where no adjustment is configured."""
        found: dict[AdjustmentRow, None] = {}
        if not self._config.adjustment:
            return []
        for chunk in chunks(asked, PRICED_LINES[-1]):
            size = next(size for size in PRICED_LINES if size >= len(chunk))
            lines = [*chunk, *[chunk[-1]] * (size - len(chunk))]
            values: dict[str, object] = {
                "adjustment": self._config.adjustment,
                "customers": [_ALL_CUSTOMERS, customer],
                # A percentage may be kept without a currency.
                "currencies": ["", currency],
                "date": date,
            }
            for number, line in enumerate(lines):
                values[f"number_{number}"] = line.number
                values[f"quantity_{number}"] = line.quantity
                values[f"unit_{number}"] = line.unit
            found |= dict.fromkeys(fetch(connection, self.statements.adjustments[size], values, AdjustmentRow))
        return list(found)

    def stock(self, connection: Connection, items: Sequence[ItemRow]) -> list[StockRow]:
        """Read the free stock of the items in their branches."""
        return _in_chunks(
            connection, self.statements.stock, "items", _distinct(row.item for row in items), StockRow,
            branches=padded(_distinct(row.branch for row in items)),
        )  # fmt: skip

    def receipts(self, connection: Connection, items: Sequence[ItemRow]) -> list[ReceiptRow]:
        """Read what suppliers are expected to deliver of the items."""
        return _in_chunks(
            connection, self.statements.receipts, "items", _distinct(row.item for row in items), ReceiptRow,
            branches=padded(_distinct(row.branch for row in items)),
            status_limit=self._config.receipt_status_limit,
        )  # fmt: skip

    def order(self, connection: Connection, key: DocumentKey) -> StoredOrder:
        """Read an order, open lines before history, so that a line that is just moving is not missed."""
        header = self.order_header(connection, key)
        values = {"company": key.company, "order_type": key.document_type, "number": key.number}
        opened, history = (fetch(connection, s, values, DetailRow) for s in self.statements.order_lines)
        of_order = {
            "order_company": key.company, "order_type": key.document_type, "order_number": key.number
        }  # fmt: skip
        inbound = fetch(connection, self.statements.order_references, values, InterfaceRow)
        return StoredOrder(
            header=header,
            lines=merge_lines(opened, history),
            pay_items=tuple(fetch(connection, self.statements.order_pay_items, of_order, PayItemRow)),
            references=tuple(sorted(row.reference for row in inbound)),
        )

    def order_header(self, connection: Connection, key: DocumentKey) -> HeaderRow:
        """Read an order's header; raise NotFound when there is none."""
        values = {"company": key.company, "order_type": key.document_type, "number": key.number}
        found = fetch(connection, self.statements.header, values, HeaderRow)
        if not found:
            raise NotFound(f"the ERP has no order {key}", kind="order", key=str(key))
        return found[0]

    def inbound(
        self, connection: Connection, reference: int, company: CompanySettings, *, change: bool = False
    ) -> list[InterfaceRow]:
        """Read the inbound orders (or changes) with a reference; more than one only without a unique index."""
        statement = self.statements.inbound_change if change else self.statements.inbound_order
        return fetch(connection, statement, _inbound_key(reference, company), InterfaceRow)

    def messages(self, connection: Connection, reference: int, company: CompanySettings) -> list[MessageRow]:
        """Read what the job said of an inbound document; nothing where no table of messages is configured."""
        if self.statements.messages is None:
            return []
        return fetch(connection, self.statements.messages, _inbound_key(reference, company), MessageRow)

    def insert_order(self, connection: Connection, header: Row, lines: Sequence[Row]) -> None:
        """Insert the lines, then the header: the job looks for headers, and finds the lines there."""
        constants = self._config.insert_constants
        connection.execute(
            self.statements.insert_order_line, [{**constants.get("F47012", {}), **line} for line in lines]
        )
        connection.execute(self.statements.insert_order, {**constants.get("F47011", {}), **header})

    def insert_change(self, connection: Connection, row: Row) -> None:
        """Insert an inbound change."""
        connection.execute(self.statements.insert_change, {**self._config.insert_constants.get("F47131", {}), **row})

    def invoice_page(
        self, connection: Connection, query: InvoiceQuery, company: CompanySettings, customer: int | None
    ) -> list[InvoiceKey]:
        """Read the keys of one page of invoices, newest first."""
        values: dict[str, object] = {"company": company.company, "limit": query.limit}
        if customer is not None:
            values["customer"] = customer
        if query.order_document_number:
            order = DocumentKey.parse(
                query.order_document_number, company=company.company, document_type=company.order_type
            )
            if order is None:
                return []
            values |= {
                "order_company": order.company, "order_type": order.document_type, "order_number": order.number
            }  # fmt: skip
        if query.after is not None:
            date, native_key = query.after
            after = DocumentKey.parse(native_key, company=company.company, document_type=company.invoice_type)
            if after is None:
                raise NotFound(f"{native_key} is not an invoice of the ERP", kind="invoice", key=native_key)
            values |= {
                "after_date": date, "after_type": after.document_type, "after_document": after.number
            }  # fmt: skip
        which = customer is not None, bool(query.order_document_number), query.after is not None
        return fetch(connection, self.statements.invoice_page[which], values, InvoiceKey)

    def invoices(
        self, connection: Connection, company: str, keys: Sequence[InvoiceKey]
    ) -> tuple[list[PayItemRow], list[DetailRow]]:
        """Read the pay items and the billed lines of invoices; open lines before history, as in `order`."""
        if not keys:
            return [], []
        documents = _distinct(key.document for key in keys)
        types = padded(_distinct(key.document_type for key in keys))
        pay_items = _in_chunks(
            connection, self.statements.invoice_pay_items, "documents", documents, PayItemRow,
            company=company, document_types=types,
        )  # fmt: skip
        lines: list[DetailRow] = []
        for statement in self.statements.invoice_lines:
            lines += _in_chunks(
                connection, statement, "documents", documents, DetailRow, company=company, document_types=types
            )
        return pay_items, lines


def _inbound_key(reference: int, company: CompanySettings) -> dict[str, object]:
    return {
        "edi_company": company.interface_company,
        "reference": reference,
        "edi_document_type": company.edi_document_type,
    }


def _distinct(values: Iterable[R]) -> list[R]:
    return list(dict.fromkeys(values))


def _in_chunks(
    connection: Connection,
    statement: Executable,
    name: str,
    values: Sequence[object],
    row_type: type[R],
    **others: object,
) -> list[R]:
    """Run a statement for a list of any length and return the rows of all its pieces."""
    rows: list[R] = []
    for chunk in chunks(values):
        rows += fetch(connection, statement, {**others, name: padded(chunk)}, row_type)
    return rows

"""Documents and master data, read in as many requests as it takes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.concurrently import for_each
from cloud_erp.s4hana.gateway import Gateway, readable
from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_availability import Series, SeriesKey, series_from_s4
from cloud_erp.s4hana.mapping_invoices import (
    NEWEST_FIRST,
    AccountingKey,
    OpenItems,
    accounting_key,
    invoice_filter,
    open_items_filter,
    open_items_from_s4,
)
from cloud_erp.s4hana.mapping_orders import ORDER_EXPAND, find_filter, has_reference
from cloud_erp.s4hana.mapping_units import Factor, base_quantity, factor_from_s4
from erp.v1.availability_pb2 import AvailabilityLine
from erp.v1.common_pb2 import Quantity
from erp_ports.call import Call
from erp_ports.errors import ErpError, NotFound
from erp_ports.values import InvoiceQuery

log = logging.getLogger("cloud_erp.s4hana")

_T = TypeVar("_T")
_KEYS_PER_FILTER = 20
_BOOKINGS_OF_A_REFERENCE = 50


class Measured(Protocol):
    """A line with a product and a quantity."""

    line_id: str
    product: str

    @property
    def quantity(self) -> Quantity: ...


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads through a gateway, at most `parallel_reads` requests at once for one call."""

    gateway: Gateway
    words: Words

    async def order(self, business_unit: str, document_number: str, call: Call) -> odata.Entity:
        """Return a sales order with items and schedule lines; raise NotFound for an order of another business unit."""
        address = f"{odata.key('A_SalesOrder', SalesOrder=document_number)}?{odata.query(expand=ORDER_EXPAND)}"
        service = self.words.config.services.sales_order
        found = await self.gateway.entity(service, address, call, kind="order")
        document = await self._complete(service, found, call)
        stated = odata.text(document, "SalesOrganization")
        if stated and stated != self.words.area(business_unit).sales_organisation:
            raise NotFound(f"there is no order {document_number} in {business_unit}", kind="order", key=document_number)
        return document

    async def orders_with(self, reference: str, call: Call) -> list[odata.Entity]:
        """Return every sales order that carries our reference."""
        options = odata.query(
            filter=find_filter(reference, self.words), expand=ORDER_EXPAND, top=str(_BOOKINGS_OF_A_REFERENCE)
        )
        service = self.words.config.services.sales_order
        found = await self.gateway.entities(service, f"A_SalesOrder?{options}", call)
        with readable():
            own = [document for document in found if has_reference(document, reference, self.words)]
        return [await self._complete(service, document, call) for document in own]

    async def _complete(self, service: str, document: odata.Entity, call: Call) -> odata.Entity:
        """Return the document with all its items and their schedule lines, also those left for a further page."""
        document = await self._whole(service, document, "to_Item", call)
        items = odata.children(document, "to_Item") or []
        if not any(odata.continuation(item, "to_ScheduleLine") for item in items):
            return document
        return {**document, "to_Item": [await self._whole(service, item, "to_ScheduleLine", call) for item in items]}

    async def _whole(self, service: str, parent: odata.Entity, name: str, call: Call) -> odata.Entity:
        """Return the entity with an expanded navigation to its end."""
        link = odata.continuation(parent, name)
        if link is None:
            return parent
        rest = await self.gateway.following(service, link, call)
        return {**parent, name: [*(odata.children(parent, name) or []), *rest]}

    async def part_of_order(self, address: str, call: Call) -> odata.Entity:
        """Return an item or schedule line as it is now, with its ETag."""
        return await self.gateway.entity(self.words.config.services.sales_order, address, call, kind="order")

    async def series(self, lines: Iterable[AvailabilityLine], call: Call) -> dict[SeriesKey, Series]:
        """Return the time series of every product and plant among the lines."""
        keys = [(line.product, line.plant) for line in lines]
        return await for_each(keys, partial(self._series, call), at_once=self.words.config.parallel_reads)

    async def _series(self, call: Call, key: SeriesKey) -> Series:
        config = self.words.config
        product, plant = key
        options = odata.query(
            ATPCheckingRule=odata.literal(config.atp_checking_rule),
            Material=odata.literal(self.words.product_to_s4(product)),
            SupplyingPlant=odata.literal(self.words.plant_to_s4(plant)),
        )
        records = await self.gateway.entities(
            config.services.availability, f"CalculateAvailabilityTimeseries?{options}", call, kind="product"
        )
        with readable():
            return series_from_s4(records, plant, self.words)

    async def factors(self, lines: Iterable[Measured], call: Call) -> dict[str, Factor]:
        """Return by line id the factor of every line whose unit is not configured as a base unit."""
        others = [x for x in lines if x.quantity.unit not in self.words.config.base_units]
        at_once = self.words.config.parallel_reads
        found = await for_each([x.product for x in others], partial(self._units, call), at_once=at_once)
        with readable():
            factors = {
                x.line_id: factor_from_s4(found[x.product], x.product, x.quantity.unit, self.words) for x in others
            }
        return {x.line_id: factors[x.line_id] for x in others if factors[x.line_id].base_unit != x.quantity.unit}

    async def _units(self, call: Call, product: str) -> list[odata.Entity]:
        options = odata.query(filter=f"Product eq {odata.literal(self.words.product_to_s4(product))}")
        service = self.words.config.services.product
        return await self.gateway.entities(service, f"A_ProductUnitsOfMeasure?{options}", call, kind="product")

    async def base_quantities(self, lines: Sequence[Measured], call: Call) -> dict[str, Quantity]:
        """Return by line id the quantity in base units; nothing, with a warning, when the factors cannot be read.

        A price does not need them: they are stated so that two ERPs' factors can be compared.
        """
        try:
            factors = await self.factors(lines, call)
        except ErpError as problem:
            log.warning(
                "s4.unit_factors_unknown",
                extra={"reason": problem.message, "detail": problem.detail, "correlation_id": call.correlation_id},
            )
            return {}
        return {x.line_id: base_quantity(x.quantity, factors[x.line_id]) for x in lines if x.line_id in factors}

    async def invoice(self, native_key: str, call: Call) -> odata.Entity:
        address = f"{odata.key('A_BillingDocument', BillingDocument=native_key)}?{odata.query(expand='to_Item')}"
        service = self.words.config.services.billing_document
        found = await self.gateway.entity(service, address, call, kind="invoice")
        return await self._complete(service, found, call)

    async def invoices(self, query: InvoiceQuery, call: Call) -> list[odata.Entity]:
        """Return a page of billing documents, newest first."""
        service = self.words.config.services.billing_document
        documents = None
        if query.order_document_number:
            documents = await self._billing_documents_of(query.order_document_number, call)
        found: list[odata.Entity] = []
        for keys in [None] if documents is None else _chunks(documents):
            options = odata.query(
                filter=invoice_filter(query, self.words, keys),
                orderby=NEWEST_FIRST,
                top=str(query.limit),
                expand="to_Item",
            )
            found += await self.gateway.entities(service, f"A_BillingDocument?{options}", call, limit=query.limit)
        if documents is not None and len(documents) > _KEYS_PER_FILTER:
            with readable():
                found.sort(key=_newest, reverse=True)
        return [await self._complete(service, document, call) for document in found[: query.limit]]

    async def _billing_documents_of(self, document_number: str, call: Call) -> list[str]:
        """Return the billing documents of a sales order; V2 cannot filter documents by their items."""
        options = odata.query(
            filter=f"SalesDocument eq {odata.literal(document_number)}", select="BillingDocument,SalesDocument"
        )
        service = self.words.config.services.billing_document
        items = await self.gateway.entities(service, f"A_BillingDocumentItem?{options}", call)
        return sorted({odata.text(item, "BillingDocument") for item in items} - {""})

    async def open_items(self, documents: Sequence[odata.Entity], call: Call) -> dict[AccountingKey, OpenItems]:
        """Return what accounting says of posted invoices; nothing, with a warning, when it cannot be read."""
        service = self.words.config.services.open_items
        posted = {key: document for document in documents if (key := accounting_key(document)) is not None}
        if service is None or not posted:
            return {}
        try:
            chunks = map(tuple, _chunks(list(posted)))
            ask = partial(self._receivables, service, call)
            parts = await for_each(chunks, ask, at_once=self.words.config.parallel_reads)
            rows: dict[AccountingKey, list[odata.Entity]] = {}
            for row in (row for part in parts.values() for row in part):
                key = accounting_key(row)
                if key is not None:
                    rows.setdefault(key, []).append(row)
            with readable():
                return {
                    key: open_items_from_s4(rows[key], odata.text(document, "TransactionCurrency"))
                    for key, document in posted.items()
                    if key in rows
                }
        except ErpError as problem:
            log.warning(
                "s4.open_items_unknown",
                extra={"reason": problem.message, "detail": problem.detail, "correlation_id": call.correlation_id},
            )
            return {}

    async def _receivables(self, service: str, call: Call, keys: tuple[AccountingKey, ...]) -> list[odata.Entity]:
        options = odata.query(filter=open_items_filter(keys))
        return await self.gateway.entities(service, f"A_OperationalAcctgDocItemCube?{options}", call)


def _chunks(keys: Sequence[_T]) -> list[list[_T]]:
    return [list(keys[start : start + _KEYS_PER_FILTER]) for start in range(0, len(keys), _KEYS_PER_FILTER)]


def _newest(document: odata.Entity) -> tuple[str, str]:
    issued = odata.date(document, "BillingDocumentDate")
    return issued.isoformat() if issued else "", odata.text(document, "BillingDocument")

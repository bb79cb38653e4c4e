"""The adapter: a few lines per operation between mapping and gateway."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import BaseModel

from cloud_erp.s4hana.checking import check_user
from cloud_erp.s4hana.concurrently import both
from cloud_erp.s4hana.config import S4Config
from cloud_erp.s4hana.declaration import declaration
from cloud_erp.s4hana.gateway import Gateway, readable
from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_availability import availability_from_s4
from cloud_erp.s4hana.mapping_invoices import accounting_key, invoice_from_s4
from cloud_erp.s4hana.mapping_orders import order_from_s4
from cloud_erp.s4hana.mapping_prices import prices_from_s4, prices_to_s4
from cloud_erp.s4hana.mapping_simulation import simulation_from_s4, simulation_to_s4
from cloud_erp.s4hana.reading import Reader
from cloud_erp.s4hana.writing import Writer, booked
from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.invoices_pb2 import Invoice
from erp.v1.orders_pb2 import Order, SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_ports.call import Call
from erp_ports.errors import Misconfigured, NotFound
from erp_ports.plugin import Credential, Plugin, Surroundings
from erp_ports.values import (
    Booked,
    Cancelled,
    CheckResult,
    FindResult,
    FindState,
    InvoiceQuery,
    KeyedInvoice,
    OrderSubmission,
)

log = logging.getLogger("cloud_erp.s4hana")

_SIMULATION = "A_SalesOrderSimulation"


class S4Adapter:
    """One S/4HANA system as one of its two users."""

    def __init__(self, config: S4Config, surroundings: Surroundings) -> None:
        self._config = config
        self._credential = surroundings.credential
        self._words = Words(
            backend=surroundings.backend,
            config=config,
            xref=surroundings.xref,
            plant_zones=surroundings.plant_zones,
            alert=_alert,
        )
        live = surroundings.credential is Credential.LIVE
        self._gateway = Gateway(config, config.users.live if live else config.users.shadow)
        self._reader = Reader(gateway=self._gateway, words=self._words)
        self._writer = Writer(self._gateway, self._reader, self._words)
        self.declaration = declaration(config)

    async def calculate_prices(self, request: CalculatePricesRequest, call: Call) -> CalculatePricesResponse:
        body = prices_to_s4(request, self._words)
        answer, base_quantities = await both(
            self._gateway.simulate(self._config.services.simulation, _SIMULATION, body, call),
            self._reader.base_quantities(request.lines, call),
        )
        with readable():
            return prices_from_s4(request, answer, self._words, base_quantities)

    async def check_availability(self, request: CheckAvailabilityRequest, call: Call) -> CheckAvailabilityResponse:
        series, factors = await both(
            self._reader.series(request.lines, call), self._reader.factors(request.lines, call)
        )
        with readable():
            return availability_from_s4(request.lines, series, factors)

    async def simulate_order(self, request: SimulateOrderRequest, call: Call) -> SimulateOrderResponse:
        body = simulation_to_s4(request, self._words)
        answer, base_quantities = await both(
            self._gateway.simulate(self._config.services.simulation, _SIMULATION, body, call),
            self._reader.base_quantities(request.order.lines, call),
        )
        with readable():
            return simulation_from_s4(request, answer, self._words, base_quantities)

    async def get_order(self, business_unit: str, document_number: str, call: Call) -> Order:
        document = await self._reader.order(business_unit, document_number, call)
        with readable():
            return order_from_s4(document, business_unit, self._words)

    async def find_order(self, business_unit: str, reference: str, call: Call) -> FindResult:
        found = await self._reader.orders_with(reference, call)
        with readable():
            bookings = tuple(booked(document, business_unit, self._words) for document in found)
        return FindResult(state=FindState.BOOKED if bookings else FindState.NOT_FOUND, bookings=bookings)

    async def create_order(self, submission: OrderSubmission, call: Call) -> Booked:
        self._require_live()
        return await self._writer.to_its_end(self._writer.create(submission, call))

    async def cancel_order(
        self, business_unit: str, document_number: str, reference: str, reason: str, call: Call
    ) -> Cancelled:
        self._require_live()
        return await self._writer.to_its_end(self._writer.cancel(business_unit, document_number, call))

    async def get_invoice(self, business_unit: str, native_key: str, call: Call) -> Invoice:
        document = await self._reader.invoice(native_key, call)
        stated = document.get("SalesOrganization")
        if stated and stated != self._words.area(business_unit).sales_organisation:
            raise NotFound(f"there is no invoice {native_key} in {business_unit}", kind="invoice", key=native_key)
        return (await self._invoices([document], business_unit, call))[0].invoice

    async def list_invoices(self, query: InvoiceQuery, call: Call) -> Sequence[KeyedInvoice]:
        documents = await self._reader.invoices(query, call)
        return await self._invoices(documents, query.business_unit, call)

    async def _invoices(
        self, documents: Sequence[Mapping[str, object]], business_unit: str, call: Call
    ) -> list[KeyedInvoice]:
        open_items = await self._reader.open_items(documents, call)
        found = []
        with readable():
            for document in documents:
                key = accounting_key(document)
                accounting = open_items.get(key) if key is not None else None
                invoice = invoice_from_s4(document, business_unit, accounting, self._words)
                found.append(KeyedInvoice(native_key=invoice.invoice_number, invoice=invoice))
        return found

    async def check(self, call: Call) -> Sequence[CheckResult]:
        """Look at every service as the user of this adapter; the live one looks at the shadow user too."""
        found = await check_user(self._config, self._gateway, self._credential, call)
        if self._credential is Credential.LIVE:
            shadow = Gateway(self._config, self._config.users.shadow)
            try:
                found += await check_user(self._config, shadow, Credential.SHADOW, call)
            finally:
                await shadow.close()
        return found

    async def close(self) -> None:
        await self._writer.close()
        await self._gateway.close()

    def _require_live(self) -> None:
        """Refuse to write as the shadow user here already; S/4HANA would, if its permissions are as they should be."""
        if self._credential is not Credential.LIVE:
            raise Misconfigured("this adapter is built for questions only", detail="write with the shadow credential")


def _alert(event: str, about: Mapping[str, str]) -> None:
    log.error(event, extra=dict(about))


def _build(config: BaseModel, surroundings: Surroundings) -> S4Adapter:
    return S4Adapter(cast(S4Config, config), surroundings)


plugin = Plugin(name="s4hana", config=S4Config, build=_build)

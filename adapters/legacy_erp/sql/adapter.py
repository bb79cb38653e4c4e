"""JD Edwards behind the ports of the facade."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from pydantic import BaseModel

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.invoices_pb2 import Invoice
from erp.v1.orders_pb2 import Order, SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_ports.call import Call
from erp_ports.compose import COMPOSED_FIELDS
from erp_ports.errors import Unsupported
from erp_ports.operations import (
    Declaration,
    Effect,
    Operation,
    ReferenceKind,
    ReferenceShape,
    Support,
    WriteFacts,
)
from erp_ports.plugin import Credential, Plugin, Surroundings
from erp_ports.ports import FullAdapter
from erp_ports.values import (
    Booked,
    Cancelled,
    CheckResult,
    FindResult,
    HandedOver,
    InvoiceQuery,
    KeyedInvoice,
    OrderSubmission,
)
from legacy_erp.sql.answers import Answers
from legacy_erp.sql.checks import check_database
from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.gateway import Gateway
from legacy_erp.sql.invoices import Invoices
from legacy_erp.sql.keys import REFERENCE_DIGITS, Keys
from legacy_erp.sql.lanes import Lane, to_its_outcome
from legacy_erp.sql.mapping import require_zone
from legacy_erp.sql.orders import Orders
from legacy_erp.sql.queries import Queries


def utc_now() -> dt.datetime:
    """Return the present instant, aware."""
    return dt.datetime.now(dt.UTC)


def declaration(config: SqlConfig, credential: Credential) -> Declaration:
    """Return what the adapter can do with one credential; uniqueness and consistency only where configured."""
    operations = dict.fromkeys(Operation, Support.SUPPORTED) | {Operation.SIMULATE_ORDER: Support.COMPOSED}
    if credential is Credential.SHADOW:
        operations |= {op: Support.UNSUPPORTED for op in Operation if op.effect is Effect.WRITE}
        return Declaration(operations=operations, simulated_fields=COMPOSED_FIELDS)
    facts = WriteFacts(
        reference=ReferenceShape(kind=ReferenceKind.NUMBER, length=REFERENCE_DIGITS, field="EDOC"),
        unique_reference="unique index on F47011 (EKCO, EDOC, EDCT)" if config.unique_reference else "",
        consistent_lookup="consistent read in the same database" if config.reads_primary else "",
    )
    return Declaration(operations=operations, write_facts=facts, simulated_fields=COMPOSED_FIELDS)


class SqlAdapter:
    """One JD Edwards installation, reached with one credential."""

    def __init__(
        self, config: SqlConfig, surroundings: Surroundings, *, now: Callable[[], dt.datetime] = utc_now
    ) -> None:
        url = config.url if surroundings.credential is Credential.LIVE else config.shadow_url
        self._config = config
        self._surroundings = surroundings
        self._now = now
        self._declaration = declaration(config, surroundings.credential)
        self._gateway = Gateway(url.get_secret_value(), config)
        self._queries = Queries(config)
        keys = Keys(config, surroundings.xref)
        self._answers = Answers(config, keys, self._queries, surroundings.plant_zones, now)
        self._orders = Orders(
            config, surroundings.backend, keys, self._queries, self._gateway, self._answers, self._today
        )
        self._invoices = Invoices(config, surroundings.backend, keys, self._queries, self._gateway)

    def _today(self, business_unit: str) -> dt.date:
        zone = require_zone(self._surroundings.business_unit_zones, business_unit, "business unit")
        return self._now().astimezone(zone).date()

    @property
    def declaration(self) -> Declaration:
        """What this adapter can do with its credential."""
        return self._declaration

    def _require(self, operation: Operation) -> None:
        if not self._declaration.offers(operation):
            raise Unsupported(f"{operation} needs the live credential; the shadow's may only read")

    async def calculate_prices(self, request: CalculatePricesRequest, call: Call) -> CalculatePricesResponse:
        """Price all lines: base price, one adjustment level, agreed discount."""
        return await self._gateway.run(
            Lane.READ, lambda c: self._answers.prices(c, request), call, action=Operation.CALCULATE_PRICES
        )

    async def check_availability(self, request: CheckAvailabilityRequest, call: Call) -> CheckAvailabilityResponse:
        """Promise from free stock, expected receipts and the lead time."""
        return await self._gateway.run(
            Lane.READ, lambda c: self._answers.availability(c, request), call, action=Operation.CHECK_AVAILABILITY
        )

    async def simulate_order(self, request: SimulateOrderRequest, call: Call) -> SimulateOrderResponse:
        """Compose prices, availability and master-data checks, read in one transaction."""
        return await self._gateway.run(
            Lane.READ, lambda c: self._answers.simulation(c, request), call, action=Operation.SIMULATE_ORDER
        )

    async def get_order(self, business_unit: str, document_number: str, call: Call) -> Order:
        return await self._orders.get(business_unit, document_number, call)

    async def find_order(self, business_unit: str, reference: str, call: Call) -> FindResult:
        return await self._orders.find(business_unit, reference, call)

    async def create_order(self, submission: OrderSubmission, call: Call) -> Booked | HandedOver:
        """Write the order into the inbound interface; a job of the ERP books it later."""
        self._require(Operation.CREATE_ORDER)
        return await to_its_outcome(self._orders.create(submission, call), Operation.CREATE_ORDER)

    async def cancel_order(
        self, business_unit: str, document_number: str, reference: str, reason: str, call: Call
    ) -> Cancelled:
        """Cancel through the inbound interface and wait for its job; the interface has no field for the reason."""
        self._require(Operation.CANCEL_ORDER)
        return await to_its_outcome(
            self._orders.cancel(business_unit, document_number, reference, call), Operation.CANCEL_ORDER
        )

    async def get_invoice(self, business_unit: str, native_key: str, call: Call) -> Invoice:
        return await self._invoices.get(business_unit, native_key, call)

    async def list_invoices(self, query: InvoiceQuery, call: Call) -> Sequence[KeyedInvoice]:
        return await self._invoices.page(query, call)

    async def check(self, call: Call) -> Sequence[CheckResult]:
        """Look at the connection, every table and column, permissions, the unique index and the data dictionary."""
        return await check_database(
            self._gateway, self._queries.statements, self._config, self._surroundings.credential, call
        )

    async def close(self) -> None:
        await self._gateway.close()


def _build(config: BaseModel, surroundings: Surroundings) -> FullAdapter:
    assert isinstance(config, SqlConfig)
    return SqlAdapter(config, surroundings)


plugin = Plugin(name="sql", config=SqlConfig, build=_build)

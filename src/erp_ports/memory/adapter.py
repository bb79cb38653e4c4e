"""The in-memory ERP behind the ports: deadlines, faults and the operations, a few lines each."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.invoices_pb2 import Invoice
from erp.v1.orders_pb2 import CREDIT_DECISION_APPROVED, Order, SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_ports.call import Call
from erp_ports.compose import COMPOSED_FIELDS, availability_request, compose_simulation, pricing_request
from erp_ports.errors import ErpError, Misconfigured, NotFound, OutcomeUnknown, Rejected, Unavailable, Unsupported
from erp_ports.memory.books import Books, Held, LedgerLine
from erp_ports.memory.catalogue import Catalogue
from erp_ports.memory.config import InMemoryConfig
from erp_ports.memory.documents import Document, content, order_message
from erp_ports.memory.faults import Faults
from erp_ports.memory.pricing import PriceList
from erp_ports.memory.warehouse import Promise
from erp_ports.names import business_unit_name
from erp_ports.operations import Declaration, Operation, ReferenceKind, ReferenceShape, Support, WriteFacts
from erp_ports.plugin import Credential
from erp_ports.values import (
    Booked,
    Cancelled,
    CheckResult,
    FindResult,
    FindState,
    HandedOver,
    InvoiceQuery,
    KeyedInvoice,
    OrderSubmission,
)
from erp_ports.xref import CrossReference

_UTC = ZoneInfo("UTC")
_FACTS = WriteFacts(
    reference=ReferenceShape(kind=ReferenceKind.TEXT, length=26, field="reference"),
    unique_reference="a booking is entered under its reference in the same step that looks for it",
    consistent_lookup="the look-up reads the very table that a booking is entered in",
)


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class InMemoryErp:
    """A whole ERP in memory: it prices, promises, simulates, books, cancels, and invoices what it is told to ship.

    It serves every business unit with the same master data and keeps their documents apart. Everything is lost when
    the process ends. Adapters built from the same `InMemoryConfig` object share their books, as two credentials of
    one ERP do. The clock decides what today is, and nothing else; `faults` makes things go wrong.
    """

    def __init__(
        self,
        config: InMemoryConfig,
        *,
        backend: str = "memory",
        credential: Credential = Credential.LIVE,
        xref: CrossReference | None = None,
        plant_zones: Mapping[str, ZoneInfo] | None = None,
        business_unit_zones: Mapping[str, ZoneInfo] | None = None,
        clock: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self.faults = Faults(delay=config.delay)
        self._backend = backend
        self._credential = credential
        self._plant_zones = plant_zones or {}
        self._business_unit_zones = business_unit_zones or {}
        self._clock = clock
        self._composed = config.composed_simulation
        self._catalogue = Catalogue(config, xref or CrossReference(backend=backend))
        self._prices = PriceList(config, self._catalogue.product_number)
        self._books = config.shared(Books)
        self._declaration = _declaration(config)

    @property
    def declaration(self) -> Declaration:
        """What this ERP can do, less what the configuration takes away."""
        return self._declaration

    async def calculate_prices(self, request: CalculatePricesRequest, call: Call) -> CalculatePricesResponse:
        await self._ask(Operation.CALCULATE_PRICES, call)
        self._catalogue.require_customer(request.customer)
        return self._prices.calculate(request)

    async def check_availability(self, request: CheckAvailabilityRequest, call: Call) -> CheckAvailabilityResponse:
        await self._ask(Operation.CHECK_AVAILABILITY, call)
        return CheckAvailabilityResponse(lines=self._promise(request).lines)

    async def simulate_order(self, request: SimulateOrderRequest, call: Call) -> SimulateOrderResponse:
        await self._ask(Operation.SIMULATE_ORDER, call)
        simulated, _ = self._simulate(request)
        simulated.composed = self._composed
        if not self._composed:
            simulated.credit_decision = CREDIT_DECISION_APPROVED
        return simulated

    async def get_order(self, business_unit: str, document_number: str, call: Call) -> Order:
        await self._ask(Operation.GET_ORDER, call)
        return order_message(self._books.document(business_unit, document_number), self._backend)

    async def find_order(self, business_unit: str, reference: str, call: Call) -> FindResult:
        await self._ask(Operation.FIND_ORDER, call)
        key = (business_unit, reference)
        document = self._books.by_reference(business_unit, reference)
        if document is not None:
            return FindResult(state=FindState.BOOKED, bookings=(self._booked(document),))
        if key in self._books.held:
            return FindResult(state=FindState.HANDED_OVER)
        refusal = self._books.refused.get(key)
        if refusal is None:
            return FindResult(state=FindState.NOT_FOUND)
        return FindResult(
            state=FindState.REFUSED,
            refusal_reason=_reason(refusal),
            refusal_kind=refusal.kind if isinstance(refusal, NotFound) else "",
            refusal_message=refusal.message,
        )

    async def create_order(self, submission: OrderSubmission, call: Call) -> Booked | HandedOver:
        self._begin_write(Operation.CREATE_ORDER, call)
        outcome = self._accept(submission)
        await self._reply_to_write(call)
        return outcome

    async def cancel_order(
        self, business_unit: str, document_number: str, reference: str, reason: str, call: Call
    ) -> Cancelled:
        self._begin_write(Operation.CANCEL_ORDER, call)
        document = self._books.cancel(business_unit, document_number)
        await self._reply_to_write(call)
        return Cancelled(order=order_message(document, self._backend))

    async def get_invoice(self, business_unit: str, native_key: str, call: Call) -> Invoice:
        await self._ask(Operation.GET_INVOICE, call)
        return self._books.issued_invoice(business_unit, native_key).invoice

    async def list_invoices(self, query: InvoiceQuery, call: Call) -> Sequence[KeyedInvoice]:
        await self._ask(Operation.LIST_INVOICES, call)
        return [KeyedInvoice(native_key=x.native_key, invoice=x.invoice) for x in self._books.invoices(query)]

    async def check(self, call: Call) -> Sequence[CheckResult]:
        up = not self.faults.down
        return [
            CheckResult(subject="memory", ok=up, message="" if up else "the ERP is switched off: clear faults.down")
        ]

    async def close(self) -> None:
        """Nothing to release: writes never outlast the call that makes them."""

    def book_held(self) -> None:
        """Book the orders that were handed over, in their order, or note why they are refused."""
        for key, held in list(self._books.held.items()):
            del self._books.held[key]
            try:
                if held.refusal is not None:
                    raise held.refusal
                self._book(held.submission)
            except (Rejected, NotFound) as refusal:
                self._books.refused[key] = refusal

    def ship(self, document_number: str) -> None:
        """Ship the whole document; raise Rejected when it is cancelled."""
        self._books.ship(document_number)

    def invoice(self, document_number: str) -> str:
        """Invoice a shipped document today and return the invoice's native key."""
        issued = self._books.invoice(document_number, lambda unit: self._today(self._business_unit_zones, unit))
        return issued.native_key

    def ship_and_invoice_all(self) -> None:
        """Ship and invoice every document that is not invoiced yet."""
        for document in self._books.open_documents():
            self.ship(document.number)
            self.invoice(document.number)

    def pay(self, native_key: str) -> None:
        """Pay the invoice in full."""
        self._books.pay(native_key)

    def ledger(self) -> list[LedgerLine]:
        """Return every order line that was ever booked, read past the ports."""
        return self._books.ledger()

    async def _ask(self, operation: Operation, call: Call) -> None:
        self._require_offered(operation)
        if self.faults.down:
            raise Unavailable(f"{self._backend} is not reachable")
        await self._wait(call)

    def _begin_write(self, operation: Operation, call: Call) -> None:
        self._require_offered(operation)
        if self._credential is Credential.SHADOW:
            raise Misconfigured(f"the shadow credential of {self._backend} cannot write")
        if self.faults.down or not call.remaining():
            raise Unavailable(f"{self._backend} was not reached in time; nothing was executed")

    async def _reply_to_write(self, call: Call) -> None:
        await self._wait(call)
        if self.faults.take_lost_reply():
            raise OutcomeUnknown(f"the reply of {self._backend} was lost")

    async def _wait(self, call: Call) -> None:
        remaining = call.remaining()
        if remaining <= self.faults.delay:
            await asyncio.sleep(remaining)
            raise OutcomeUnknown(f"{self._backend} did not answer in time", timed_out=True)
        if self.faults.delay:
            await asyncio.sleep(self.faults.delay)

    def _require_offered(self, operation: Operation) -> None:
        if not self._declaration.offers(operation):
            raise Unsupported(f"{self._backend} cannot {operation.value.replace('_', ' ')}")

    def _accept(self, submission: OrderSubmission) -> Booked | HandedOver:
        existing = self._books.by_reference(submission.business_unit, submission.reference)
        if existing is not None:
            return self._booked(existing, existing=True)
        refusal = self.faults.take_refusal()
        if self.faults.hold_bookings:
            key = (submission.business_unit, submission.reference)
            self._books.held.setdefault(key, Held(submission=submission, refusal=refusal))
            return HandedOver(detail="held until it is booked")
        if refusal is not None:
            raise refusal
        return self._booked(self._book(submission))

    def _book(self, submission: OrderSubmission) -> Document:
        request = SimulateOrderRequest(parent=business_unit_name(submission.business_unit), order=submission.order)
        simulated, promise = self._simulate(request)
        return self._books.book(submission, content(submission.order, simulated), promise)

    def _booked(self, document: Document, *, existing: bool = False) -> Booked:
        order = order_message(document, self._backend)
        return Booked(document_number=document.number, order=order, existing=existing)

    def _simulate(self, request: SimulateOrderRequest) -> tuple[SimulateOrderResponse, Promise]:
        order = request.order
        self._catalogue.require_sellable(order.customer, [line.product for line in order.lines])
        prices = self._prices.calculate(pricing_request(request))
        promise = self._promise(availability_request(request))
        availability = CheckAvailabilityResponse(lines=promise.lines)
        return compose_simulation(request, prices, availability), promise

    def _promise(self, request: CheckAvailabilityRequest) -> Promise:
        self._catalogue.require_customer(request.customer)
        return self._books.warehouse.promise(
            request.lines, self._catalogue, lambda plant: self._today(self._plant_zones, plant)
        )

    def _today(self, zones: Mapping[str, ZoneInfo], key: str) -> dt.date:
        return self._clock().astimezone(zones.get(key, _UTC)).date()


def _reason(refusal: ErpError) -> str:
    return refusal.reason.value if isinstance(refusal, Rejected) else "NOT_FOUND"


def _declaration(config: InMemoryConfig) -> Declaration:
    operations = dict.fromkeys(Operation, Support.SUPPORTED)
    if config.composed_simulation:
        operations[Operation.SIMULATE_ORDER] = Support.COMPOSED
    operations |= dict.fromkeys(config.unsupported, Support.UNSUPPORTED)
    return Declaration(
        operations=operations,
        write_facts=None if Operation.CREATE_ORDER in config.unsupported else _FACTS,
        simulated_fields=COMPOSED_FIELDS if config.composed_simulation else frozenset(),
    )

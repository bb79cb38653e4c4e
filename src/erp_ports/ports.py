"""The ports: what an adapter implements, one Protocol per subject.

Every operation is asynchronous, ends by `call.deadline`, and raises only the errors of `erp_ports.errors`.
A write that is cancelled is still awaited to its outcome. Requests arrive validated, with every default filled in
(`pricing_date`, each `requested_date`), and hold only lines that this backend is in charge of. Answers hold one line
for each line of the request, in its order; `source` is left for the facade to fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.invoices_pb2 import Invoice
from erp.v1.orders_pb2 import Order, SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_ports.call import Call
from erp_ports.operations import Declaration
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


class PricingPort(Protocol):
    """Prices without a document."""

    async def calculate_prices(self, request: CalculatePricesRequest, call: Call) -> CalculatePricesResponse:
        """Return net prices for all lines, or raise; never a part of them."""
        ...


class AvailabilityPort(Protocol):
    """Available to promise, nothing reserved."""

    async def check_availability(self, request: CheckAvailabilityRequest, call: Call) -> CheckAvailabilityResponse:
        """Return for each line what can leave the plant when."""
        ...


class OrderSimulationPort(Protocol):
    """What an order would become."""

    async def simulate_order(self, request: SimulateOrderRequest, call: Call) -> SimulateOrderResponse:
        """Return what would be booked. Nothing is."""
        ...


class OrderReadingPort(Protocol):
    """Orders as the ERP holds them."""

    async def get_order(self, business_unit: str, document_number: str, call: Call) -> Order:
        """Return the document, filled as `Booked.order` is; raise NotFound(kind="order") when there is none."""
        ...

    async def find_order(self, business_unit: str, reference: str, call: Call) -> FindResult:
        """Look a submission up by its reference. NOT_FOUND is said only when the ERP was asked and has none."""
        ...


class OrderWritingPort(Protocol):
    """Booking and cancelling."""

    async def create_order(self, submission: OrderSubmission, call: Call) -> Booked | HandedOver:
        """Book the part, at most one request per attempt.

        Raises Rejected or NotFound when the ERP refused, Unavailable or Throttled when it surely did not execute,
        OutcomeUnknown in every other case.
        """
        ...

    async def cancel_order(
        self, business_unit: str, document_number: str, reference: str, reason: str, call: Call
    ) -> Cancelled:
        """Cancel the whole document; a document cancelled before is answered as cancelled.

        `reference` is of the declared shape, belongs to this cancellation alone and is the same in every attempt.
        Raises Rejected when the document can no longer be cancelled, OutcomeUnknown when it may have been.
        """
        ...


class InvoicePort(Protocol):
    """Invoices as the ERP issued them."""

    async def get_invoice(self, business_unit: str, native_key: str, call: Call) -> Invoice:
        """Return the invoice; raise NotFound(kind="invoice") when there is none."""
        ...

    async def list_invoices(self, query: InvoiceQuery, call: Call) -> Sequence[KeyedInvoice]:
        """Return at most `query.limit` invoices in the order that `InvoiceQuery` states."""
        ...


@runtime_checkable
class Adapter(Protocol):
    """One configured ERP. The operations it has are named by `declaration`; the rest raise Unsupported."""

    @property
    def declaration(self) -> Declaration:
        """What this adapter can do with this backend."""
        ...

    async def check(self, call: Call) -> Sequence[CheckResult]:
        """Look at the connection, the permissions and the schema; raise nothing that a result can say."""
        ...

    async def close(self) -> None:
        """Wait for writes under way and release every connection."""
        ...


class FullAdapter(
    Adapter,
    PricingPort,
    AvailabilityPort,
    OrderSimulationPort,
    OrderReadingPort,
    OrderWritingPort,
    InvoicePort,
    Protocol,
):
    """All ports at once: what an adapter built with the live credential is."""


class ShadowAdapter(Adapter, PricingPort, AvailabilityPort, OrderSimulationPort, Protocol):
    """What the dual run holds: built with the shadow credential, without any WRITE."""

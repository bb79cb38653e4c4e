"""How checks ask: requests built from a subject's facts, and what every order check does first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.common_pb2 import UnitPrice
from erp.v1.orders_pb2 import Order, SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_ports.amounts import from_date, money, plain, quantity
from erp_ports.call import Call
from erp_ports.conformance.check import NotConformant, require_equal
from erp_ports.conformance.subject import BookLine, KnownProduct, Subject
from erp_ports.errors import ErpError
from erp_ports.names import business_unit_name, customer_name, product_name
from erp_ports.values import Booked, FindState, HandedOver, OrderSubmission


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One line that a check asks for. `agreed_price` is an amount per a quantity of the product's unit."""

    line_id: str
    product: KnownProduct
    quantity: Decimal = Decimal(1)
    discount: str = ""
    agreed_price: tuple[Decimal, Decimal] | None = None
    requested_date: dt.date | None = None
    product_id: str = ""


def call(subject: Subject) -> Call:
    return Call.within(subject.deadline, correlation_id="conformance")


def impatient(subject: Subject) -> Call:
    """Return a call whose deadline passes long before a slow ERP answers."""
    return Call.within(subject.patience, correlation_id="conformance")


def usual_wishes(subject: Subject) -> tuple[Wish, Wish]:
    """Two products under line ids that are neither sorted nor numbered from 1, so that an adapter must echo them."""
    first, second = subject.products
    return Wish(line_id="20", product=first, quantity=Decimal(2)), Wish(line_id="A-7", product=second)


def unknown_wish(subject: Subject) -> Wish:
    return Wish(line_id="30", product=subject.products[0], product_id=subject.unknown_product)


def order(subject: Subject, wishes: Sequence[Wish], *, purchase_order_number: str = "", customer: str = "") -> Order:
    """Return an order with every default filled in, as a request that reaches an adapter."""
    message = Order(
        customer=customer_name(subject.business_unit, customer or subject.customer),
        currency_code=subject.currency,
        purchase_order_number=purchase_order_number or subject.new_purchase_order_number(),
        pricing_date=from_date(subject.pricing_date),
        requested_date=from_date(subject.today),
    )
    for wish in wishes:
        line = message.lines.add(
            line_id=wish.line_id,
            product=product_name(subject.business_unit, wish.product_id or wish.product.product),
            plant=wish.product.plant,
            quantity=quantity(wish.quantity, wish.product.unit),
            requested_date=from_date(wish.requested_date or subject.today),
        )
        if wish.discount:
            line.agreed_discount.value = wish.discount
        if wish.agreed_price:
            line.agreed_unit_price.CopyFrom(_unit_price(wish.agreed_price, wish.product.unit, subject.currency))
    return message


def _unit_price(price: tuple[Decimal, Decimal], unit: str, currency: str) -> UnitPrice:
    amount, per_quantity = price
    message = UnitPrice(amount=money(amount, currency), unit=unit)
    message.per_quantity.value = plain(per_quantity)
    return message


def price_question(
    subject: Subject, wishes: Sequence[Wish], *, customer: str = "", pricing_date: dt.date | None = None
) -> CalculatePricesRequest:
    source = order(subject, wishes, customer=customer, purchase_order_number="-")
    question = CalculatePricesRequest(
        parent=business_unit_name(subject.business_unit),
        customer=source.customer,
        currency_code=source.currency_code,
        pricing_date=from_date(pricing_date or subject.pricing_date),
    )
    for line in source.lines:
        asked = question.lines.add(line_id=line.line_id, product=line.product, plant=line.plant, quantity=line.quantity)
        if line.HasField("agreed_discount"):
            asked.agreed_discount.CopyFrom(line.agreed_discount)
        if line.HasField("agreed_unit_price"):
            asked.agreed_unit_price.CopyFrom(line.agreed_unit_price)
    return question


def availability_question(subject: Subject, wishes: Sequence[Wish]) -> CheckAvailabilityRequest:
    source = order(subject, wishes, purchase_order_number="-")
    question = CheckAvailabilityRequest(parent=business_unit_name(subject.business_unit), customer=source.customer)
    for line in source.lines:
        question.lines.add(
            line_id=line.line_id,
            product=line.product,
            plant=line.plant,
            quantity=line.quantity,
            requested_date=line.requested_date,
        )
    return question


async def prices(
    subject: Subject, wishes: Sequence[Wish], *, customer: str = "", pricing_date: dt.date | None = None
) -> CalculatePricesResponse:
    question = price_question(subject, wishes, customer=customer, pricing_date=pricing_date)
    return await subject.adapter.calculate_prices(question, call(subject))


async def availability(subject: Subject, wishes: Sequence[Wish]) -> CheckAvailabilityResponse:
    return await subject.adapter.check_availability(availability_question(subject, wishes), call(subject))


async def simulation(subject: Subject, message: Order) -> SimulateOrderResponse:
    question = SimulateOrderRequest(parent=business_unit_name(subject.business_unit), order=message)
    return await subject.adapter.simulate_order(question, call(subject))


def submission(subject: Subject, message: Order, *, reference: str = "", attempt: int = 1) -> OrderSubmission:
    return OrderSubmission(
        business_unit=subject.business_unit,
        order=message,
        reference=reference or subject.new_reference(),
        attempt=attempt,
        first_attempt_time=dt.datetime.now(dt.UTC),
    )


async def create(subject: Subject, attempt: OrderSubmission) -> Booked | HandedOver:
    return await subject.adapter.create_order(attempt, call(subject))


async def book_order(subject: Subject, message: Order, *, reference: str = "") -> Booked:
    """Create the order and see it booked, at once or after the ERP settled."""
    attempt = submission(subject, message, reference=reference)
    answer = await create(subject, attempt)
    if isinstance(answer, Booked):
        await subject.settle()
        return answer
    return await booked_later(subject, attempt.reference)


async def booked_later(subject: Subject, reference: str) -> Booked:
    """Let the ERP settle and return the one booking that has the reference."""
    await subject.settle()
    found = await subject.adapter.find_order(subject.business_unit, reference, call(subject))
    require_equal(FindState.BOOKED, found.state, f"the state of reference {reference} after the ERP settled")
    require_equal(1, len(found.bookings), f"the number of bookings under reference {reference}")
    return found.bookings[0]


async def live_documents(subject: Subject, purchase_order_number: str) -> set[str]:
    """Return the documents that hold live lines of the purchase order, read from the ERP's own book."""
    return {x.document for x in await live_lines(subject, purchase_order_number)}


async def live_lines(subject: Subject, purchase_order_number: str) -> list[BookLine]:
    return [x for x in await subject.book() if x.live and x.purchase_order_number == purchase_order_number]


async def refusal(awaitable_call: object, expected: type[ErpError], promise: str) -> ErpError:
    """Await the call and return the error it raises, which must be of the expected class."""
    try:
        answer = await awaitable_call  # type: ignore[misc]
    except expected as error:
        return error
    except ErpError as error:
        raise NotConformant(f"{promise}: expected {expected.__name__}, got {type(error).__name__}: {error}") from error
    raise NotConformant(f"{promise}: expected {expected.__name__}, got an answer: {answer!r}")

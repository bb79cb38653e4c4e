"""The suite catches adapters that are broken on purpose: every check fails for at least one of these defects."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest

from erp.v1.availability_pb2 import CheckAvailabilityResponse
from erp.v1.common_pb2 import FULL, NONE
from erp.v1.orders_pb2 import Order
from erp_ports.amounts import from_date, money, money_amount
from erp_ports.conformance import CHECKS, Check, NotConformant
from erp_ports.conformance.example import TODAY, memory_subject
from erp_ports.errors import Misconfigured, NotFound, OutcomeUnknown, Rejected, Unavailable
from erp_ports.memory import InMemoryErp
from erp_ports.operations import Declaration, Operation
from erp_ports.plugin import Credential
from erp_ports.values import Booked, FindResult, FindState, HandedOver, OrderSubmission

PRICES, AVAILABILITY, SIMULATE = (
    Operation.CALCULATE_PRICES,
    Operation.CHECK_AVAILABILITY,
    Operation.SIMULATE_ORDER,
)
CREATE, FIND, GET, CANCEL = (
    Operation.CREATE_ORDER,
    Operation.FIND_ORDER,
    Operation.GET_ORDER,
    Operation.CANCEL_ORDER,
)
GET_INVOICE, LIST_INVOICES, CHECK = Operation.GET_INVOICE, Operation.LIST_INVOICES, Operation.CHECK


@dataclass(frozen=True, kw_only=True)
class Defect:
    """An adapter that breaks a promise of one operation, the checks that must notice, and its sound counterpart."""

    says: str
    operation: Operation
    erp: type[InMemoryErp]
    caught_by: tuple[str, ...]
    sound: type[InMemoryErp]
    settings: Mapping[str, object]


def defect(
    says: str,
    operation: Operation,
    erp: type[InMemoryErp],
    *caught_by: str,
    sound: type[InMemoryErp] = InMemoryErp,
    settings: Mapping[str, object] | None = None,
) -> Defect:
    return Defect(says=says, operation=operation, erp=erp, caught_by=caught_by, sound=sound, settings=settings or {})


def altered(operation: Operation, alter: Callable[[Any], Any]) -> type[InMemoryErp]:
    """Return an ERP whose answers to the operation are altered, in place or by what `alter` returns."""

    async def broken(self: InMemoryErp, *arguments: Any) -> Any:
        answer = await getattr(InMemoryErp, operation.value)(self, *arguments)
        return alter(answer) or answer

    return type("AlteredErp", (InMemoryErp,), {operation.value: broken})


def misasked(operation: Operation, alter: Callable[[Any], Any]) -> type[InMemoryErp]:
    """Return an ERP that mistakes what it is asked: it sees a copy of the request that was altered in place."""

    async def broken(self: InMemoryErp, request: Any, call: Any) -> Any:
        mistaken = type(request)()
        mistaken.CopyFrom(request)
        alter(mistaken)
        return await getattr(InMemoryErp, operation.value)(self, mistaken, call)

    return type("MisaskedErp", (InMemoryErp,), {operation.value: broken})


def misbooked(alter: Callable[[Order], Any]) -> type[InMemoryErp]:
    """Return an ERP that books a copy of the order that was altered in place."""

    async def broken(self: InMemoryErp, submission: Any, call: Any) -> Any:
        order = Order()
        order.CopyFrom(submission.order)
        alter(order)
        return await InMemoryErp.create_order(self, replace(submission, order=order), call)

    return type("MisbookingErp", (InMemoryErp,), {"create_order": broken})


def raising_otherwise(
    operation: Operation, expected: type[Exception], other: Callable[[], Exception]
) -> type[InMemoryErp]:
    """Return an ERP that raises another error where it should raise the expected one."""

    async def broken(self: InMemoryErp, *arguments: Any) -> Any:
        try:
            return await getattr(InMemoryErp, operation.value)(self, *arguments)
        except expected as error:
            raise other() from error

    return type("MislabellingErp", (InMemoryErp,), {operation.value: broken})


def answering_instead(operation: Operation, expected: type[Exception], answer: Callable[..., Any]) -> type[InMemoryErp]:
    """Return an ERP that answers where it should raise the expected error."""

    async def broken(self: InMemoryErp, *arguments: Any) -> Any:
        try:
            return await getattr(InMemoryErp, operation.value)(self, *arguments)
        except expected:
            return answer(*arguments)

    return type("SwallowingErp", (InMemoryErp,), {operation.value: broken})


def declaring(alter: Callable[[Declaration], Declaration]) -> type[InMemoryErp]:
    """Return an ERP with another declaration."""
    return type("DeclaringErp", (InMemoryErp,), {"declaration": property(lambda self: alter(self._declaration))})


def drop_last_line(message: Any) -> None:
    del message.lines[-1]


def sort_lines(message: Any) -> None:
    lines = sorted(message.lines, key=lambda line: line.line_id, reverse=True)
    del message.lines[:]
    message.lines.extend(lines)


def ignore_discounts(message: Any) -> None:
    for line in message.lines:
        line.ClearField("agreed_discount")


def ignore_agreed_prices(message: Any) -> None:
    for line in message.lines:
        line.ClearField("agreed_unit_price")


def round_to_even(answer: Any) -> None:
    for line in answer.lines:
        per_quantity = Decimal(line.net_price.per_quantity.value or "1")
        exact = money_amount(line.net_price.amount) * Decimal(line.quantity.value.value) / per_quantity
        line.net_amount.CopyFrom(money(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN), "EUR"))


def add_a_cent(message: Any, field_name: str) -> None:
    amount = getattr(message, field_name)
    amount.CopyFrom(money(money_amount(amount) + Decimal("0.01"), amount.currency_code))


def answer_dollars(answer: Any) -> None:
    answer.lines[-1].net_amount.currency_code = "USD"


def price_for_one(answer: Any) -> None:
    for line in answer.lines:
        line.list_price.ClearField("per_quantity")


def reverse_confirmations(answer: Any) -> None:
    for line in answer.lines:
        confirmations = list(line.confirmations)[::-1]
        del line.confirmations[:]
        line.confirmations.extend(confirmations)


def decide(decision: Any) -> Callable[[Any], None]:
    def alter(answer: Any) -> None:
        for line in answer.lines:
            line.decision = decision

    return alter


def confirm_before_requested(answer: Any) -> None:
    for line in answer.lines:
        for confirmation in line.confirmations:
            confirmation.ship_date.CopyFrom(from_date(TODAY))


def merge_equal_lines(order: Order) -> None:
    if order.lines[0].product == order.lines[-1].product:
        order.lines[0].quantity.value.value = "2"
        del order.lines[-1]


def cap_at_stock(order: Order) -> None:
    for line in order.lines:
        line.quantity.value.value = str(min(Decimal(line.quantity.value.value), Decimal(22)))


def leave_out_unknown(message: Any) -> None:
    known = [line for line in message.lines if not line.product.endswith("/999")]
    del message.lines[:]
    message.lines.extend(known)


def book_for_a_known_customer(message: Any) -> None:
    message.customer = "businessUnits/NW/customers/ALFKI"


def without_parts(order: Order) -> None:
    del order.parts[:]


def live_again(order: Order) -> None:
    order.parts[0].submission_state = Order.BOOKED


def shortened_reference(booked: Booked) -> None:
    booked.order.parts[0].reference = booked.order.parts[0].reference[:10]


class OnlyTodaysPrices(InMemoryErp):
    async def calculate_prices(self, request: Any, call: Any) -> Any:
        asked = request.pricing_date
        mistaken = type(request)()
        mistaken.CopyFrom(request)
        mistaken.pricing_date.CopyFrom(from_date(TODAY))
        answer = await super().calculate_prices(mistaken, call)
        answer.pricing_date.CopyFrom(asked)
        return answer


class OtherShadowPrices(InMemoryErp):
    async def calculate_prices(self, request: Any, call: Any) -> Any:
        answer = await super().calculate_prices(request, call)
        if self._credential is Credential.SHADOW:
            add_a_cent(answer.lines[0], "net_amount")
        return answer


class ShadowThatWrites(InMemoryErp):
    def _begin_write(self, operation: Operation, call: Any) -> None:
        self._require_offered(operation)


class ReservingErp(InMemoryErp):
    async def check_availability(self, request: Any, call: Any) -> CheckAvailabilityResponse:
        promise = self._promise(request)
        self._books.warehouse.keep(promise)
        return CheckAvailabilityResponse(lines=promise.lines)


class SimulationThatBooks(InMemoryErp):
    async def simulate_order(self, request: Any, call: Any) -> Any:
        simulated, promise = self._simulate(request)
        submission = OrderSubmission(
            business_unit="NW",
            order=request.order,
            reference="SIMULATED",
            attempt=1,
            first_attempt_time=dt.datetime.combine(TODAY, dt.time(9), tzinfo=dt.UTC),
        )
        self._books.book(submission, request.order, promise)
        return simulated


class RepeatingErp(InMemoryErp):
    """Forgets which references were booked."""

    async def create_order(self, submission: Any, call: Any) -> Any:
        self._books._by_reference.clear()
        return await super().create_order(submission, call)


class RacingErp(InMemoryErp):
    """Looks for the reference first and books a moment later."""

    async def create_order(self, submission: Any, call: Any) -> Any:
        existing = self._books.by_reference(submission.business_unit, submission.reference)
        await asyncio.sleep(0)
        if existing is not None:
            return self._booked(existing, existing=True)
        return self._booked(self._book(submission))


class ErpThatKnowsOrdersByPurchaseOrder(InMemoryErp):
    async def create_order(self, submission: Any, call: Any) -> Any:
        reference = submission.order.purchase_order_number
        booked = await super().create_order(replace(submission, reference=reference), call)
        booked.order.parts[0].reference = submission.reference
        return booked


class ErpThatBooksWhatItRefuses(InMemoryErp):
    async def create_order(self, submission: Any, call: Any) -> Any:
        try:
            return await super().create_order(submission, call)
        except Rejected:
            sellable = replace(submission, order=_with_lines(submission.order, "/11"))
            self._book(sellable)
            raise


def _with_lines(order: Order, ending: str) -> Order:
    kept = Order()
    kept.CopyFrom(order)
    del kept.lines[:]
    kept.lines.extend(line for line in order.lines if line.product.endswith(ending))
    return kept


class ForgettingLookup(InMemoryErp):
    """Cannot find what it booked while its reply was lost."""

    async def create_order(self, submission: Any, call: Any) -> Any:
        try:
            return await super().create_order(submission, call)
        except OutcomeUnknown:
            self._books._by_reference.clear()
            raise


class ErpThatClaimsABound(InMemoryErp):
    @property
    def declaration(self) -> Declaration:
        return claim_a_bound(self._declaration, 0.001)


class LateErp(ErpThatClaimsABound):
    """Gives up at the deadline, and the ERP books in its own time: when it settles."""

    settles_before_it_books = 0

    async def create_order(self, submission: Any, call: Any) -> Any:
        if not self.faults.delay:
            return await super().create_order(submission, call)
        self.late = submission
        await asyncio.sleep(call.remaining())
        raise OutcomeUnknown("no answer in time", timed_out=True)

    def book_held(self) -> None:
        if self.settles_before_it_books == 0:
            self._book(self.late)
        self.settles_before_it_books -= 1


class LaterErp(LateErp):
    """Books when it settles for the second time, after the bound."""

    settles_before_it_books = 1


def claim_a_bound(declaration: Declaration, seconds: float | None) -> Declaration:
    assert declaration.write_facts is not None
    facts = replace(declaration.write_facts, bounded_execution="a statement time-out", bound_seconds=seconds)
    return replace(declaration, write_facts=facts)


class ErpThatClosesUnderWrites(InMemoryErp):
    async def create_order(self, submission: Any, call: Any) -> Any:
        await asyncio.sleep(0.01)
        return await super().create_order(submission, call)


class ErpThatClosesOnce(InMemoryErp):
    closed = False

    async def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class LookupOfTheLast(InMemoryErp):
    """Finds the customer's latest order, whatever its reference."""

    async def find_order(self, business_unit: str, reference: str, call: Any) -> FindResult:
        document = list(self._books._documents.values())[-1]
        return FindResult(state=FindState.BOOKED, bookings=(self._booked(document),))


class LookupThatRaises(InMemoryErp):
    async def find_order(self, business_unit: str, reference: str, call: Any) -> FindResult:
        found = await super().find_order(business_unit, reference, call)
        if found.state is FindState.NOT_FOUND:
            raise NotFound("there is no such reference", kind="order", key=reference)
        return found


class CancellationThatDoesNothing(InMemoryErp):
    async def cancel_order(self, business_unit: str, number: str, reference: str, reason: str, call: Any) -> Any:
        books = self._books
        document = books.document(business_unit, number)
        answer = await super().cancel_order(business_unit, number, reference, reason, call)
        books._documents[number] = document
        return answer


class CancellationOnlyOnce(InMemoryErp):
    async def cancel_order(self, business_unit: str, number: str, reference: str, reason: str, call: Any) -> Any:
        if self._books.document(business_unit, number).cancelled:
            raise Rejected("the document is cancelled already")
        return await super().cancel_order(business_unit, number, reference, reason, call)


class CancellationOfInvoiced(InMemoryErp):
    async def cancel_order(self, business_unit: str, number: str, reference: str, reason: str, call: Any) -> Any:
        books = self._books
        books._documents[number] = replace(books.document(business_unit, number), shipped=False)
        return await super().cancel_order(business_unit, number, reference, reason, call)


class PagingThatSkipsOne(InMemoryErp):
    async def list_invoices(self, query: Any, call: Any) -> Any:
        if query.after is None:
            return await super().list_invoices(query, call)
        listed = await super().list_invoices(replace(query, limit=query.limit + 1), call)
        return listed[1:]


class PagingThatRepeatsOne(InMemoryErp):
    async def list_invoices(self, query: Any, call: Any) -> Any:
        listed = list(await super().list_invoices(replace(query, after=None, limit=1000), call))
        keys = [x.native_key for x in listed]
        start = keys.index(query.after[1]) if query.after else 0
        return listed[start : start + query.limit]


class ListThatIgnoresFilters(InMemoryErp):
    async def list_invoices(self, query: Any, call: Any) -> Any:
        return await super().list_invoices(replace(query, customer="", order_document_number=""), call)


class ErpThatIgnoresDeadlines(InMemoryErp):
    async def _wait(self, call: Any) -> None:
        await asyncio.sleep(self.faults.delay)


class CheckThatSeesNothing(InMemoryErp):
    async def check(self, call: Any) -> Any:
        return []


class CheckThatRaises(InMemoryErp):
    async def check(self, call: Any) -> Any:
        if self.faults.down:
            raise Unavailable("not reachable")
        return await super().check(call)


class ListThatKnowsNoUnsupported(InMemoryErp):
    async def list_invoices(self, query: Any, call: Any) -> Any:
        return []


def unlike_the_list(invoice: Any) -> Any:
    altered_invoice = type(invoice)()
    altered_invoice.CopyFrom(invoice)
    del altered_invoice.lines[:]
    return altered_invoice


def wrong_gross(listed: Any) -> Any:
    def alter(keyed: Any) -> Any:
        invoice = type(keyed.invoice)()
        invoice.CopyFrom(keyed.invoice)
        add_a_cent(invoice, "gross_amount")
        return replace(keyed, invoice=invoice)

    return [alter(keyed) for keyed in listed]


def not_found(*_: Any) -> FindResult:
    return FindResult(state=FindState.NOT_FOUND)


def not_available(request: Any, _: Any) -> CheckAvailabilityResponse:
    answer = CheckAvailabilityResponse()
    for line in request.lines:
        answer.lines.add(line_id=line.line_id, product=line.product, plant=line.plant, decision=NONE)
    return answer


def unknown(kind: str) -> Callable[[], Exception]:
    return lambda: NotFound("something is unknown", kind=kind)


def refused() -> Exception:
    return Rejected("no")


DEFECTS = (
    # Prices
    defect("drops a line", PRICES, altered(PRICES, drop_last_line), "prices_answer_every_line_in_order"),
    defect("sorts the lines", PRICES, altered(PRICES, sort_lines), "prices_answer_every_line_in_order"),
    defect(
        "answers one line in another currency",
        PRICES,
        altered(PRICES, answer_dollars),
        "prices_are_in_the_currency_asked_for",
    ),
    defect(
        "takes the price of a hundred for the price of one",
        PRICES,
        altered(PRICES, price_for_one),
        "list_price_is_the_base_price_of_the_erp",
    ),
    defect("rounds to even", PRICES, altered(PRICES, round_to_even), "amounts_are_rounded_half_up"),
    defect(
        "states a line a cent too high",
        PRICES,
        altered(PRICES, lambda answer: add_a_cent(answer.lines[0], "net_amount")),
        "net_amount_is_net_price_times_quantity",
        "price_components_add_up",
    ),
    defect(
        "states a total that is not the sum",
        PRICES,
        altered(PRICES, lambda answer: add_a_cent(answer, "net_amount")),
        "net_amount_is_net_price_times_quantity",
    ),
    defect(
        "ignores the discount",
        PRICES,
        misasked(PRICES, ignore_discounts),
        "agreed_discount_lowers_the_net_price",
        "agreed_unit_price_takes_the_place_of_the_base_price",
        "simulated_amounts_are_the_calculated_prices",
    ),
    defect(
        "ignores agreed prices",
        PRICES,
        misasked(PRICES, ignore_agreed_prices),
        "agreed_unit_price_takes_the_place_of_the_base_price",
        "amounts_are_rounded_half_up",
    ),
    defect(
        "prices every day with today's prices", PRICES, OnlyTodaysPrices, "pricing_date_decides_which_price_applies"
    ),
    defect(
        "prices the lines it knows and leaves the rest out",
        PRICES,
        misasked(PRICES, leave_out_unknown),
        "unknown_product_has_no_price",
    ),
    defect(
        "refuses an unknown product instead of not finding it",
        PRICES,
        raising_otherwise(PRICES, NotFound, refused),
        "unknown_product_has_no_price",
        "unknown_customer_has_no_price",
    ),
    defect(
        "takes an unknown customer for an unknown product",
        PRICES,
        raising_otherwise(PRICES, NotFound, unknown("product")),
        "unknown_customer_has_no_price",
    ),
    defect("gives the shadow other prices", PRICES, OtherShadowPrices, "the_shadow_answers_questions"),
    defect(
        "ignores the deadline",
        PRICES,
        ErpThatIgnoresDeadlines,
        "a_question_ends_by_its_deadline",
        "an_order_that_times_out_has_an_unknown_outcome",
    ),
    # Availability
    defect(
        "drops a line", AVAILABILITY, altered(AVAILABILITY, drop_last_line), "availability_answers_every_line_in_order"
    ),
    defect(
        "says that nothing is there",
        AVAILABILITY,
        altered(AVAILABILITY, decide(NONE)),
        "what_is_on_hand_is_available_today",
    ),
    defect(
        "promises everything",
        AVAILABILITY,
        altered(AVAILABILITY, decide(FULL)),
        "more_than_is_on_hand_is_confirmed_in_part",
        "confirmations_agree_with_the_decision",
    ),
    defect(
        "swaps the dates of confirmations",
        AVAILABILITY,
        altered(AVAILABILITY, reverse_confirmations),
        "confirmations_agree_with_the_decision",
    ),
    defect(
        "confirms before the requested date",
        AVAILABILITY,
        altered(AVAILABILITY, confirm_before_requested),
        "confirmations_agree_with_the_decision",
    ),
    defect("reserves what it is asked for", AVAILABILITY, ReservingErp, "asking_for_availability_reserves_nothing"),
    defect(
        "says that an unknown product is not available",
        AVAILABILITY,
        answering_instead(AVAILABILITY, NotFound, not_available),
        "availability_of_an_unknown_product_is_not_found",
    ),
    # Simulation
    defect("drops a line", SIMULATE, altered(SIMULATE, drop_last_line), "simulation_answers_every_line_in_order"),
    defect(
        "passes a composed simulation off as the ERP's own",
        SIMULATE,
        altered(SIMULATE, lambda answer: answer.ClearField("composed")),
        "simulation_answers_every_line_in_order",
        settings={"composed_simulation": True},
    ),
    defect("books", SIMULATE, SimulationThatBooks, "simulation_books_nothing"),
    defect(
        "ignores the discount",
        SIMULATE,
        misasked(SIMULATE, lambda request: ignore_discounts(request.order)),
        "simulated_amounts_are_the_calculated_prices",
        "an_order_is_booked_at_the_simulated_amounts",
    ),
    defect(
        "leaves an unknown product out",
        SIMULATE,
        misasked(SIMULATE, lambda request: leave_out_unknown(request.order)),
        "simulation_with_an_unknown_product_is_not_found",
    ),
    defect(
        "simulates for another customer",
        SIMULATE,
        misasked(SIMULATE, lambda request: book_for_a_known_customer(request.order)),
        "simulation_for_an_unknown_customer_is_not_found",
    ),
    defect(
        "fills a field that it does not declare",
        SIMULATE,
        declaring(lambda x: replace(x, simulated_fields=x.simulated_fields - {"net_amount"})),
        "composed_simulation_names_the_fields_it_has",
        settings={"composed_simulation": True},
    ),
    # Creating
    defect("drops a line", CREATE, misbooked(drop_last_line), "a_booked_order_holds_what_was_ordered"),
    defect(
        "tells another customer than it was sent",
        CREATE,
        altered(CREATE, lambda booked: setattr(booked.order, "customer", "businessUnits/NW/customers/ANATR")),
        "a_booked_order_holds_what_was_ordered",
    ),
    defect(
        "adds a suffix to the purchase order number",
        CREATE,
        misbooked(lambda order: setattr(order, "purchase_order_number", order.purchase_order_number + "/1")),
        "a_booked_order_holds_what_was_ordered",
    ),
    defect("merges equal lines", CREATE, misbooked(merge_equal_lines), "equal_lines_of_an_order_are_both_booked"),
    defect(
        "books what is in stock only", CREATE, misbooked(cap_at_stock), "more_than_the_stock_is_booked_as_a_backorder"
    ),
    defect(
        "takes the purchase order number for the reference",
        CREATE,
        ErpThatKnowsOrdersByPurchaseOrder,
        "the_purchase_order_number_is_no_reference",
    ),
    defect(
        "books the products it knows",
        CREATE,
        misbooked(leave_out_unknown),
        "an_order_for_an_unknown_product_is_refused_whole",
    ),
    defect(
        "books for another customer",
        CREATE,
        misbooked(book_for_a_known_customer),
        "an_order_for_an_unknown_customer_is_refused",
    ),
    defect("keeps a part of what it refuses", CREATE, ErpThatBooksWhatItRefuses, "a_refused_order_leaves_no_booking"),
    defect(
        "books a repeated reference twice",
        CREATE,
        RepeatingErp,
        "a_repeated_reference_books_once",
        "an_order_whose_reply_is_lost_can_be_sent_again",
    ),
    defect(
        "does not say that the booking was there before",
        CREATE,
        altered(CREATE, lambda answer: replace(answer, existing=False)),
        "a_repeated_reference_books_once",
    ),
    defect(
        "books a reference twice when attempts overtake each other",
        CREATE,
        RacingErp,
        "the_same_reference_sent_at_once_books_once",
    ),
    defect(
        "takes a lost reply for not executed",
        CREATE,
        raising_otherwise(CREATE, OutcomeUnknown, lambda: Unavailable("try again")),
        "an_order_whose_reply_is_lost_is_found_again",
        "an_order_that_times_out_has_an_unknown_outcome",
    ),
    defect(
        "books after the bound that it claims",
        CREATE,
        LaterErp,
        "nothing_is_booked_after_the_bound",
        sound=ErpThatClaimsABound,
    ),
    defect("leaves a cancelled write to itself", CREATE, LateErp, "a_cancelled_write_is_awaited_to_its_outcome"),
    defect(
        "claims a bound and does not say how long",
        CREATE,
        declaring(lambda x: claim_a_bound(x, None)),
        "write_facts_are_complete",
    ),
    defect(
        "shortens the reference",
        CREATE,
        altered(CREATE, shortened_reference),
        "references_of_the_full_length_survive",
        "a_booked_order_holds_what_was_ordered",
    ),
    defect("lets the shadow credential write", CREATE, ShadowThatWrites, "the_shadow_credential_cannot_write"),
    defect(
        "books although the ERP is down",
        CREATE,
        answering_instead(CREATE, Unavailable, lambda *_: HandedOver()),
        "an_order_to_an_erp_that_is_down_is_not_booked",
    ),
    defect("closes while a write is under way", CREATE, ErpThatClosesUnderWrites, "closing_waits_for_writes_under_way"),
    # Finding
    defect(
        "finds the latest order under every reference",
        FIND,
        LookupOfTheLast,
        "a_booked_order_is_found_by_its_reference",
    ),
    defect(
        "does not find what was booked",
        FIND,
        altered(FIND, not_found),
        "a_booked_order_is_found_by_its_reference",
        "an_order_whose_reply_is_lost_is_found_again",
    ),
    defect(
        "forgets a reference whose reply was lost",
        FIND,
        ForgettingLookup,
        "an_order_whose_reply_is_lost_is_found_again",
    ),
    defect("raises when there is nothing to find", FIND, LookupThatRaises, "an_unknown_reference_is_not_found"),
    defect(
        "says NOT_FOUND while the ERP is down",
        FIND,
        answering_instead(FIND, Unavailable, not_found),
        "a_question_to_an_erp_that_is_down_is_unavailable",
    ),
    # Reading
    defect(
        "leaves the part out",
        GET,
        altered(GET, without_parts),
        "a_document_is_read_as_it_was_booked",
        "a_cancelled_document_has_no_live_lines",
    ),
    defect(
        "answers an unknown document with an empty one",
        GET,
        answering_instead(GET, NotFound, lambda *_: Order()),
        "an_unknown_document_is_not_found",
    ),
    # Cancelling
    defect("cancels in the answer only", CANCEL, CancellationThatDoesNothing, "a_cancelled_document_has_no_live_lines"),
    defect("refuses to cancel again", CANCEL, CancellationOnlyOnce, "cancelling_twice_is_cancelling_once"),
    defect(
        "answers with the document as it was",
        CANCEL,
        altered(CANCEL, lambda answer: live_again(answer.order)),
        "a_cancelled_document_has_no_live_lines",
        "cancelling_twice_is_cancelling_once",
    ),
    defect(
        "refuses an unknown document instead of not finding it",
        CANCEL,
        raising_otherwise(CANCEL, NotFound, refused),
        "an_unknown_document_cannot_be_cancelled",
    ),
    defect("cancels what is invoiced", CANCEL, CancellationOfInvoiced, "an_invoiced_document_cannot_be_cancelled"),
    # Invoices
    defect(
        "adds up wrongly", LIST_INVOICES, altered(LIST_INVOICES, wrong_gross), "every_invoiced_order_has_an_invoice"
    ),
    defect(
        "lists the oldest first",
        LIST_INVOICES,
        altered(LIST_INVOICES, lambda listed: listed[::-1]),
        "invoices_are_listed_newest_first",
    ),
    defect("skips an invoice between pages", LIST_INVOICES, PagingThatSkipsOne, "paging_through_invoices_misses_none"),
    defect(
        "repeats an invoice on the next page",
        LIST_INVOICES,
        PagingThatRepeatsOne,
        "paging_through_invoices_misses_none",
    ),
    defect("ignores filters", LIST_INVOICES, ListThatIgnoresFilters, "invoices_are_filtered_by_order_and_customer"),
    defect(
        "answers although it declares that it cannot",
        LIST_INVOICES,
        ListThatKnowsNoUnsupported,
        "what_is_not_offered_is_refused_as_unsupported",
        settings={"unsupported": [LIST_INVOICES]},
    ),
    defect(
        "reads less than it lists",
        GET_INVOICE,
        altered(GET_INVOICE, unlike_the_list),
        "an_invoice_is_read_as_it_is_listed",
    ),
    defect(
        "takes an unknown invoice for an unknown order",
        GET_INVOICE,
        raising_otherwise(GET_INVOICE, NotFound, unknown("order")),
        "an_unknown_invoice_is_not_found",
    ),
    defect(
        "takes an ERP that is down for a fault of the configuration",
        GET_INVOICE,
        raising_otherwise(GET_INVOICE, Unavailable, lambda: Misconfigured("no connection")),
        "a_question_to_an_erp_that_is_down_is_unavailable",
    ),
    # The adapter as a whole
    defect(
        "looks at nothing",
        CHECK,
        CheckThatSeesNothing,
        "check_says_that_all_is_well",
        "check_tells_that_the_erp_is_down",
    ),
    defect("raises what a result could say", CHECK, CheckThatRaises, "check_tells_that_the_erp_is_down"),
    defect(
        "does not declare it",
        CHECK,
        declaring(lambda x: replace(x, operations={op: s for op, s in x.operations.items() if op is not CHECK})),
        "every_operation_is_declared",
    ),
    defect("cannot be closed twice", CHECK, ErpThatClosesOnce, "closing_twice_is_closing_once"),
)

BY_NAME = {check.name: check for check in CHECKS}


@pytest.mark.parametrize(
    ("defect", "check"),
    [
        pytest.param(defect, BY_NAME[name], id=f"{defect.operation} {defect.says}: {name}")
        for defect in DEFECTS
        for name in defect.caught_by
    ],
)
async def test_the_suite_fails_for_an_adapter_that(defect: Defect, check: Check) -> None:
    await check(memory_subject(erp=defect.sound, **defect.settings))
    with pytest.raises(NotConformant):
        await check(memory_subject(erp=defect.erp, **defect.settings))


def test_every_operation_is_broken_at_least_once() -> None:
    assert {defect.operation for defect in DEFECTS} == set(Operation)


def test_every_check_can_fail() -> None:
    caught = {name for defect in DEFECTS for name in defect.caught_by}
    assert set(BY_NAME) - caught == set()

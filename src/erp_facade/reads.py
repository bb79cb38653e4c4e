"""Prices, availability and simulations: split by ERP, asked in parallel, merged in the caller's line order.

Each ERP answers for its lines as one document. A business refusal of any part fails the call, since the request must
be changed; a part that fails for a technical reason is named in `missing`, and the answer has no totals.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.common_pb2 import Source
from erp.v1.orders_pb2 import CreditDecision, SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_facade.api_error import ApiError, Violation, from_erp_error, invalid
from erp_facade.backends import Backend
from erp_facade.checks import check_availability, check_order, check_pricing
from erp_facade.context import Context
from erp_facade.known_keys import check_known
from erp_facade.observe import Observability
from erp_facade.request_lines import Request, lines_of, with_lines
from erp_facade.route_service import Routes
from erp_facade.shadowing import Shadowing
from erp_facade.site import Site
from erp_facade.totals import merge_totals
from erp_ports.amounts import to_date
from erp_ports.errors import ErpError, ForeignCurrency, NotFound, OutcomeUnknown, Rejected
from erp_ports.names import business_unit_of, last_segment
from erp_ports.operations import Operation
from erp_routing.decision import Decision, NoRoute, RouteTable
from erp_routing.routes import Capability

Response = CalculatePricesResponse | CheckAvailabilityResponse | SimulateOrderResponse


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The lines of a request that one backend answers; `indices` point into the request's lines."""

    backend: str
    indices: list[int]
    decisions: list[Decision]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one backend said, or how it failed, and how long it took."""

    part: Part
    request: Request
    outcome: Response | ErpError
    started: float
    seconds: float


class Reads:
    """Serves every call that asks ERPs and changes nothing."""

    def __init__(
        self,
        *,
        site: Site,
        backends: dict[str, Backend],
        routes: Routes,
        shadowing: Shadowing,
        observability: Observability,
        price_validity_seconds: float,
    ) -> None:
        self._site = site
        self._backends = backends
        self._routes = routes
        self._shadowing = shadowing
        self._observability = observability
        self._validity = dt.timedelta(seconds=price_validity_seconds)

    async def calculate_prices(self, context: Context, request: CalculatePricesRequest) -> CalculatePricesResponse:
        """Price all lines."""
        defaulted = not request.HasField("pricing_date")
        _raise(check_pricing(self._site, request))
        currency = request.currency_code
        response = await self._ask(
            context, Operation.CALCULATE_PRICES, Capability.PRICING, request, request.customer, currency, defaulted
        )
        assert isinstance(response, CalculatePricesResponse)
        response.pricing_date.CopyFrom(request.pricing_date)
        if not response.HasField("valid_until"):
            response.valid_until.FromDatetime(self._valid_until(request))
        return response

    def _valid_until(self, request: CalculatePricesRequest) -> dt.datetime:
        """Prices hold for a while, and not beyond the day they were asked for."""
        now = self._site.now()
        until = now + self._validity
        zone = self._site.selling_units[business_unit_of(request.parent)].zone
        begin, end = _day(to_date(request.pricing_date), zone)
        if begin <= now < end:
            until = min(until, end)
        return until.astimezone(dt.UTC).replace(tzinfo=None)

    async def check_availability(
        self, context: Context, request: CheckAvailabilityRequest
    ) -> CheckAvailabilityResponse:
        """Say for each line what can leave its plant when."""
        _raise(check_availability(self._site, request))
        response = await self._ask(
            context, Operation.CHECK_AVAILABILITY, Capability.AVAILABILITY, request, request.customer, "", False
        )
        assert isinstance(response, CheckAvailabilityResponse)
        return response

    async def simulate_order(self, context: Context, request: SimulateOrderRequest) -> SimulateOrderResponse:
        """Say what would be booked. Nothing is."""
        defaulted = not request.order.HasField("pricing_date")
        _raise(check_order(self._site, request.parent, request.order))
        order = request.order
        response = await self._ask(
            context,
            Operation.SIMULATE_ORDER,
            Capability.ORDERS,
            request,
            order.customer,
            order.currency_code,
            defaulted,
        )
        assert isinstance(response, SimulateOrderResponse)
        return response

    async def _ask(
        self,
        context: Context,
        operation: Operation,
        capability: Capability,
        request: Request,
        customer: str,
        currency: str,
        date_defaulted: bool,
    ) -> Response:
        table = self._routes.current
        unit = business_unit_of(request.parent)
        customer_id = last_segment(customer)
        # A list keeps the wrappers of the lines alive, which protobuf otherwise makes anew in every loop.
        lines = list(lines_of(request))
        parts = split(table, unit, capability, customer_id, lines)
        path = "order." if operation is Operation.SIMULATE_ORDER else ""
        check_known(self._backends, parts, customer_id, lines, path=path)
        if len(parts) == 1:
            answers = [await self._ask_one(context, operation, parts[0], request, currency)]
        else:
            answers = await asyncio.gather(
                *(
                    self._ask_one(context, operation, part, with_lines(request, part.indices), currency)
                    for part in parts
                )
            )
        for answer in answers:
            self._shadowing.offer(operation, capability, unit, context, answer, date_defaulted)
        return merge(lines, answers, table.version, currency)

    async def _ask_one(
        self, context: Context, operation: Operation, part: Part, request: Request, currency: str
    ) -> Answer:
        adapter = self._backends[part.backend].live
        method: Callable[..., Any] = getattr(adapter, operation)
        started = time.monotonic()
        outcome: Response | ErpError
        try:
            answer: Response = await method(request, context.call())
            wrong = foreign_currency(answer, currency)
            outcome = answer
            if wrong:
                outcome = ForeignCurrency(f"{part.backend} answered in {wrong}, the request is in {currency}")
        except ErpError as error:
            outcome = error
        except TimeoutError:
            outcome = OutcomeUnknown(f"{part.backend} did not answer in time", timed_out=True)
        seconds = time.monotonic() - started
        said = "ok" if not isinstance(outcome, ErpError) else type(outcome).__name__
        self._observability.observe_backend(part.backend, operation, said, seconds)
        return Answer(part=part, request=request, outcome=outcome, started=started, seconds=seconds)


@lru_cache(maxsize=1024)
def _day(day: dt.date, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
    """Return the instants at which a date begins and ends in a zone, in UTC."""
    begin = dt.datetime.combine(day, dt.time(), tzinfo=zone)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=zone)
    return begin.astimezone(dt.UTC), end.astimezone(dt.UTC)


def _raise(violations: list[Violation]) -> None:
    if violations:
        raise invalid(violations)


def split(
    table: RouteTable, business_unit: str, capability: Capability, customer: str, lines: Sequence[Any]
) -> list[Part]:
    """Group lines by the backend that answers them; raise an ApiError naming the plant that has no route."""
    parts: dict[str, Part] = {}
    by_plant: dict[str, Decision] = {}
    for index, line in enumerate(lines):
        plant = line.plant
        decision = by_plant.get(plant)
        if decision is None:
            try:
                decision = by_plant[plant] = table.decide(business_unit, plant, capability, customer)
            except NoRoute as error:
                raise ApiError(grpc.StatusCode.FAILED_PRECONDITION, "NO_ROUTE", str(error)) from error
        part = parts.get(decision.backend)
        if part is None:
            part = parts[decision.backend] = Part(backend=decision.backend, indices=[], decisions=[])
        part.indices.append(index)
        part.decisions.append(decision)
    return list(parts.values())


def foreign_currency(answer: Response, currency: str) -> str:
    """Return the currency of an answer that is not in the currency asked for, or nothing."""
    if not currency or isinstance(answer, CheckAvailabilityResponse):
        return ""
    for line in answer.lines:
        if line.net_amount.currency_code != currency:
            return line.net_amount.currency_code or "no currency"
    return ""


def merge(lines: Sequence[Any], answers: Sequence[Answer], route_version: int, currency: str) -> Response:
    """Return one answer in the caller's line order, with the source on every line."""
    good: list[tuple[Answer, Response]] = []
    failed: list[tuple[Answer, ErpError]] = []
    for answer in answers:
        if isinstance(answer.outcome, ErpError):
            failed.append((answer, answer.outcome))
        else:
            good.append((answer, answer.outcome))
    for answer, error in failed:
        if not good or isinstance(error, (Rejected, NotFound)):
            raise from_erp_error(error, answer.part.backend)
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    now = Timestamp(seconds=seconds, nanos=nanos)
    for answer, response in good:
        source = Source(backend=answer.part.backend, route_version=route_version, as_of=now)
        for line in response.lines:
            line.source.CopyFrom(source)
    if len(good) == 1 and not failed:
        return good[0][1]
    merged: Any = type(good[0][1])()
    placed = {i: line for answer, response in good for i, line in zip(answer.part.indices, response.lines, strict=True)}
    merged.lines.extend(placed[i] for i in sorted(placed))
    merged.split = True
    if failed:
        merged.partial = True
        for answer, error in failed:
            told = from_erp_error(error, answer.part.backend)
            ids = [lines[i].line_id for i in answer.part.indices]
            merged.missing.add(line_ids=ids, reason=told.reason, message=told.message)
    else:
        merge_totals(merged, [response for _, response in good], currency)
    simulated = [r for _, r in good if isinstance(r, SimulateOrderResponse)]
    if simulated:
        merged.composed = any(r.composed for r in simulated)
        merged.credit_decision = _worst_credit(r.credit_decision for r in simulated)
    return cast(Response, merged)


def _worst_credit(decisions: Iterable[int]) -> int:
    """On hold outweighs unknown, unknown not checked, not checked approved."""
    order = (
        CreditDecision.CREDIT_DECISION_ON_HOLD,
        CreditDecision.CREDIT_DECISION_UNKNOWN,
        CreditDecision.CREDIT_DECISION_NOT_CHECKED,
        CreditDecision.CREDIT_DECISION_APPROVED,
    )
    found = set(decisions)
    return next((d for d in order if d in found), CreditDecision.CREDIT_DECISION_UNSPECIFIED)

"""Prices, availability and simulations: what to read, in which order, and the rules applied to it.

Everything here runs inside one transaction on one of the adapter's threads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.orders_pb2 import OrderLine, SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse, PricingLine
from erp_ports.amounts import to_date
from erp_ports.compose import availability_request, compose_simulation, pricing_request
from erp_ports.errors import NotFound, RefusalReason, Rejected
from erp_ports.names import business_unit_of, last_segment
from erp_ports.values import OrderSubmission
from legacy_erp.sql import mapping
from legacy_erp.sql.config import CompanySettings, SqlConfig
from legacy_erp.sql.keys import Keys
from legacy_erp.sql.mapping import AskedLine, PromisedLine
from legacy_erp.sql.order_mapping import AgreedTerms
from legacy_erp.sql.pricing import LinePrice, price_line
from legacy_erp.sql.promise import promise
from legacy_erp.sql.queries import Queries
from legacy_erp.sql.rows import CustomerRow, ItemRow
from legacy_erp.sql.units import exact, units_of

PricedLines = list[tuple[AskedLine, ItemRow, LinePrice]]


class Answers:
    """Answers to questions, composed from the tables; `now` is the present instant."""

    def __init__(
        self,
        config: SqlConfig,
        keys: Keys,
        queries: Queries,
        plant_zones: Mapping[str, dt.tzinfo],
        now: Callable[[], dt.datetime],
    ) -> None:
        self._config = config
        self._keys = keys
        self._queries = queries
        self._plant_zones = plant_zones
        self._now = now

    def prices(self, connection: Connection, request: CalculatePricesRequest) -> CalculatePricesResponse:
        """Return the prices of all lines."""
        priced = self._price_lines(
            connection,
            business_unit_of(request.parent),
            request.customer,
            request.currency_code,
            to_date(request.pricing_date),
            request.lines,
        )
        return mapping.prices_from_jde(request, priced, self._keys)

    def _price_lines(
        self,
        connection: Connection,
        business_unit: str,
        customer_name: str,
        currency: str,
        date: dt.date,
        lines: Sequence[PricingLine] | Sequence[OrderLine],
    ) -> PricedLines:
        company = self._keys.company(business_unit)
        mapping.require_company_currency(currency, company.currency)
        customer = self._keys.customer_to_jde(customer_name)
        asked = [mapping.asked_line(line, self._keys, self._config) for line in lines]

        self._customer(connection, customer_name, company)
        items = self._sellable(lines, asked, self._queries.items(connection, asked))
        base_prices = self._queries.base_prices(connection, asked, customer, currency, date)
        adjustments = self._queries.adjustments(connection, asked, customer, currency, date)
        in_use = {line.unit for line in asked} | {row.unit for row in base_prices} | {row.unit for row in adjustments}
        in_use |= {self._keys.unit_to_jde(x.agreed_unit_price.unit) for x in lines if x.HasField("agreed_unit_price")}
        conversions = self._queries.conversions(connection, items, in_use)

        priced: PricedLines = []
        for index, (words, item) in enumerate(zip(asked, items, strict=True)):
            units = units_of(item, conversions, self._config.pricing_units)
            question = mapping.price_question(lines[index], words, customer, units, self._keys)
            price = price_line(
                question,
                units,
                base_prices,
                adjustments,
                adjustment_name=self._config.adjustment,
                currency=currency,
            )
            priced.append((words, item, price))
        return priced

    def _customer(self, connection: Connection, name: str, company: CompanySettings) -> CustomerRow:
        """Read the customer; raise NotFound under the id that the caller knows."""
        found = self._queries.customer(connection, self._keys.customer_to_jde(name), company)
        if found is None:
            customer = last_segment(name)
            raise NotFound(f"the ERP does not know customer {customer}", kind="customer", key=customer)
        return found

    def _sellable(
        self,
        lines: Sequence[mapping.AnyLine],
        asked: Sequence[AskedLine],
        found: Mapping[tuple[str, str], ItemRow],
    ) -> list[ItemRow]:
        obsolete = self._config.obsolete_stocking_types
        return [mapping.sellable_item(line, words, found, obsolete) for line, words in zip(lines, asked, strict=True)]

    def availability(self, connection: Connection, request: CheckAvailabilityRequest) -> CheckAvailabilityResponse:
        """Return what can leave when, each line on its own: lines of one request do not compete."""
        company = self._keys.company(business_unit_of(request.parent))
        asked = [mapping.asked_line(line, self._keys, self._config) for line in request.lines]

        self._customer(connection, request.customer, company)
        items = self._sellable(request.lines, asked, self._queries.items(connection, asked))
        conversions = self._queries.conversions(connection, items, {line.unit for line in asked})
        stock = self._queries.stock(connection, items)
        receipts = self._queries.receipts(connection, items)

        promised = []
        for line, words, item in zip(request.lines, asked, items, strict=True):
            units = units_of(item, conversions, self._config.pricing_units)
            today = self.today(line.plant)
            found = None
            if item.branch_stocking_type not in self._config.unchecked_stocking_types:
                found = promise(
                    words.quantity,
                    units.factor(words.unit),
                    to_date(line.requested_date),
                    mapping.supply_of(item, stock, receipts, today),
                    today=today,
                    places=self._config.decimals.quantity,
                )
            promised.append(PromisedLine(asked=words, item=item, units=units, promise=found))
        return mapping.availability_from_jde(request.lines, promised, self._keys)

    def today(self, plant: str) -> dt.date:
        """Return today's date in a plant."""
        return self._now().astimezone(mapping.require_zone(self._plant_zones, plant, "plant")).date()

    def simulation(self, connection: Connection, request: SimulateOrderRequest) -> SimulateOrderResponse:
        """Return what an order would become, from prices, availability and the customer's and items' master data.

        A customer on hold is refused, because the booking job would refuse the order.
        """
        company = self._keys.company(business_unit_of(request.parent))
        customer = self._customer(connection, request.order.customer, company)
        if customer.hold:
            raise Rejected(
                f"customer {last_segment(request.order.customer)} is on hold",
                reason=RefusalReason.CREDIT,
                source_code=customer.hold,
            )
        return compose_simulation(
            request,
            self.prices(connection, pricing_request(request)),
            self.availability(connection, availability_request(request)),
        )

    def agreed_terms(self, connection: Connection, submission: OrderSubmission) -> dict[str, AgreedTerms]:
        """Return price and amount of the lines whose price was agreed, by line id."""
        order = submission.order
        lines = [line for line in order.lines if line.HasField("agreed_unit_price")]
        priced = self._price_lines(
            connection,
            submission.business_unit,
            order.customer,
            order.currency_code,
            to_date(order.pricing_date),
            lines,
        )
        places = self._config.decimals.unit_price
        return {
            line.line_id: AgreedTerms(unit_price=exact(price.net_per_ordered_unit, places), net_amount=price.net_amount)
            for line, (_, _, price) in zip(lines, priced, strict=True)
        }

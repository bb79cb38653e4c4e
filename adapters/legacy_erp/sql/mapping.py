"""Prices and availability: requests of `erp.v1` → the ERP's words, and what the price and promise rules say → answers.

Orders and invoices are mapped in `order_mapping` and `invoice_mapping`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from erp.v1.availability_pb2 import AvailabilityLine, CheckAvailabilityResponse, LineAvailability
from erp.v1.common_pb2 import FULL, NONE, NOT_CHECKED, PARTIAL, AvailabilityDecision, UnitPrice
from erp.v1.orders_pb2 import OrderLine
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse, PriceComponent, PricedLine, PricingLine
from erp_ports.amounts import from_date, money, money_amount, quantity
from erp_ports.errors import Misconfigured, NotFound, Rejected
from erp_ports.names import last_segment
from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.keys import Keys
from legacy_erp.sql.pricing import LinePrice, PriceQuestion
from legacy_erp.sql.promise import Promise, Supply
from legacy_erp.sql.rows import ItemRow, ReceiptRow, StockRow
from legacy_erp.sql.units import ItemUnits, exact

AnyLine = PricingLine | AvailabilityLine | OrderLine


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedLine:
    """What is asked for in the ERP's words; `quantity` is in `unit`."""

    number: str
    branch: str
    unit: str
    quantity: Decimal


def asked_line(line: AnyLine, keys: Keys, config: SqlConfig) -> AskedLine:
    """Translate product, plant, unit and quantity; raise NotFound or Rejected."""
    places = config.decimals.quantity
    asked = Decimal(line.quantity.value.value)
    if asked != round(asked, places):
        raise Rejected(f"the ERP keeps quantities with at most {places} decimals; line {line.line_id} has more")
    return AskedLine(
        number=keys.product_to_jde(line.product),
        branch=keys.plant_to_jde(line.plant),
        unit=keys.unit_to_jde(line.quantity.unit),
        quantity=asked,
    )


def description(first: str, second: str) -> str:
    """Return both description lines as one text."""
    return f"{first} {second}".strip()


def sellable_item(
    line: AnyLine, asked: AskedLine, items: Mapping[tuple[str, str], ItemRow], obsolete: frozenset[str]
) -> ItemRow:
    """Return the line's item; raise NotFound when the branch does not have it, Rejected when it is obsolete."""
    product = last_segment(line.product)
    item = items.get((asked.number, asked.branch))
    if item is None:
        raise NotFound(f"the ERP does not know product {product} in plant {line.plant}", kind="product", key=product)
    if item.stocking_type in obsolete or item.branch_stocking_type in obsolete:
        raise Rejected(f"product {product} may no longer be sold", source_code="STKT")
    return item


def price_question(
    line: PricingLine | OrderLine, asked: AskedLine, customer: int, units: ItemUnits, keys: Keys
) -> PriceQuestion:
    """Return what the price rule needs to know of a line."""
    agreed = None
    if line.HasField("agreed_unit_price"):
        price = line.agreed_unit_price
        per = Fraction(price.per_quantity.value or "1") * units.factor(keys.unit_to_jde(price.unit))
        agreed = Fraction(money_amount(price.amount)) / per
    return PriceQuestion(
        number=asked.number,
        branch=asked.branch,
        customer=customer,
        unit=asked.unit,
        quantity=asked.quantity,
        discount=Decimal(line.agreed_discount.value or "0"),
        agreed=agreed,
    )


def prices_from_jde(
    request: CalculatePricesRequest,
    priced: Sequence[tuple[AskedLine, ItemRow, LinePrice]],
    keys: Keys,
) -> CalculatePricesResponse:
    """Put the answer together, one line for each line of the request; the ERP states no tax."""
    currency = request.currency_code
    response = CalculatePricesResponse(pricing_date=request.pricing_date)
    response.lines.extend(
        _priced_line(line, asked, item, price, currency, keys)
        for line, (asked, item, price) in zip(request.lines, priced, strict=True)
    )
    response.net_amount.CopyFrom(money(sum((price.net_amount for _, _, price in priced), Decimal(0)), currency))
    return response


def _priced_line(
    line: PricingLine, asked: AskedLine, item: ItemRow, price: LinePrice, currency: str, keys: Keys
) -> PricedLine:
    answer = PricedLine(
        line_id=line.line_id,
        product=line.product,
        plant=line.plant,
        quantity=line.quantity,
        list_price=_unit_price(price.list_price, price, currency, keys),
        net_price=_unit_price(price.net_price, price, currency, keys),
        net_amount=money(price.net_amount, currency),
        description=description(item.description1, item.description2),
    )
    for number, step in enumerate(price.steps):
        kind = PriceComponent.SURCHARGE if step.amount > 0 else PriceComponent.DISCOUNT
        answer.components.add(
            kind=kind if number else PriceComponent.BASE, amount=money(step.amount, currency), source_code=step.source
        )
    if asked.unit != item.primary_unit:
        base = exact(price.base_quantity)
        answer.base_quantity.CopyFrom(quantity(base, keys.unit_from_jde(item.primary_unit)))
    return answer


def _unit_price(amount: Decimal, price: LinePrice, currency: str, keys: Keys) -> UnitPrice:
    message = UnitPrice(amount=money(amount, currency), unit=keys.unit_from_jde(price.unit))
    message.per_quantity.value = format(price.per, "f")
    return message


def supply_of(item: ItemRow, stock: Iterable[StockRow], receipts: Iterable[ReceiptRow], today: dt.date) -> Supply:
    """Return what the item's branch can deliver; a lead time of 0 days is none."""
    here = (item.item, item.branch)
    dated = [(row.date, row.quantity) for row in receipts if (row.item, row.branch) == here and row.date is not None]
    return Supply(
        stock=sum((row.available for row in stock if (row.item, row.branch) == here), Decimal(0)),
        receipts=tuple(dated),
        lead_date=today + dt.timedelta(days=item.lead_days) if item.lead_days else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PromisedLine:
    """What is promised for a line; `promise` is None for an item whose availability is not checked."""

    asked: AskedLine
    item: ItemRow
    units: ItemUnits
    promise: Promise | None


def availability_from_jde(
    lines: Iterable[AvailabilityLine], promised: Iterable[PromisedLine], keys: Keys
) -> CheckAvailabilityResponse:
    """Put the answer together, one line for each line of the request."""
    return CheckAvailabilityResponse(
        lines=[_available_line(line, found, keys) for line, found in zip(lines, promised, strict=True)]
    )


def _available_line(line: AvailabilityLine, found: PromisedLine, keys: Keys) -> LineAvailability:
    answer = LineAvailability(
        line_id=line.line_id,
        product=line.product,
        plant=line.plant,
        requested_date=line.requested_date,
        decision=NOT_CHECKED,
    )
    if found.asked.unit != found.item.primary_unit:
        base = exact(Fraction(found.asked.quantity) * found.units.factor(found.asked.unit))
        answer.base_quantity.CopyFrom(quantity(base, keys.unit_from_jde(found.item.primary_unit)))
    if found.promise is None:
        return answer
    answer.decision = _decision(found.promise, found.asked.quantity)
    for date, confirmed in found.promise.confirmations:
        answer.confirmations.add(ship_date=from_date(date), quantity=quantity(confirmed, line.quantity.unit))
    if found.promise.earliest_full_date is not None:
        answer.earliest_full_date.CopyFrom(from_date(found.promise.earliest_full_date))
    return answer


def _decision(found: Promise, asked: Decimal) -> AvailabilityDecision.ValueType:
    if found.on_requested_date >= asked:
        return FULL
    return PARTIAL if found.on_requested_date > 0 else NONE


def require_company_currency(currency: str, company_currency: str) -> None:
    """Raise Rejected when the company does not sell in the currency; amounts of others are kept in other columns."""
    if currency != company_currency:
        raise Rejected(f"the ERP sells in {company_currency} only, not in {currency}")


def require_zone(zones: Mapping[str, dt.tzinfo], name: str, kind: str) -> dt.tzinfo:
    """Return the configured time zone of a plant or business unit."""
    if name not in zones:
        raise Misconfigured(f"{kind} {name} has no time zone", detail=f"configure a time zone for {kind} {name}")
    return zones[name]

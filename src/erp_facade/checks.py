"""Checks of requests against configuration and clock, before any ERP is asked; every violation is found at once.

Rules that need neither stand in the contract itself and were checked before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from google.type.date_pb2 import Date

from erp.v1.availability_pb2 import AvailabilityLine, CheckAvailabilityRequest
from erp.v1.orders_pb2 import Order, OrderLine
from erp.v1.pricing_pb2 import CalculatePricesRequest, PricingLine
from erp_facade.api_error import Violation
from erp_facade.site import SellingUnit, Site
from erp_ports.amounts import from_date, money_amount, to_date
from erp_ports.names import business_unit_of

Line = PricingLine | AvailabilityLine | OrderLine

_LARGEST_VALUE = 10**13
"""Of a line with an agreed price, before units are converted: so much leaves room for the sum of a thousand lines."""


def selling_unit(site: Site, name: str, field: str) -> SellingUnit | Violation:
    """Return the configured business unit of a resource name, or what is wrong with it."""
    unit = site.selling_units.get(business_unit_of(name))
    if unit is None:
        known = ", ".join(sorted(site.selling_units))
        return Violation(
            field=field,
            description=f"the business unit {business_unit_of(name)} is not configured; there are: {known}",
            reason="UNKNOWN_BUSINESS_UNIT",
        )
    return unit


def check_pricing(site: Site, request: CalculatePricesRequest) -> list[Violation]:
    """Check a request for prices and fill in its pricing date."""
    unit = selling_unit(site, request.parent, "parent")
    if isinstance(unit, Violation):
        return [unit]
    found = [*_customer(unit, request.customer, "customer"), *_currency(unit, request.currency_code, "currency_code")]
    found += _lines(site, unit, request.lines, "lines")
    for index, line in enumerate(request.lines):
        if line.HasField("agreed_unit_price"):
            found += _agreed_price(site, line, request.currency_code, f"lines[{index}].agreed_unit_price")
    found += _pricing_date(request, unit, site, "pricing_date")
    return found


def check_availability(site: Site, request: CheckAvailabilityRequest) -> list[Violation]:
    """Check a question about availability and fill in the requested dates."""
    unit = selling_unit(site, request.parent, "parent")
    if isinstance(unit, Violation):
        return [unit]
    found = _customer(unit, request.customer, "customer")
    found += _lines(site, unit, request.lines, "lines")
    found += _requested_dates(site, unit, request.lines, None, "lines")
    return found


def check_order(site: Site, parent: str, order: Order) -> list[Violation]:
    """Check an order to be created or simulated and fill in its dates."""
    unit = selling_unit(site, parent, "parent")
    if isinstance(unit, Violation):
        return [unit]
    found = [*_customer(unit, order.customer, "order.customer")]
    found += _currency(unit, order.currency_code, "order.currency_code")
    found += _lines(site, unit, order.lines, "order.lines")
    for index, line in enumerate(order.lines):
        if line.HasField("agreed_unit_price"):
            found += _agreed_price(site, line, order.currency_code, f"order.lines[{index}].agreed_unit_price")
    found += _pricing_date(order, unit, site, "order.pricing_date")
    header = order.requested_date if order.HasField("requested_date") else None
    if header is not None and isinstance(_date(header), str):
        found.append(Violation(field="order.requested_date", description=str(_date(header))))
        header = None
    found += _requested_dates(site, unit, order.lines, header, "order.lines")
    return found


def _customer(unit: SellingUnit, customer: str, field: str) -> list[Violation]:
    if customer.startswith(unit.customer_prefix):
        return []
    return [Violation(field=field, description=f"the customer must be one of business unit {unit.name}")]


def _currency(unit: SellingUnit, currency: str, field: str) -> list[Violation]:
    if currency in unit.currencies:
        return []
    known = ", ".join(sorted(unit.currencies))
    text = f"{currency} is not a currency of business unit {unit.name}; there are: {known}"
    return [Violation(field=field, description=text, reason="UNSUPPORTED_CURRENCY")]


def _lines(site: Site, unit: SellingUnit, lines: Sequence[Line], path: str) -> list[Violation]:
    found: list[Violation] = []
    seen: set[str] = set()
    plants, units, prefix = unit.plants, site.measure_units, unit.product_prefix
    for index, line in enumerate(lines):
        line_id = line.line_id
        if line_id in seen:
            text = f"the line id {line_id} stands in the request twice"
            found.append(Violation(field=f"{path}[{index}].line_id", description=text, reason="DUPLICATE_LINE_ID"))
        seen.add(line_id)
        if line.plant not in plants:
            text = f"the plant {line.plant} is not configured for business unit {unit.name}"
            found.append(Violation(field=f"{path}[{index}].plant", description=text, reason="UNKNOWN_PLANT"))
        if not line.product.startswith(prefix):
            text = f"the product must be one of business unit {unit.name}"
            found.append(Violation(field=f"{path}[{index}].product", description=text))
        if line.quantity.unit not in units:
            text = f"the unit {line.quantity.unit} is not configured; there are: {', '.join(sorted(units))}"
            found.append(Violation(field=f"{path}[{index}].quantity.unit", description=text, reason="UNKNOWN_UNIT"))
    return found


def _agreed_price(site: Site, line: PricingLine | OrderLine, currency: str, path: str) -> Iterable[Violation]:
    price = line.agreed_unit_price
    if price.amount.currency_code != currency:
        text = f"the price is in {price.amount.currency_code or 'no currency'}, the request in {currency}"
        yield Violation(field=f"{path}.amount.currency_code", description=text, reason="MIXED_CURRENCIES")
    units, nanos = price.amount.units, price.amount.nanos
    if units < 0 or nanos < 0 or nanos > 999_999_999:
        yield Violation(field=f"{path}.amount", description="the price must be a valid amount of at least 0")
    elif Decimal(line.quantity.value.value) * money_amount(price.amount) >= _LARGEST_VALUE:
        text = f"the price times the quantity must be below {_LARGEST_VALUE}"
        yield Violation(field=f"{path}.amount", description=text)
    if price.unit not in site.measure_units:
        text = f"the unit {price.unit} is not configured; there are: {', '.join(sorted(site.measure_units))}"
        yield Violation(field=f"{path}.unit", description=text, reason="UNKNOWN_UNIT")


def _date(value: Date) -> dt.date | str:
    """Return the calendar date, or what is wrong with it."""
    try:
        date = to_date(value)
    except ValueError:
        return f"{value.year:04d}-{value.month:02d}-{value.day:02d} is not a calendar date"
    if not 1900 <= date.year <= 2999:
        return f"{date} is not between 1900-01-01 and 2999-12-31"
    return date


def _pricing_date(holder: CalculatePricesRequest | Order, unit: SellingUnit, site: Site, path: str) -> list[Violation]:
    if not holder.HasField("pricing_date"):
        holder.pricing_date.CopyFrom(from_date(site.now().astimezone(unit.zone).date()))
        return []
    date = _date(holder.pricing_date)
    return [Violation(field=path, description=date)] if isinstance(date, str) else []


def _requested_dates(
    site: Site,
    unit: SellingUnit,
    lines: Iterable[AvailabilityLine | OrderLine],
    header: Date | None,
    path: str,
) -> list[Violation]:
    """Check each line's requested date against today in its plant; fill it in from the header or today."""
    found: list[Violation] = []
    today: dict[ZoneInfo, dt.date] = {}
    now = site.now()
    for index, line in enumerate(lines):
        zone = unit.plants.get(line.plant, unit.zone)
        plant_today = today.get(zone)
        if plant_today is None:
            plant_today = today[zone] = now.astimezone(zone).date()
        if not line.HasField("requested_date"):
            line.requested_date.CopyFrom(header if header is not None else from_date(plant_today))
        date = _date(line.requested_date)
        field = f"{path}[{index}].requested_date"
        if isinstance(date, str):
            found.append(Violation(field=field, description=date))
        elif date < plant_today:
            text = f"{date} lies before today, {plant_today} in plant {line.plant}"
            found.append(Violation(field=field, description=text, reason="DATE_IN_PAST"))
    return found

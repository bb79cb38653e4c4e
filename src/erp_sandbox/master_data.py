"""Master data and order traffic from a folder of CSV files: what both stand-in ERPs are filled from.

The files are those of the Northwind data set: `products`, `stock`, `customers`, `orders`, `order_lines`, and, where
they exist, `plants` (plant, time_zone) and `adjustments` (customer, product, percent: -5 is five per cent off).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from erp_sandbox.csv_table import DataError as DataError
from erp_sandbox.csv_table import Problems, Row, rows

BUSINESS_UNIT = "NW"
CURRENCY = "USD"
UNIT = "EA"
ALTERNATIVE_UNIT = "DZN"
PIECES_PER_ALTERNATIVE_UNIT = 12
# What is on order arrives this many days after today.
RECEIPT_DAYS = 7
# From this many days after today on, everything is promised.
LEAD_TIME_DAYS = 14
# The earliest price of a product is valid from here on.
BEGINNING = date(1970, 1, 1)
# What the contract takes in one order.
_MOST_LINES = 1000
# Beyond this many days after today the legacy ERP's calendar comes to its end.
_LONGEST_WAIT_DAYS = 3650
# A legacy item has two description lines of this length, a cloud material one of the other.
_DESCRIPTION_LINE = 30
_DESCRIPTION = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """What is sold; a discontinued product may be sold up to and including `last_sale_date`."""

    product: str
    name: str
    discontinued: bool
    last_sale_date: date | None
    list_price: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """A base price per one EA, valid until the next one begins."""

    valid_from: date
    amount: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """Pieces of one product in one plant; what is on order arrives `RECEIPT_DAYS` after today."""

    on_hand: Decimal
    on_order: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """Who buys."""

    customer: str
    name: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjustment:
    """A standing discount or surcharge for a customer and product: -5 is five per cent off."""

    customer: str
    product: str
    percent: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of an order; `discount` is a fraction, `unit_price` what was charged per EA on that day."""

    line_id: str
    product: str
    plant: str
    quantity: Decimal
    discount: Decimal
    unit_price: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """An order to send; `order_date` is its pricing date, already moved."""

    order: str
    customer: str
    order_date: date
    requested_date: date
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class MasterData:
    """Everything both stand-ins know before the first call, and the orders that will be sent.

    `plants` maps each plant to its IANA time zone; `prices` is ordered by date; `weeks_moved` says by how many weeks
    all order dates were moved.
    """

    business_unit: str
    currency: str
    today: date
    plants: dict[str, str]
    products: tuple[Product, ...]
    prices: dict[str, tuple[Price, ...]]
    stock: dict[tuple[str, str], Stock]
    customers: tuple[Customer, ...]
    adjustments: tuple[Adjustment, ...]
    orders: tuple[Order, ...]
    weeks_moved: int


def load(directory: Path, *, today: date) -> MasterData:
    """Read the files and move all order dates so that the last falls within the seven days up to `today`.

    Raises DataError naming every problem of the files at once.
    """
    problems = Problems()
    products = _products(directory, today, problems)
    zones = _zones(directory, problems)
    stock = _stock(directory, products, problems)
    customers = _customers(directory, problems)
    adjustments = _adjustments(directory, customers, products, problems)
    lines, places = _lines(directory, products, stock, problems)
    orders = _orders(directory, customers, lines, places, problems)
    _check_one_price_a_day(orders, places, problems)
    problems.raise_if_any()
    for file, content in (("stock.csv", stock), ("customers.csv", customers)):
        if not content:
            problems.add(file, 0, "has no rows; there must be at least one")
    _check_span(orders, today, problems)
    problems.raise_if_any()
    weeks = weeks_to_move(max((order.order_date for order in orders), default=today), today)
    moved = tuple(_moved(order, weeks, today) for order in orders)
    return MasterData(
        business_unit=BUSINESS_UNIT,
        currency=CURRENCY,
        today=today,
        plants={plant: zones.get(plant, "UTC") for _, plant in stock},
        products=tuple(products.values()),
        prices=_prices(products.values(), moved),
        stock=stock,
        customers=tuple(customers.values()),
        adjustments=adjustments,
        orders=moved,
        weeks_moved=weeks,
    )


def _check_span(orders: Iterable[Order], today: date, problems: Problems) -> None:
    """Report orders that lie so long before the last one that they would be moved to where nothing has a price."""
    dates = sorted((order.order_date, order.order) for order in orders)
    longest = today - timedelta(days=7) - BEGINNING
    for day, order in dates:
        if dates[-1][0] - day > longest:
            message = f"order {order} of {day} is more than {longest.days // 365} years older than the last one"
            problems.add("orders.csv", 0, message)


def weeks_to_move(last: date, today: date) -> int:
    """Return the whole number of weeks that brings `last` into the seven days up to and including `today`."""
    return (today - last).days // 7


def _moved(order: Order, weeks: int, today: date) -> Order:
    """Move the pricing date; until here `requested_date` is the date that the file requires."""
    wanted_after = max(order.requested_date - order.order_date, timedelta(0))
    return replace(order, order_date=order.order_date + timedelta(weeks=weeks), requested_date=today + wanted_after)


def _prices(products: Iterable[Product], orders: Iterable[Order]) -> dict[str, tuple[Price, ...]]:
    """Return each product's prices by date, a new one only where the amount changes."""
    charged: dict[str, dict[date, Decimal]] = {}
    for order in orders:
        for line in order.lines:
            charged.setdefault(line.product, {})[order.order_date] = line.unit_price
    result: dict[str, tuple[Price, ...]] = {}
    for product in products:
        by_date = sorted(charged.get(product.product, {BEGINNING: product.list_price}).items())
        changes = [next(same) for _, same in groupby(by_date, key=lambda item: item[1])]
        prices = [Price(valid_from=day, amount=amount) for day, amount in changes]
        result[product.product] = (replace(prices[0], valid_from=BEGINNING), *prices[1:])
    return result


def _products(directory: Path, today: date, problems: Problems) -> dict[str, Product]:
    found: dict[str, Product] = {}
    numbers: dict[int, str] = {}
    for row in rows(directory, "products.csv", ("product", "name", "list_price_usd", "discontinued"), problems):
        key = row.key("product", 18)
        price = row.number("list_price_usd", lowest=Decimal(0), decimals=4)
        discontinued = row.text("discontinued")
        if discontinued not in ("0", "1"):
            row.report(f"discontinued {discontinued!r} must be 0 or 1")
        if key in found:
            row.report(f"product {key} is there twice")
        elif key is not None and key.isdecimal() and numbers.setdefault(int(key), key) != key:
            row.report(f"product {key} is the same number as {numbers[int(key)]}: ERPs fill numbers up with zeros")
        elif key is not None and price is not None:
            found[key] = Product(
                product=key,
                name=description(row.text("name")),
                discontinued=discontinued == "1",
                last_sale_date=today if discontinued == "1" else None,
                list_price=price,
            )
    return found


def description(name: str) -> str:
    """Return as much of a product's name as both ERPs can hold, so that they tell the same text unless a seed says
    otherwise."""
    text = " ".join(name.split())[:_DESCRIPTION].rstrip()
    first_ends = text.rfind(" ", 0, _DESCRIPTION_LINE + 1)
    fits = len(text) <= _DESCRIPTION_LINE or (first_ends > 0 and len(text) - first_ends - 1 <= _DESCRIPTION_LINE)
    return text if fits else text[:_DESCRIPTION_LINE].rstrip()


def _zones(directory: Path, problems: Problems) -> dict[str, str]:
    if not (directory / "plants.csv").exists():
        return {}
    zones: dict[str, str] = {}
    for row in rows(directory, "plants.csv", ("plant", "time_zone"), problems):
        plant, zone = row.key("plant", 12), row.text("time_zone")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            row.report(f"time_zone {zone!r} is not an IANA time zone")
        if plant in zones:
            row.report(f"plant {plant} is there twice")
        elif plant is not None:
            zones[plant] = zone
    return zones


def _stock(directory: Path, products: dict[str, Product], problems: Problems) -> dict[tuple[str, str], Stock]:
    found: dict[tuple[str, str], Stock] = {}
    for row in rows(directory, "stock.csv", ("product", "plant", "on_hand", "on_order"), problems):
        product, plant = _known(row, "product", products), row.key("plant", 12)
        on_hand = row.number("on_hand", lowest=Decimal(0), decimals=3)
        on_order = row.number("on_order", lowest=Decimal(0), decimals=3)
        if product is None or plant is None or on_hand is None or on_order is None:
            continue
        if (product, plant) in found:
            row.report(f"product {product} is there twice in plant {plant}")
        found[product, plant] = Stock(on_hand=on_hand, on_order=on_order)
    return found


def _customers(directory: Path, problems: Problems) -> dict[str, Customer]:
    found: dict[str, Customer] = {}
    columns = ("customer", "name", "street", "city", "region", "postal_code", "country")
    for row in rows(directory, "customers.csv", columns, problems):
        key = row.key("customer", 63)
        if key in found:
            row.report(f"customer {key} is there twice")
        elif key is not None:
            found[key] = Customer(customer=key, **{column: row.text(column) for column in columns[1:]})
    return found


def _adjustments(
    directory: Path, customers: dict[str, Customer], products: dict[str, Product], problems: Problems
) -> tuple[Adjustment, ...]:
    if not (directory / "adjustments.csv").exists():
        return ()
    found: dict[tuple[str, str], Adjustment] = {}
    for row in rows(directory, "adjustments.csv", ("customer", "product", "percent"), problems):
        customer, product = _known(row, "customer", customers), _known(row, "product", products)
        percent = row.number("percent", lowest=Decimal(-100), decimals=4)
        if customer is None or product is None or percent is None:
            continue
        if (customer, product) in found:
            row.report(f"customer {customer} and product {product} are there twice")
        found[customer, product] = Adjustment(customer=customer, product=product, percent=percent)
    return tuple(found.values())


def _lines(
    directory: Path, products: dict[str, Product], stock: dict[tuple[str, str], Stock], problems: Problems
) -> tuple[dict[str, list[Line]], dict[str, list[int]]]:
    """Return the lines of each order, numbered from 1 in the order of the file, and where each stands in it."""
    plant_of: dict[str, str] = {}
    for product, plant in stock:
        plant_of.setdefault(product, plant)
    found: dict[str, list[Line]] = {}
    places: dict[str, list[int]] = {}
    columns = ("order", "product", "unit_price_usd", "quantity", "discount")
    for row in rows(directory, "order_lines.csv", columns, problems):
        order, product_or_none = row.key("order", 24), _known(row, "product", products)
        price = row.number("unit_price_usd", lowest=Decimal(0), decimals=4)
        quantity = row.number("quantity", lowest=Decimal("0.001"), decimals=3)
        discount = row.number("discount", lowest=Decimal(0), decimals=6)
        if discount is not None and discount >= 1:
            row.report(f"discount {discount} must be a fraction below 1")
        if product_or_none is not None and product_or_none not in plant_of:
            row.report(f"product {product_or_none} is in no plant of stock.csv")
        elif None not in (order, product_or_none, price, quantity, discount):
            assert order is not None and product_or_none is not None
            assert price is not None and quantity is not None and discount is not None
            of_order = found.setdefault(order, [])
            places.setdefault(order, []).append(row.line)
            if len(of_order) == _MOST_LINES:
                row.report(f"order {order} has more than {_MOST_LINES} lines")
            of_order.append(
                Line(
                    line_id=str(len(of_order) + 1),
                    product=product_or_none,
                    plant=plant_of[product_or_none],
                    quantity=quantity,
                    discount=discount,
                    unit_price=price,
                )
            )
    return found, places


def _orders(
    directory: Path,
    customers: dict[str, Customer],
    lines: dict[str, list[Line]],
    places: dict[str, list[int]],
    problems: Problems,
) -> list[Order]:
    found: dict[str, Order] = {}
    for row in rows(directory, "orders.csv", ("order", "customer", "order_date", "required_date"), problems):
        key, customer = row.key("order", 24), _known(row, "customer", customers)
        ordered, required = row.date("order_date"), row.date("required_date")
        if key is None or customer is None or ordered is None or required is None:
            continue
        if (required - ordered).days > _LONGEST_WAIT_DAYS:
            row.report(f"required_date {required} lies more than {_LONGEST_WAIT_DAYS} days after {ordered}")
        if key in found:
            row.report(f"order {key} is there twice")
        if key not in lines:
            row.report(f"order {key} has no lines that can be used")
        found[key] = Order(
            order=key,
            customer=customer,
            order_date=ordered,
            requested_date=required,
            lines=tuple(lines.get(key, ())),
        )
    for order in lines:
        if order not in found:
            message = f"order {order} is not in orders.csv, or not readable there"
            problems.add("order_lines.csv", places[order][0], message)
    return list(found.values())


def _check_one_price_a_day(orders: Iterable[Order], places: dict[str, list[int]], problems: Problems) -> None:
    """Report products with two prices on one day: the base price would depend on the order of the rows."""
    seen: dict[tuple[str, date], Decimal] = {}
    for order in orders:
        for line, place in zip(order.lines, places.get(order.order, ()), strict=False):
            first = seen.setdefault((line.product, order.order_date), line.unit_price)
            if first != line.unit_price:
                message = f"product {line.product} costs {first} and {line.unit_price} on {order.order_date}"
                problems.add("order_lines.csv", place, f"order {order.order}: {message}")


def _known(row: Row, column: str, table: dict[str, Product] | dict[str, Customer]) -> str | None:
    key = row.text(column)
    if key in table:
        return key
    row.report(f"{column} {key!r} is unknown")
    return None

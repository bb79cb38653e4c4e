"""From what a client ordered to a priced and confirmed document; a simulation goes the same way as a booking."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from http import HTTPStatus

from erp_sandbox import keys
from erp_sandbox.cloud.books import Books, Place
from erp_sandbox.cloud.documents import ZERO, Item, SalesOrder
from erp_sandbox.cloud.messages import Message, SapError, Text, message
from erp_sandbox.cloud.pricing import BASE_PRICE, CUSTOMER_ADJUSTMENT, BasePrice, Percentage, Priced, price_item
from erp_sandbox.cloud.seeding import CallSeeds, refusal
from erp_sandbox.cloud.setup import Material, Setup
from erp_sandbox.cloud.stock import schedule
from erp_sandbox.master_data import PIECES_PER_ALTERNATIVE_UNIT
from erp_sandbox.seed_effects import frozen_stock, is_cause, seeded_factor, spoiled_text
from erp_sandbox.seeds import Seed

BASE_UNIT = "EA"
FACTORS = {"EA": Decimal(1), "DZ": Decimal(PIECES_PER_ALTERNATIVE_UNIT)}
"""The units of every material: internal code to base units."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemRequest:
    """One item as ordered. `manual_price` and `percentages` were entered by hand."""

    number: str
    material: str
    plant: str
    quantity: Decimal
    unit: str
    purchase_order_item: str
    pricing_date: dt.date
    requested_date: dt.date
    manual_price: BasePrice | None = None
    percentages: tuple[Percentage, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRequest:
    """A document as ordered."""

    order_type: str
    sales_organization: str
    channel: str
    division: str
    sold_to: str
    ship_to: str
    purchase_order: str
    assignment: str
    order_date: dt.date
    pricing_date: dt.date
    requested_date: dt.date
    currency: str
    items: tuple[ItemRequest, ...]
    other: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The items with price and dates, and what the ERP warns of."""

    items: tuple[Item, ...]
    warnings: tuple[Message, ...]


class Clerk:
    """Checks, prices and confirms orders; writes nothing."""

    def __init__(self, setup: Setup, books: Books) -> None:
        self._setup = setup
        self._books = books

    def draft(
        self, order: OrderRequest, *, operation: str, seeds: CallSeeds | None, own: SalesOrder | None = None
    ) -> Draft:
        """Return the items of the document; raise SapError with everything that is wrong with it at once.

        `seeds` is None for bookings, which no seed touches. `own` is the document as it was, whose stock counts as
        free when it is changed.
        """
        errors = self._header_errors(order)
        warnings: list[Message] = []
        items: list[Item] = []
        taken = _held_by(own)
        numbers = [item.number for item in order.items]
        errors += [message(Text.ITEM_TWICE, number) for number in sorted(set(numbers)) if numbers.count(number) > 1]
        for request in order.items:
            material = self._setup.material_by_number.get(request.material)
            seed = None
            if seeds is not None and material is not None:
                seed = seeds.pick(operation=operation, plant=request.plant, product=material.product)
            wrong = self._item_error(order, request, material, seed)
            if wrong is not None or material is None:
                errors += [wrong] if wrong is not None else []
                continue
            if seeds is not None and seed is not None and is_cause(seed, "unit_factor") and request.unit != BASE_UNIT:
                seeds.log(seed)
            items.append(self._item(order, request, material, seed, taken, warnings))
        if errors:
            raise SapError(HTTPStatus.BAD_REQUEST, errors)
        return Draft(items=tuple(items), warnings=tuple(warnings))

    def _header_errors(self, order: OrderRequest) -> list[Message]:
        area = (order.sales_organization, order.channel, order.division)
        known_area = (keys.CLOUD_SALES_ORGANIZATION, keys.CLOUD_DISTRIBUTION_CHANNEL, keys.CLOUD_DIVISION)
        if order.order_type != keys.CLOUD_ORDER_TYPE:
            return [message(Text.ORDER_TYPE_UNKNOWN, order.order_type)]
        if area != known_area:
            return [message(Text.SALES_AREA_UNKNOWN, *area)]
        errors: list[Message] = []
        if order.sold_to not in self._setup.partner_by_number:
            errors.append(message(Text.CUSTOMER_UNKNOWN, order.sold_to, *area, target="SoldToParty"))
        elif order.ship_to not in self._setup.partner_by_number:
            errors.append(message(Text.CUSTOMER_UNKNOWN, order.ship_to, *area, target="to_Partner"))
        if order.currency != self._setup.currency:
            errors.append(message(Text.CURRENCY_REFUSED, order.currency, *area, target="TransactionCurrency"))
        return errors

    def _item_error(
        self, order: OrderRequest, item: ItemRequest, material: Material | None, seed: Seed | None
    ) -> Message | None:
        unknown = message(
            Text.MATERIAL_UNKNOWN, item.material, order.sales_organization, order.channel, target=item.number
        )
        if material is None:
            return unknown
        seeded = refusal(seed, item.material, unknown)
        if seeded is not None:
            return seeded
        if material.last_sale_date is not None and self._setup.today > material.last_sale_date:
            return message(Text.MATERIAL_BLOCKED, item.material, target=item.number)
        if (item.material, item.plant) not in self._setup.stock_by_place:
            return message(Text.MATERIAL_NOT_IN_PLANT, item.material, item.plant, target=item.number)
        if item.unit not in FACTORS:
            return message(Text.UNIT_UNKNOWN, item.unit, item.material, target=item.number)
        if item.quantity <= 0:
            return message(Text.QUANTITY_REFUSED, item.number, target=item.number)
        return None

    def _item(
        self,
        order: OrderRequest,
        request: ItemRequest,
        material: Material,
        seed: Seed | None,
        taken: dict[Place, Decimal],
        warnings: list[Message],
    ) -> Item:
        factor = FACTORS[request.unit]
        if request.unit != BASE_UNIT:
            factor = seeded_factor(seed, factor)
        base_quantity = request.quantity * factor
        priced = self._price(order, request, material, base_quantity, seed)
        if not priced.conditions:
            warnings.append(message(Text.PRICE_MISSING, BASE_PRICE, request.number, target=request.number))
        place = (request.material, request.plant)
        free = self._books.free(*place) - taken.get(place, ZERO)
        initial = self._setup.stock_by_place[place].on_hand
        free = frozen_stock(seed, initial=initial, present=free)
        taken[place] = taken.get(place, ZERO) + base_quantity
        lines = schedule(
            quantity=request.quantity,
            factor=factor,
            requested=request.requested_date,
            series=self._books.series(*place, free),
        )
        if lines[0].confirmed < request.quantity:
            words = (request.number, lines[0].confirmed, request.quantity, request.unit)
            warnings.append(message(Text.BACKORDER, *words, target=request.number))
        return Item(
            number=request.number,
            material=request.material,
            text=spoiled_text(seed, material.text),
            plant=request.plant,
            quantity=request.quantity,
            unit=request.unit,
            factor=factor,
            purchase_order_item=request.purchase_order_item,
            pricing_date=request.pricing_date,
            requested_date=request.requested_date,
            net=priced.net,
            tax=priced.tax,
            conditions=priced.conditions,
            schedule=lines,
        )

    def _price(
        self, order: OrderRequest, request: ItemRequest, material: Material, base_quantity: Decimal, seed: Seed | None
    ) -> Priced:
        amount = next(
            (price.amount for price in reversed(material.prices) if price.valid_from <= request.pricing_date), None
        )
        found = (
            BasePrice(rate=amount, per=Decimal(1), unit=BASE_UNIT, factor=Decimal(1)) if amount is not None else None
        )
        adjustment = self._setup.percent_by_pair.get((order.sold_to, request.material))
        standing = [Percentage(type=CUSTOMER_ADJUSTMENT, percent=adjustment)] if adjustment is not None else []
        return price_item(
            base_quantity=base_quantity,
            found=found,
            manual=request.manual_price,
            percentages=[*standing, *request.percentages],
            tax_percent=self._setup.settings.tax_percent,
            currency=order.currency,
            seed=seed,
        )


def request_of(order: SalesOrder) -> OrderRequest:
    """Return what would have to be ordered to get this document's live items."""
    return OrderRequest(
        order_type=order.order_type,
        sales_organization=order.sales_organization,
        channel=order.channel,
        division=order.division,
        sold_to=order.sold_to,
        ship_to=order.ship_to,
        purchase_order=order.purchase_order,
        assignment=order.assignment,
        order_date=order.order_date,
        pricing_date=order.pricing_date,
        requested_date=order.requested_date,
        currency=order.currency,
        items=tuple(_item_request(item) for item in order.live_items),
        other=order.other,
    )


def rejected(item: Item, reason: str) -> Item:
    """Return the item with a reason for rejection: it keeps its price, and nothing of it is confirmed any more."""
    lines = tuple(replace(line, confirmed=ZERO) for line in item.schedule)
    return replace(item, rejection=reason, schedule=lines)


def _item_request(item: Item) -> ItemRequest:
    manual = next((each for each in item.conditions if each.manual and each.condition_class == "B"), None)
    price = None
    if manual is not None:
        price = BasePrice(
            rate=manual.rate,
            per=manual.per,
            unit=manual.unit,
            factor=FACTORS[manual.unit],
            type=manual.type,
            manual=True,
        )
    return ItemRequest(
        number=item.number,
        material=item.material,
        plant=item.plant,
        quantity=item.quantity,
        unit=item.unit,
        purchase_order_item=item.purchase_order_item,
        pricing_date=item.pricing_date,
        requested_date=item.requested_date,
        manual_price=price,
        percentages=tuple(
            Percentage(type=each.type, percent=each.rate, manual=True)
            for each in item.conditions
            if each.manual and each.condition_class == "A"
        ),
    )


def _held_by(own: SalesOrder | None) -> dict[Place, Decimal]:
    """Return what a document holds as negative use, so that its own stock counts as free."""
    held: dict[Place, Decimal] = {}
    for item in own.live_items if own is not None else ():
        place = (item.material, item.plant)
        held[place] = held.get(place, ZERO) - item.base_quantity
    return held

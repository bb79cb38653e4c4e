"""The documents in the books: sales orders and billing documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """One step of a price: class B is the base price, A a discount or surcharge, D tax.

    `calculation` is C (per `per` of `unit`) or A (per cent); `amount` is rounded to the currency. An `inactive` one
    was found, but another condition took its place.
    """

    step: str
    type: str
    condition_class: str
    calculation: str
    rate: Decimal
    per: Decimal = ZERO
    unit: str = ""
    currency: str = ""
    base: Decimal
    amount: Decimal
    manual: bool = False
    inactive: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleLine:
    """What is confirmed for which date, in the order unit."""

    number: str
    requested_date: date
    confirmed_date: date
    ordered: Decimal
    confirmed: Decimal
    delivered: Decimal = ZERO


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One item; `factor` is how many base units one order unit has."""

    number: str
    material: str
    text: str
    plant: str
    quantity: Decimal
    unit: str
    factor: Decimal
    purchase_order_item: str
    pricing_date: date
    requested_date: date
    net: Decimal
    tax: Decimal
    conditions: tuple[Condition, ...]
    schedule: tuple[ScheduleLine, ...]
    rejection: str = ""
    shipped: bool = False
    billed: bool = False

    @property
    def base_quantity(self) -> Decimal:
        return self.quantity * self.factor

    @property
    def confirmed(self) -> Decimal:
        return sum((line.confirmed for line in self.schedule), ZERO)

    @property
    def on_time(self) -> Decimal:
        """Return how much is confirmed for the requested date; the first schedule line stands for it."""
        return self.schedule[0].confirmed

    @property
    def live(self) -> bool:
        return not self.rejection


# Compared by identity, so that what is derived from a document can be cached by it.
@dataclass(frozen=True, kw_only=True, slots=True, eq=False, weakref_slot=True)
class SalesOrder:
    """A sales document; `other` holds the fields that are kept as they were sent."""

    number: str
    order_type: str
    sales_organization: str
    channel: str
    division: str
    sold_to: str
    ship_to: str
    purchase_order: str
    assignment: str
    order_date: date
    pricing_date: date
    requested_date: date
    currency: str
    items: tuple[Item, ...]
    created_by: str
    created: datetime
    changed: datetime
    other: dict[str, str] = field(default_factory=dict)

    @property
    def net(self) -> Decimal:
        return sum((item.net for item in self.items if item.live), ZERO)

    @property
    def live_items(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.live)

    def item(self, number: str) -> Item | None:
        return next((item for item in self.items if item.number == number), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class BillingItem:
    """One item of an invoice, with the order item it bills."""

    number: str
    order_item: str
    purchase_order_item: str
    material: str
    text: str
    plant: str
    quantity: Decimal
    unit: str
    factor: Decimal
    pricing_date: date
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, weakref_slot=True)
class BillingDocument:
    """An invoice for one sales order; `cleared_by` names the payment document once it is paid."""

    number: str
    order: str
    sold_to: str
    purchase_order: str
    assignment: str
    currency: str
    billing_date: date
    due_date: date
    accounting_document: str
    items: tuple[BillingItem, ...]
    created: datetime
    cleared_by: str = ""

    @property
    def net(self) -> Decimal:
        return sum((item.net for item in self.items), ZERO)

    @property
    def tax(self) -> Decimal:
        return sum((item.tax for item in self.items), ZERO)

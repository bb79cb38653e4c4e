"""What an adapter's author gives the conformance suite: the adapter, an ERP to ask, and a few facts about it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from erp_ports.operations import ReferenceKind
from erp_ports.ports import FullAdapter


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownProduct:
    """A product that the ERP sells to the known customer, with the facts that the suite compares answers with.

    `list_price` is the base price in the subject's currency for `per_quantity` of `unit` on the subject's pricing
    date. Choose a price of which five per cent is a whole number of minor units (18.00, not 18.05): ERPs differ in
    where they round a discount, and the suite takes no side.
    `available` is the whole quantity that can leave `plant` today when the subject is handed out, at least 20.
    `earlier_price` is a date and the base price of that date, where the ERP's price changed between it and the
    subject's pricing date; without it the check of pricing dates is skipped.
    """

    product: str
    plant: str
    unit: str
    list_price: Decimal
    available: Decimal
    per_quantity: Decimal = Decimal(1)
    earlier_price: tuple[dt.date, Decimal] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BookLine:
    """One order line as the ERP's own book holds it, read past the adapter.

    `purchase_order_number` is the customer's, without a suffix of ours. `quantity` is in the unit ordered. `live` is
    False for a line that is cancelled, rejected or deleted. Lines that merely wait to be booked are not in the book.
    """

    document: str
    purchase_order_number: str
    line_id: str
    quantity: Decimal
    live: bool = True


Hook = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """Settle an ERP that books within the call."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An adapter under test together with the ERP (or stand-in) behind it.

    Hand out a fresh subject, whose ERP holds no orders and no invoices yet, to every test: checks book orders and use
    up stock. Close the adapters and stop the ERP when the fixture ends; `close()` must bear being called twice.

    What the suite always needs:
      `adapter`           built with the live credential, with short time-outs of its own
      `products`          two different products; the suite orders one unit of the first most of the time
      `unknown_product`, `unknown_customer`  ids of the right form that the ERP does not know
      `today`             today in the time zone of the plants; the earliest legal requested date
      `book`              reads every order line the ERP holds, past the adapter (a query, the stand-in's memory)
      `settle`            returns when an ERP that books later has nothing left to book: it runs the job that
                          empties the interface tables. Leave it out where booking happens within the call.

    What makes more checks run, each skipped with its name when it is None:
      `shadow`            the adapter once more, built with the shadow credential for the same ERP
      `refused_product`   a product that can be looked up and priced, and whose order the ERP refuses
      `lose_reply`        the next write is executed and its reply is lost on the way back
      `make_down`         from now on no connection is accepted
      `make_slow(s)`      from now on the ERP takes `s` seconds longer for every request (a SQL stand-in: for every
                          statement), reads and writes alike; 0 makes it quick again
      `ship_and_invoice`  ships every booked document and issues one invoice for each

    An adapter that claims a fact about writing in its declaration must give the hook that could refute it.
    `slowness` is what `make_slow` is called with, and `patience` the deadline given to the call meanwhile, both in
    seconds; keep slowness at least five times patience. `deadline` is the deadline of every other call.
    """

    adapter: FullAdapter
    business_unit: str
    customer: str
    currency: str
    products: tuple[KnownProduct, KnownProduct]
    unknown_product: str
    unknown_customer: str
    today: dt.date
    pricing_date: dt.date
    book: Callable[[], Awaitable[Sequence[BookLine]]]
    settle: Hook = _nothing
    shadow: FullAdapter | None = None
    refused_product: KnownProduct | None = None
    lose_reply: Hook | None = None
    make_down: Hook | None = None
    make_slow: Callable[[float], Awaitable[None]] | None = None
    ship_and_invoice: Hook | None = None
    deadline: float = 30.0
    slowness: float = 1.5
    patience: float = 0.2
    _counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def new_reference(self) -> str:
        """Return a reference of the declared shape that no other call of this subject returns."""
        facts = self.adapter.declaration.write_facts
        number = next(self._counter)
        if facts is None or facts.reference.kind is ReferenceKind.NUMBER:
            return str(_FIRST_NUMBER + number)
        return _base32(number).rjust(min(facts.reference.length, 26), "A")

    def longest_reference(self) -> str:
        """Return a reference that fills the declared length."""
        facts = self.adapter.declaration.write_facts
        if facts is None:
            return ""
        filler = "7" if facts.reference.kind is ReferenceKind.NUMBER else "Z"
        return filler * facts.reference.length

    def new_purchase_order_number(self) -> str:
        """Return a purchase order number that no other call of this subject returns."""
        return f"PO {next(self._counter):05}"


_FIRST_NUMBER = 70_000
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _base32(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 32)
        digits = _BASE32[rest] + digits
    return digits

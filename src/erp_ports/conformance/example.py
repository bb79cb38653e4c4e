"""The in-memory ERP as a subject of the suite: an example to follow, and the ground for adapters broken on purpose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from erp_ports.conformance.subject import BookLine, KnownProduct, Subject
from erp_ports.memory import InMemoryConfig, InMemoryErp
from erp_ports.plugin import Credential

TODAY = dt.date(2026, 3, 2)
MASTER_DATA: Mapping[str, object] = {
    "products": {
        "11": {
            "description": "Queso Cabrales",
            "price": "20.00",
            "price_changes": [{"valid_from": "2026-01-01", "price": "21.00"}],
            "units": {"DZN": 12},
        },
        "42": {"description": "Singaporean Hokkien Fried Mee", "price": "1400.00", "per_quantity": 100},
        "17": {"description": "Alice Mutton", "price": "39.00", "blocked": True},
    },
    "customers": {"ALFKI": {"name": "Alfreds Futterkiste"}},
    "stock": [
        {
            "product": "11",
            "plant": "HAM",
            "on_hand": 22,
            "receipts": [{"date": "2026-03-07", "quantity": 10}],
            "lead_time_days": 14,
        },
        {"product": "42", "plant": "MUC", "on_hand": 26},
    ],
}


def memory_subject(*, hold_bookings: bool = False, erp: type[InMemoryErp] = InMemoryErp, **settings: object) -> Subject:
    """Return an in-memory ERP with every hook that the suite knows.

    `settings` are added to its configuration; `erp` may be a subclass of InMemoryErp, for instance a broken one.
    """
    config = InMemoryConfig.model_validate({**MASTER_DATA, **settings})

    def clock() -> dt.datetime:
        return dt.datetime.combine(TODAY, dt.time(9), tzinfo=dt.UTC)

    adapter = erp(config, clock=clock)
    adapter.faults.hold_bookings = hold_bookings

    async def book() -> Sequence[BookLine]:
        return [BookLine(**line._asdict()) for line in adapter.ledger()]

    async def settle() -> None:
        adapter.book_held()

    async def lose_reply() -> None:
        adapter.faults.lose_next_reply = True

    async def make_down() -> None:
        adapter.faults.down = True

    async def make_slow(seconds: float) -> None:
        adapter.faults.delay = seconds

    async def ship_and_invoice() -> None:
        adapter.ship_and_invoice_all()

    return Subject(
        adapter=adapter,
        shadow=erp(config, clock=clock, credential=Credential.SHADOW),
        business_unit="NW",
        customer="ALFKI",
        currency="EUR",
        products=(
            KnownProduct(
                product="11",
                plant="HAM",
                unit="EA",
                list_price=Decimal("21.00"),
                available=Decimal(22),
                earlier_price=(dt.date(2025, 12, 31), Decimal("20.00")),
            ),
            KnownProduct(
                product="42",
                plant="MUC",
                unit="EA",
                list_price=Decimal("1400.00"),
                per_quantity=Decimal(100),
                available=Decimal(26),
            ),
        ),
        unknown_product="999",
        unknown_customer="NOBOD",
        refused_product=KnownProduct(
            product="17", plant="HAM", unit="EA", list_price=Decimal("39.00"), available=Decimal(0)
        ),
        today=TODAY,
        pricing_date=TODAY,
        book=book,
        settle=settle,
        lose_reply=lose_reply,
        make_down=make_down,
        make_slow=make_slow,
        ship_and_invoice=ship_and_invoice,
        slowness=0.25,
        patience=0.05,
    )

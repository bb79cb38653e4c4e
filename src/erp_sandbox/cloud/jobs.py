"""What the ERP does by itself: ship and invoice what was booked, some time after the booking."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace

from erp_sandbox.cloud.books import Books, next_change
from erp_sandbox.cloud.documents import BillingDocument, BillingItem, Item, SalesOrder
from erp_sandbox.cloud.setup import Setup

_ROUND_SECONDS = 0.1
_FIRST_BILLING_DOCUMENT = 90_000_000
_FIRST_ACCOUNTING_DOCUMENT = 9_400_000_000


def may_ship(item: Item) -> bool:
    """Say whether the whole item is confirmed for its requested date; backorders wait for their stock."""
    return item.live and not item.shipped and item.on_time == item.quantity


def shipped(order: SalesOrder) -> SalesOrder:
    """Return the order after delivery and invoice of everything that may ship."""

    def done(item: Item) -> Item:
        lines = tuple(replace(line, delivered=line.confirmed) for line in item.schedule)
        return replace(item, shipped=True, billed=True, schedule=lines)

    items = tuple(done(item) if may_ship(item) else item for item in order.items)
    return replace(order, items=items, changed=next_change(order))


def invoice_for(order: SalesOrder, *, number: int, today: dt.date, payment_days: int) -> BillingDocument:
    """Return the invoice for everything of the order that may ship."""
    items = [item for item in order.items if may_ship(item)]
    return BillingDocument(
        number=str(_FIRST_BILLING_DOCUMENT + number),
        order=order.number,
        sold_to=order.sold_to,
        purchase_order=order.purchase_order,
        assignment=order.assignment,
        currency=order.currency,
        billing_date=today,
        due_date=today + dt.timedelta(days=payment_days),
        accounting_document=str(_FIRST_ACCOUNTING_DOCUMENT + number),
        items=tuple(_billing_item(f"{10 * index}", item) for index, item in enumerate(items, start=1)),
        created=dt.datetime.now(dt.UTC),
    )


async def ship_and_invoice(books: Books, setup: Setup) -> None:
    """Go over the open orders again and again, until cancelled."""
    after = setup.settings.ship_and_invoice_after
    if after is None:
        return
    wait = dt.timedelta(seconds=after)
    while True:
        due = [
            order
            for order in books.orders.values()
            if dt.datetime.now(dt.UTC) - order.created >= wait and any(may_ship(item) for item in order.items)
        ]
        for order in due:
            _ship(order, books, setup)
            # Callers come first: the jobs take their turn between requests.
            await asyncio.sleep(0)
        await asyncio.sleep(_ROUND_SECONDS)


def _ship(order: SalesOrder, books: Books, setup: Setup) -> None:
    if books.orders.get(order.number) is not order:
        return
    with books.transaction():
        invoice = invoice_for(
            order,
            number=int(books.next_number("billing_document")),
            today=setup.today,
            payment_days=setup.settings.payment_days,
        )
        books.put_billing(invoice)
        books.put_order(shipped(order))


def _billing_item(number: str, item: Item) -> BillingItem:
    return BillingItem(
        number=number,
        order_item=item.number,
        purchase_order_item=item.purchase_order_item,
        material=item.material,
        text=item.text,
        plant=item.plant,
        quantity=item.quantity,
        unit=item.unit,
        factor=item.factor,
        pricing_date=item.pricing_date,
        net=item.net,
        tax=item.tax,
    )

"""Does a booking hold what was ordered?"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import orjson

from erp.v1.orders_pb2 import Order, OrderLine
from erp_ports.amounts import plain
from erp_ports.values import Booked

_LineContent = tuple[str, str, str, str]


def line_content(line: OrderLine) -> _LineContent:
    """Return product, plant, quantity in its shortest notation, and unit."""
    return line.product, line.plant, plain(Decimal(line.quantity.value.value)), line.quantity.unit


def duplicate_hash(order: Order) -> str:
    """Return what two orders with the same customer, purchase order number and lines have in common."""
    content = [order.customer, order.purchase_order_number, sorted(map(line_content, order.lines))]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


def differences(ordered: Order, reference: str, booked: Booked) -> list[str]:
    """Return in words how the booking differs from what was ordered, nothing when it does not.

    Compared are our reference, customer, purchase order number, currency, and product, plant and quantity of all
    lines, never what the ERP computes (prices, dates).
    """
    found = []
    document = booked.order
    echoed = next((p.reference for p in document.parts if p.reference), reference)
    for field, ours, theirs in (
        ("reference", reference, echoed),
        ("customer", ordered.customer, document.customer),
        ("purchase order number", ordered.purchase_order_number, document.purchase_order_number),
        ("currency", ordered.currency_code, document.currency_code),
    ):
        if ours != theirs:
            found.append(f"the {field} is {theirs or 'missing'} instead of {ours}")
    wanted, got = _count(ordered.lines), _count(document.lines)
    found += [f"missing: {_words(line)}" for line in (wanted - got).elements()]
    found += [f"not ordered: {_words(line)}" for line in (got - wanted).elements()]
    return found


def _count(lines: Iterable[OrderLine]) -> Counter[_LineContent]:
    return Counter(map(line_content, lines))


def _words(line: _LineContent) -> str:
    product, plant, quantity, unit = line
    return f"{quantity} {unit} of {product} from {plant}"

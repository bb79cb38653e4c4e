"""Whether any order was lost or booked twice, counted from the two ERPs' own books.

Lines are matched by the customer's order number and line, never by what the facade wrote or remembers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from erp_sandbox.books import BookLine
from erp_sandbox.master_data import MasterData


@dataclass(frozen=True, kw_only=True, slots=True)
class BookCount:
    """What the books say of the orders of the data.

    `booked`: orders whose every line stands in exactly one live document. `lost`: orders with a line in none.
    `twice`: orders with a line in more than one. `unknown`: documents with a line that nobody ordered.
    `documents`: live documents by backend.
    """

    booked: tuple[str, ...]
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    unknown: tuple[str, ...]
    documents: dict[str, int]


def count_books(master: MasterData, books: Iterable[BookLine]) -> BookCount:
    """Count the books against all orders: one that nobody accepted is as lost as one that vanished afterwards."""
    lines = {o.order: {line.line_id for line in o.lines} for o in master.orders}
    live = [b for b in books if b.live]
    copies = Counter((b.purchase_order_number, b.line_id) for b in live)
    lost = [o for o, ids in lines.items() if any(copies[o, i] == 0 for i in ids)]
    twice = [o for o, ids in lines.items() if any(copies[o, i] > 1 for i in ids)]
    bad = {*lost, *twice}
    unknown = {b.document for b in live if b.line_id not in lines.get(b.purchase_order_number, ())}
    return BookCount(
        booked=tuple(o for o in lines if o not in bad),
        lost=tuple(lost),
        twice=tuple(twice),
        unknown=tuple(sorted(unknown)),
        documents=dict(Counter(backend for backend, _ in {(b.backend, b.document) for b in live})),
    )

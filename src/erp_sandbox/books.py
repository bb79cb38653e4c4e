"""What a stand-in ERP says it holds: the demo counts lost and doubled orders from these, not from the facade."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class BookLine:
    """One line of one sales document in a stand-in's own store.

    `backend` is `legacy` or `cloud`; `purchase_order_number` and `line_id` are the customer's own; `quantity` is in
    the unit that was ordered; `live` is False once the line is cancelled; `reference` is what the sender wrote into
    the ERP to find the document again.
    """

    backend: str
    document: str
    purchase_order_number: str
    line_id: str
    quantity: Decimal
    live: bool
    reference: str
